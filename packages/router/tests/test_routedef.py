"""Route definitions, and what registering asks of a router."""

import pytest

from treadle_router import (
    RouteDef,
    Router,
    get,
    route,
    static,
    view,
)


def handler() -> str:
    return "handled"


class Recorder:
    """A router that has ``add_route`` only, and says what it was called with."""

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


def test_keywords_at_their_default_are_not_kept() -> None:
    assert get("/a", handler).kwargs == {}
    assert get("/a", handler, allow_head=False).kwargs == {"allow_head": False}
    assert static("/s", "dir", chunk_size=256 * 1024).kwargs == {}
    assert static(
        "/s", "dir", name="n", chunk_size=1, show_index=True, append_version=True, x=1
    ).kwargs == {"name": "n", "chunk_size": 1, "show_index": True, "append_version": True, "x": 1}


def test_register_on_a_router_with_add_route_only() -> None:
    router = Recorder()
    assert get("/a", handler, name="n").register(router) == ["HEAD", "GET"]
    assert get("/b", handler, allow_head=False).register(router) == ["GET"]
    assert route("FOO", "/c", handler).register(router) == ["FOO"]
    assert view("/d", handler, x=1).register(router) == ["*"]
    assert router.calls == [
        ("HEAD", "/a", handler, {"name": "n"}),
        ("GET", "/a", handler, {"name": "n"}),
        ("GET", "/b", handler, {}),
        ("FOO", "/c", handler, {}),
        ("*", "/d", handler, {"x": 1}),
    ]


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
        TypeError, match=r"<StaticDef /s -> dir> needs.*add_static.*Router has none"
    ):
        static("/s", "dir").register(Router[object]())


def test_definitions_are_frozen() -> None:
    with pytest.raises(AttributeError):
        get("/a", handler).path = "/b"  # type: ignore[misc]  # the mistake under test


def test_repr() -> None:
    assert repr(get("/a", handler)) == "<RouteDef GET /a -> 'handler'>"
    assert repr(get("/a", handler, extra="x")) == "<RouteDef GET /a -> 'handler', extra='x'>"
    assert repr(route("GET", "/a", "text")) == "<RouteDef GET /a -> 'text'>"
    assert repr(static("/s", "/d", name="n")) == "<StaticDef /s -> /d, name='n'>"
