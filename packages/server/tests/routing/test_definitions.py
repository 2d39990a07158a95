"""Route definitions, and the methods of a router that they call."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from treadle_responses import Response, StreamResponse
from treadle_server import (
    Application,
    Request,
    RouteDef,
    View,
    get,
    mount,
    mount_wsgi,
    route,
    static,
    view,
)


async def handler(request: Request) -> Response:
    return Response()


async def through(
    request: Request, handler: Callable[[Request], Awaitable[StreamResponse]]
) -> StreamResponse:
    return await handler(request)


async def asgi(scope: Any, receive: Any, send: Any) -> None: ...


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    return []


class Page(View):
    get = handler


class Recorder:
    """A router with ``add_route`` only, which records its calls and takes any option."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, object, dict[str, object]]] = []

    def add_route(self, method: str, path: str, handler: object, **kwargs: object) -> str:
        self.calls.append((method, path, handler, kwargs))
        return method


class Shortcuts(Recorder):
    """A router with methods of its own for GET and for files."""

    def add_get(self, path: str, handler: object, **kwargs: object) -> str:
        return self.add_route("add_get", path, handler, **kwargs)

    def add_static(self, prefix: str, path: object, **kwargs: object) -> list[str]:
        self.add_route("add_static", prefix, path, **kwargs)
        return ["GET", "HEAD"]


def test_a_definition_can_be_registered_twice() -> None:
    definition = get("/a", handler, middlewares=iter([through]))
    for app in (Application(), Application()):
        assert [route.middlewares for route in app.add_routes([definition])] == [(through,)]


def test_register_on_a_router_with_add_route_only() -> None:
    router = Recorder()
    assert get("/a", handler, name="n").register(router) == ["HEAD", "GET"]
    assert get("/b", handler, allow_head=False).register(router) == ["GET"]
    assert route("FOO", "/c", handler).register(router) == ["FOO"]
    assert view("/d", Page, name="d").register(router) == ["*"]
    assert router.calls == [
        ("HEAD", "/a", handler, {"name": "n"}),
        ("GET", "/a", handler, {"name": "n"}),
        ("GET", "/b", handler, {}),
        ("FOO", "/c", handler, {}),
        ("*", "/d", Page, {"name": "d"}),
    ]


@pytest.mark.parametrize("definition", [get("/a", handler), static("/s", "dir")])
def test_a_definition_has_no_attributes_but_its_own(definition: object) -> None:
    assert not hasattr(definition, "__dict__")


def test_register_uses_the_methods_of_the_router() -> None:
    router = Shortcuts()
    assert get("/a", handler, allow_head=False).register(router) == ["add_get"]
    assert RouteDef("get", "/b", handler).register(router) == ["add_get"]
    assert static("/s", "dir", show_index=True).register(router) == ["GET", "HEAD"]
    assert router.calls == [
        ("add_get", "/a", handler, {"allow_head": False}),
        ("add_get", "/b", handler, {}),
        ("add_static", "/s", "dir", {"show_index": True}),
    ]


def test_static_needs_a_router_that_serves_files() -> None:
    with pytest.raises(
        TypeError, match=r"<StaticDef /s -> dir> needs.*add_static.*Recorder has none"
    ):
        static("/s", "dir").register(Recorder())


def test_mounts_need_a_router_that_mounts() -> None:
    for definition, name in ((mount("/m", asgi), "mount"), (mount_wsgi("/m", wsgi), "mount_wsgi")):
        with pytest.raises(
            TypeError, match=rf"<MountDef {name} /m -> .*> needs.*{name}\(.*Recorder has none"
        ):
            definition.register(Recorder())


def test_mounts_use_the_methods_of_the_router() -> None:
    calls: list[tuple[object, ...]] = []

    class Mounting(Recorder):
        def mount(self, prefix: str, app: object, **options: object) -> list[str]:
            calls.append(("mount", prefix, app, options))
            return ["*"]

        def mount_wsgi(self, prefix: str, app: object, **options: object) -> list[str]:
            calls.append(("mount_wsgi", prefix, app, options))
            return ["*"]

    assert mount("/m", asgi, name="n", ws_heartbeat=None).register(Mounting()) == ["*"]
    assert mount_wsgi("/w", wsgi, threads=2).register(Mounting()) == ["*"]
    assert calls == [
        ("mount", "/m", asgi, {"name": "n", "ws_heartbeat": None}),
        ("mount_wsgi", "/w", wsgi, {"threads": 2}),
    ]
    assert repr(mount("/m", asgi, name="n")).endswith(", name='n'>")
    assert not hasattr(mount("/m", asgi), "__dict__")


@pytest.mark.parametrize("make", [mount, mount_wsgi])
def test_an_unknown_option_of_a_mount(make: Any) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'lifespam'"):
        make("/m", asgi, lifespam="on")


def test_definitions_are_frozen() -> None:
    with pytest.raises(AttributeError):
        get("/a", handler).path = "/b"  # type: ignore[misc]  # the mistake under test


def test_repr() -> None:
    assert repr(get("/a", handler)) == "<RouteDef GET /a -> 'handler'>"
    assert repr(get("/a", handler, name="x")) == "<RouteDef GET /a -> 'handler', name='x'>"
    assert repr(static("/s", "/d", name="n")) == "<StaticDef /s -> /d, name='n'>"
