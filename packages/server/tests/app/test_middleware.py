"""The middlewares of the package; above all, that a redirect never leads to another host."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from testkit import Run, serve
from treadle_responses import HTTPFound, HTTPMovedPermanently, Response, StreamResponse
from treadle_server import (
    AbstractResource,
    Application,
    Handler,
    Request,
    UrlMappingMatchInfo,
    middleware,
    normalize_path_middleware,
)


async def hello(request: Request) -> Response:
    return Response(text="hello")


def location(run: Run, app: Application, target: str, method: str = "GET") -> str | int:
    """Return where ``target`` is redirected to, or the status if it is not."""
    found: list[str | int] = []

    async def main() -> None:
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(f"{method} {target} HTTP/1.1\r\nHost: example.org\r\n\r\n".encode())
            head = (await peer.head()).decode()
            where = [
                line.partition(": ")[2] for line in head.split("\r\n") if line.startswith("Loc")
            ]
            found.append(where[0] if where else int(head.split()[1]))

    run(main())
    return found[0]


def app_with(*paths: str, **options: Any) -> Application:
    app = Application(middlewares=[normalize_path_middleware(**options)])
    for path in paths:
        app.router.add_get(path, hello)
    return app


APPEND: dict[str, Any] = {}
REMOVE: dict[str, Any] = {"append_slash": False, "remove_slash": True}
MERGE: dict[str, Any] = {"append_slash": False}
NEITHER: dict[str, Any] = {"append_slash": False, "merge_slashes": False}
UNMERGED: dict[str, Any] = {"merge_slashes": False}


@pytest.mark.parametrize(
    ("options", "target", "expected"),
    [
        (APPEND, "/plain", 200),
        (APPEND, "/dir/", 200),
        (APPEND, "/dir", "/dir/"),
        (APPEND, "/dir?a=b&c=/d", "/dir/?a=b&c=/d"),
        (APPEND, "/plain/", 404),
        (APPEND, "//plain", "/plain"),
        (APPEND, "/a//b", "/a/b/"),
        (APPEND, "/a///b//", "/a/b/"),
        (APPEND, "/none", 404),
        (APPEND, "/v/x%2Fy", "/v/x%2Fy/"),
        (APPEND, "/v/%C3%A9", "/v/%C3%A9/"),
        (APPEND, "*", 400),  # not even a request
        (UNMERGED, "/dir", "/dir/"),
        (UNMERGED, "/a//b", 404),
        (REMOVE, "/plain/", "/plain"),
        (REMOVE, "/plain/?x", "/plain?x"),
        (REMOVE, "//plain//", "/plain"),
        (REMOVE, "/dir", 404),
        (MERGE, "/a//b/", "/a/b/"),
        (MERGE, "/dir", 404),
        (NEITHER, "//plain", 404),
    ],
)
def test_the_path_that_has_a_route(
    run: Run, options: dict[str, Any], target: str, expected: str | int
) -> None:
    app = app_with("/plain", "/dir/", "/a/b/", "/v/{x}/", **options)
    assert location(run, app, target) == expected


@pytest.mark.parametrize(
    "target",
    [
        "//evil.com/",
        "//evil.com",
        "//evil.com//x",
        "///evil.com",
        "////evil.com/",
        "//evil.com/..",
        "/\\evil.com",
        "/\\/evil.com",
        "\\\\evil.com",
        "//\\evil.com",
        "/%5Cevil.com",
        "/%2Fevil.com",
        "/%2F%2Fevil.com",
        "//user@evil.com:80/%2e%2e",
        "/.//evil.com",
        "//evil.com?//evil.com/",
    ],
)
@pytest.mark.parametrize("options", [APPEND, REMOVE, UNMERGED])
@pytest.mark.parametrize("path", ["/{a:.*}/", "/{a}", "/{a}/{b}/"])
def test_cve_2021_21330_a_slash_normalising_redirect_never_leaves_the_host(
    run: Run, target: str, options: dict[str, Any], path: str
) -> None:
    """Also werkzeug CVE-2020-28724 and tornado CVE-2023-28370."""
    where = location(run, app_with(path, **options), target)
    if isinstance(where, str):
        # As browsers read it: a backslash is a slash.
        followed = urlsplit(urljoin("http://example.org/x", where.replace("\\", "/")))
        assert followed.netloc == "example.org"
        assert where.startswith("/")
    else:
        assert where in {200, 404, 400}


def test_redirects_of_a_class_of_ones_own(run: Run) -> None:
    app = app_with("/dir/", redirect_class=HTTPFound)

    async def main() -> None:
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(b"GET /dir HTTP/1.1\r\nHost: h\r\n\r\n")
            assert (await peer.response())[0] == 302

    run(main())


def test_a_wrong_method_is_no_reason_to_stay(run: Run) -> None:
    app = app_with("/dir")
    app.router.add_post("/dir/", hello)
    assert location(run, app, "/dir", "POST") == "/dir/"
    assert location(run, app_with("/dir"), "/dir", "POST") == 405


def test_inside_a_subapp_the_routes_are_the_subapps(run: Run) -> None:
    app, sub = Application(), app_with("/dir/")
    app.add_subapp("/sub", sub)
    app.router.add_get("/dir/", hello)
    assert location(run, app, "/sub/dir") == "/sub/dir/"
    assert location(run, app, "/dir") == 404


def test_resources_of_ones_own_are_asked(run: Run) -> None:
    class Odd(AbstractResource):
        canonical = "/odd"
        url_for = get_info = add_prefix = raw_match = None  # type: ignore[assignment]  # not called

        async def resolve(self, request: Request) -> tuple[UrlMappingMatchInfo | None, set[str]]:
            if request.path != "/odd/":
                return None, set()
            return UrlMappingMatchInfo({}, route), set()

        def __len__(self) -> int:
            return 0

        def __iter__(self) -> Any:
            return iter(())

    route = Application().router.add_get("/x", hello)
    app = app_with()
    app.router.register_resource(Odd())
    assert location(run, app, "/odd") == "/odd/"
    assert location(run, app, "/odd/") == 200


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"remove_slash": True}, ValueError, "append_slash=False"),
        ({"redirect_class": Response}, TypeError, "a class like HTTPFound"),
        ({"redirect_class": HTTPMovedPermanently("/")}, TypeError, "a class like HTTPFound"),
    ],
)
def test_wrong_use(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        normalize_path_middleware(**options)


def test_the_mark_changes_nothing() -> None:
    async def mine(request: Request, handler: Handler) -> StreamResponse:
        return await handler(request)

    assert middleware(mine) is mine
    marked: Callable[..., Any] = middleware(mine)
    assert marked is mine
