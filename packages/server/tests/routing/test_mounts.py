"""``MountResource``: the two parts of a path, URLs, descriptions, mistakes."""

from typing import Any

import pytest
from yarl import URL

from testkit import Run, assert_linear, serve
from treadle_responses import Response
from treadle_router import PathError
from treadle_server import Application, Request
from treadle_server._routing.mounts import MountedPath, MountResource, split_path

# A path as sent and its decoded rest; the two parts.
SPLITS = [
    ("/api", "", ("/api", "")),
    ("/api/", "", ("/api", "/")),
    ("/api/x", "x", ("/api", "/x")),
    ("/api/x/", "x/", ("/api", "/x/")),
    ("/api//x", "/x", ("/api", "//x")),
    ("/api///", "//", ("/api", "///")),
    ("/api/a%2Fb", "a/b", ("/api", "/a%2Fb")),
    ("/a%2Fb/c%2Fd", "c/d", ("/a%2Fb", "/c%2Fd")),
    ("/api/%C3%A9/%FF", "é/%FF", ("/api", "/%C3%A9/%FF")),
    ("/api/%25", "%", ("/api", "/%25")),
    ("/api/%2525", "%25", ("/api", "/%2525")),
    ("/x/x/x", "x", ("/x/x", "/x")),
    ("/", "", ("", "/")),
    ("/x", "x", ("", "/x")),
    ("*", "", ("*", "")),
]


@pytest.mark.parametrize(("path", "rest", "parts"), SPLITS)
def test_split_path(path: str, rest: str, parts: tuple[str, str]) -> None:
    assert split_path(path, rest) == parts
    assert "".join(parts) == path


def test_split_path_is_linear() -> None:
    for unit in (b"/", b"%2F", b"/%C3%A9"):
        assert_linear(_split, unit, 60_000)


def _split(path: bytes) -> object:
    # No part of it is the rest, so that the whole path is looked at.
    return split_path(f"/api/{path.decode()}", "x" * len(path))


async def answer(request: Request, path: MountedPath) -> Response:
    return Response(text=f"{path.prefix}|{path.rest}|{dict(path.match_info)}")


def resource(prefix: str, **options: Any) -> MountResource:
    return MountResource(prefix, "the app", answer, **options)


def test_it_answers_with_the_parts_of_the_path(run: Run) -> None:
    async def main() -> None:
        app = Application()
        app.router.register_resource(resource("/{v}/api/", name="m", client_max_size=7))
        async with serve(app) as connect:
            for target, text in (
                ("/1/api", "/1/api||{'v': '1'}"),
                ("/1/api/x?q", "/1/api|/x|{'v': '1'}"),
                ("/%31/api//", "/%31/api|//|{'v': '1'}"),
            ):
                peer = await connect()
                await peer.send(f"PUT {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                assert await peer.response() == (200, text.encode())

    run(main())


def test_descriptions() -> None:
    made = resource("/{v}/api/", name="m")
    assert made.name == "m"
    assert made.app == "the app"
    assert made.canonical == "/{v}/api"
    assert made.get_info() == {"app": "the app", "prefix": "/{v}/api"}
    assert [route.method for route in made] == ["*"]
    assert repr(made) == "<MountResource 'm' /{v}/api -> 'the app'>"
    assert repr(resource("/")) == "<MountResource  -> 'the app'>"
    assert not made.raw_match("/{v}/api")


def test_urls() -> None:
    made = resource("/{v}/api")
    assert made.url_for(v="a/b") == URL("/a%2Fb/api", encoded=True)
    assert made.url_for(v=1, path="x/y") == URL("/1/api/x/y")
    assert made.url_for(v=1, path="") == URL("/1/api/")
    assert resource("/").url_for() == URL("/")
    made.add_prefix("/sub")
    assert made.url_for(v=1) == URL("/sub/1/api")


@pytest.mark.parametrize(
    ("prefix", "error", "text"),
    [
        ("api", ValueError, "A prefix starts with `/`: '/api', not 'api'"),
        ("", ValueError, "A prefix starts with `/`"),
        (None, TypeError, "A prefix is a str such as '/api', not None"),
        ("/{path}", PathError, "'path' is both a variable and the name of the rest"),
    ],
)
def test_bad_prefixes(prefix: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        resource(prefix)
