"""The framework's own resources: paths, variables, prefixes and reverse URLs."""

import asyncio
import re
from collections.abc import Callable

import pytest
from yarl import URL

from treadle_responses import Response
from treadle_router import Match
from treadle_server import (
    Application,
    DynamicResource,
    PlainResource,
    PrefixResource,
    Request,
    Resource,
    ResourceRoute,
)

#: Makes a request that came over no connection.
RequestTo = Callable[..., Request]


async def handler(request: Request) -> Response:
    return Response()


def test_kinds_of_resources() -> None:
    router = Application().router
    plain = router.add_resource("/a b")
    dynamic = router.add_resource("/{x}/{y:[0-9]+}", name="d")
    assert isinstance(plain, PlainResource)
    assert isinstance(dynamic, DynamicResource)
    assert (plain.canonical, dynamic.canonical) == ("/a%20b", "/{x}/{y}")
    assert plain.url_for() == URL("/a%20b", encoded=True)
    assert dynamic.url_for(x="a/b é", y=5) == URL("/a%2Fb%20%C3%A9/5", encoded=True)
    assert dynamic.name == "d"
    assert "/{x}/{y}" in repr(dynamic)


@pytest.mark.parametrize(
    ("parts", "error", "message"),
    [
        ({"x": "a"}, KeyError, "y"),
        ({"x": "a", "y": "1", "z": "2"}, ValueError, "z"),
        ({"x": "a", "y": "abc"}, ValueError, "abc"),
    ],
)
def test_url_for_refuses_wrong_parts(
    parts: dict[str, str], error: type[Exception], message: str
) -> None:
    resource = Application().router.add_resource("/{x}/{y:[0-9]+}")
    with pytest.raises(error, match=message):
        resource.url_for(**parts)


def test_resources_made_without_a_router() -> None:
    router = Application().router
    plain, dynamic = PlainResource("/a", name="a"), DynamicResource("/{x}/b")
    router.register_resource(plain)
    router.register_resource(dynamic)
    plain.add_route("GET", handler)
    assert router["a"] is plain
    assert plain.raw_match("/a")
    assert not plain.raw_match("/b")
    assert router.add_resource("/{x}/b") is dynamic
    assert plain._routes == {"GET": next(iter(plain))}
    plain.add_prefix("/p")
    router.changed()
    assert plain.raw_match("/p/a")
    assert isinstance(router.match("GET", "/p/a"), Match)
    assert DynamicResource.DYN.fullmatch("{x}")
    assert DynamicResource.DYN_WITH_RE.fullmatch("{x:a+}")
    assert re.fullmatch(DynamicResource.GOOD, "x y")
    with pytest.raises(ValueError, match=r"no variables like 'x'.*DynamicResource"):
        PlainResource("/{x}")
    with pytest.raises(ValueError, match="'p/'"):
        plain.add_prefix("p/")


def test_a_route_made_without_its_resource() -> None:
    resource = PlainResource("/a")
    route = ResourceRoute("put", handler, resource)
    assert resource.register_route(route) is route
    assert list(resource) == [route]
    with pytest.raises(TypeError, match="Instance of Route class is required, got 'x'"):
        resource.register_route("x")  # type: ignore[arg-type]  # the mistake under test


def test_the_empty_path_is_the_root() -> None:
    router = Application().router
    resource = router.add_resource("")
    assert (resource.canonical, resource.url_for()) == ("/", URL("/"))
    assert resource.get_info() == {"path": "/"}
    assert bool(resource)
    resource.add_prefix("/p")
    assert resource.canonical == "/p"


def test_a_single_resource_can_be_resolved(request_to: RequestTo) -> None:
    resource = DynamicResource("/{id!int}")
    resource.add_route("GET", handler)

    def ask(method: str, path: str) -> tuple[object, set[str]]:
        info, methods = asyncio.run(resource.resolve(request_to(method, path)))
        return info and (dict(info), info.converted), methods

    assert ask("GET", "/7?x") == (({"id": "7"}, {"id": 7}), {"GET"})
    assert ask("PUT", "/7") == (None, {"GET"})
    assert ask("GET", "/x") == (None, set())


def test_a_prefix_answers_for_all_paths_below_it() -> None:
    router = Application().router
    files = PrefixResource("/files/", tail="filename", name="files")
    files.add_route("GET", handler)
    router.register_resource(files)
    router.add_get("/files/own", handler)
    for path, values in [
        ("/files", {"filename": ""}),
        ("/files/", {"filename": ""}),
        ("/files/a/b%2Fc", {"filename": "a/b/c"}),
        ("/files/own", {}),
    ]:
        found = router.match("GET", path)
        assert isinstance(found, Match)
        assert found.raw_params == values
    assert not isinstance(router.match("GET", "/filesystem"), Match)
    assert router["files"].url_for(filename="a/b") == URL("/files/a/b")
    assert (files.canonical, files.get_info()) == ("/files", {"prefix": "/files"})
    assert not files.raw_match("/files")


@pytest.mark.parametrize(
    ("resource", "path", "expected"),
    [
        (PlainResource("/a b"), "/a b", {}),
        (PlainResource("/a"), "/b", None),
        (DynamicResource("/{x}/b"), "/a%2Fc%25 d/b", {"x": "a/c% d"}),
        (DynamicResource("/{x}/b"), "/b", None),
        (DynamicResource("/{x}"), "no-path", None),
    ],
)
def test_the_match_of_one_resource(
    resource: Resource, path: str, expected: dict[str, str] | None
) -> None:
    assert resource._match(path) == expected
