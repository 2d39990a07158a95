"""The middlewares of the package; a redirect never leads to another host."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from testkit import hello
from treadle_responses import (
    HTTPException,
    HTTPFound,
    HTTPMovedPermanently,
    StreamResponse,
)
from treadle_server import (
    AbstractResource,
    Application,
    Handler,
    Request,
    UrlMappingMatchInfo,
    middleware,
    normalize_path_middleware,
)

#: Makes a request that came over no connection.
RequestTo = Callable[..., Request]


def location(app: Application, request: Request) -> str | int:
    """Return where ``request`` is redirected to, or the status if it is not; without a server."""

    async def main() -> StreamResponse:
        return await app._handle(request)

    try:
        response = asyncio.run(main())
    except HTTPException as error:
        return error.headers.get("Location", error.status)
    return response.status


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
    request_to: RequestTo, options: dict[str, Any], target: str, expected: str | int
) -> None:
    app = app_with("/plain", "/dir/", "/a/b/", "/v/{x}/", **options)
    assert location(app, request_to("GET", target)) == expected


# Target, path of the only resource, and the answers with ``APPEND``, ``REMOVE``, ``UNMERGED``.
HOSTILE: list[tuple[str, str, str | int, str | int, str | int]] = [
    ("//evil.com/", "/{a:.*}/", 200, 200, 200),
    ("//evil.com/", "/{a}", 404, "/evil.com", 404),
    ("//evil.com/", "/{a}/{b}/", 404, 404, 404),
    ("//evil.com", "/{a:.*}/", "/evil.com/", 404, "/evil.com/"),
    ("//evil.com", "/{a}", "/evil.com", "/evil.com", 404),
    ("//evil.com", "/{a}/{b}/", 404, 404, 404),
    ("//evil.com//x", "/{a:.*}/", "/evil.com//x/", 404, "/evil.com//x/"),
    ("//evil.com//x", "/{a}", 404, 404, 404),
    ("//evil.com//x", "/{a}/{b}/", "/evil.com/x/", 404, 404),
    ("///evil.com", "/{a:.*}/", "/evil.com/", 404, "/evil.com/"),
    ("///evil.com", "/{a}", "/evil.com", "/evil.com", 404),
    ("///evil.com", "/{a}/{b}/", 404, 404, 404),
    ("////evil.com/", "/{a:.*}/", 200, 200, 200),
    ("////evil.com/", "/{a}", 404, "/evil.com", 404),
    ("////evil.com/", "/{a}/{b}/", 404, 404, 404),
    ("//evil.com/..", "/{a:.*}/", "/evil.com/../", 404, "/evil.com/../"),
    ("//evil.com/..", "/{a}", 404, 404, 404),
    ("//evil.com/..", "/{a}/{b}/", "/evil.com/../", 404, "/evil.com/../"),
    ("/\\evil.com", "/{a:.*}/", "/%5Cevil.com/", 404, "/%5Cevil.com/"),
    ("/\\evil.com", "/{a}", 200, 200, 200),
    ("/\\evil.com", "/{a}/{b}/", 404, 404, 404),
    ("/\\/evil.com", "/{a:.*}/", "/%5C/evil.com/", 404, "/%5C/evil.com/"),
    ("/\\/evil.com", "/{a}", 404, 404, 404),
    ("/\\/evil.com", "/{a}/{b}/", "/%5C/evil.com/", 404, "/%5C/evil.com/"),
    ("//\\evil.com", "/{a:.*}/", "/%5Cevil.com/", 404, "/%5Cevil.com/"),
    ("//\\evil.com", "/{a}", "/%5Cevil.com", "/%5Cevil.com", 404),
    ("//\\evil.com", "/{a}/{b}/", 404, 404, 404),
    ("/%5Cevil.com", "/{a:.*}/", "/%5Cevil.com/", 404, "/%5Cevil.com/"),
    ("/%5Cevil.com", "/{a}", 200, 200, 200),
    ("/%5Cevil.com", "/{a}/{b}/", 404, 404, 404),
    ("/%2Fevil.com", "/{a:.*}/", "/%2Fevil.com/", 404, "/%2Fevil.com/"),
    ("/%2Fevil.com", "/{a}", 200, 200, 200),
    ("/%2Fevil.com", "/{a}/{b}/", 404, 404, 404),
    ("/%2F%2Fevil.com", "/{a:.*}/", "/%2F%2Fevil.com/", 404, "/%2F%2Fevil.com/"),
    ("/%2F%2Fevil.com", "/{a}", 200, 200, 200),
    ("/%2F%2Fevil.com", "/{a}/{b}/", 404, 404, 404),
    ("//u@evil.com:8/%2e%2e", "/{a:.*}/", "/u@evil.com:8/../", 404, "/u@evil.com:8/../"),
    ("//u@evil.com:8/%2e%2e", "/{a}", 404, 404, 404),
    ("//u@evil.com:8/%2e%2e", "/{a}/{b}/", "/u@evil.com:8/../", 404, "/u@evil.com:8/../"),
    ("/.//evil.com", "/{a:.*}/", "/.//evil.com/", 404, "/.//evil.com/"),
    ("/.//evil.com", "/{a}", 404, 404, 404),
    ("/.//evil.com", "/{a}/{b}/", "/./evil.com/", 404, 404),
    ("//evil.com?//evil.com/", "/{a:.*}/", "/evil.com/?//evil.com/", 404, "/evil.com/?//evil.com/"),
    ("//evil.com?//evil.com/", "/{a}", "/evil.com?//evil.com/", "/evil.com?//evil.com/", 404),
    ("//evil.com?//evil.com/", "/{a}/{b}/", 404, 404, 404),
]


@pytest.mark.parametrize(("target", "path", "append", "remove", "unmerged"), HOSTILE)
def test_cve_2021_21330_a_slash_normalising_redirect_never_leaves_the_host(
    request_to: RequestTo,
    target: str,
    path: str,
    append: str | int,
    remove: str | int,
    unmerged: str | int,
) -> None:
    """Also werkzeug CVE-2020-28724 and tornado CVE-2023-28370."""
    for options, expected in ((APPEND, append), (REMOVE, remove), (UNMERGED, unmerged)):
        where = location(app_with(path, **options), request_to("GET", target, "example.org"))
        assert where == expected
        if isinstance(where, str):
            # Browsers read a backslash as a slash.
            followed = urlsplit(urljoin("http://example.org/x", where.replace("\\", "/")))
            assert (where[0], followed.netloc) == ("/", "example.org")


def test_redirects_of_another_class(request_to: RequestTo) -> None:
    app = app_with("/dir/", redirect_class=HTTPFound)

    async def main() -> StreamResponse:
        return await app._handle(request_to("GET", "/dir"))

    with pytest.raises(HTTPFound) as redirect:
        asyncio.run(main())
    assert redirect.value.location == "/dir/"


def test_a_path_without_the_method_is_redirected_to_one_with_it(request_to: RequestTo) -> None:
    app = app_with("/dir")
    app.router.add_post("/dir/", hello)
    assert location(app, request_to("POST", "/dir")) == "/dir/"
    assert location(app_with("/dir"), request_to("POST", "/dir")) == 405
    assert location(app_with("/dir/"), request_to("OPTIONS", "*")) == 204


def test_inside_a_subapp_only_its_own_routes_count(request_to: RequestTo) -> None:
    app, sub = Application(), app_with("/dir/")
    app.add_subapp("/sub", sub)
    app.router.add_get("/dir/", hello)
    assert location(app, request_to("GET", "/sub/dir")) == "/sub/dir/"
    assert location(app, request_to("GET", "/dir")) == 404


def test_resources_of_another_class_are_asked(request_to: RequestTo) -> None:
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
    assert location(app, request_to("GET", "/odd")) == "/odd/"
    assert location(app, request_to("GET", "/odd/")) == 200


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"remove_slash": True}, ValueError, "append_slash=False"),
        ({"remove_slash": True}, AssertionError, "Cannot both remove and append slash"),
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
