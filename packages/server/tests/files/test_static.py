"""A directory of files on the wire: served and refused paths, and URLs."""

import asyncio
import base64
import hashlib
import html
import os
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes

import pytest

from testkit import Peer, Run, serve
from treadle_responses import HTTPNotFound, Response, StreamResponse
from treadle_server import (
    Application,
    FileResponse,
    Handler,
    Request,
    StaticDef,
    StaticResource,
    static,
)  # fmt: skip


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


async def ask(peer: Peer, path: str, *fields: str, method: str = "GET") -> Answer:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *fields, "", ""]
    await peer.send("\r\n".join(lines).encode("latin-1"))
    head = (await peer.head()).decode("latin-1").split("\r\n")
    pairs = [line.split(": ", 1) for line in head[1:] if line]
    headers = {name.lower(): value for name, value in pairs}
    status = int(head[0].split()[1])
    size = 0 if method == "HEAD" else int(headers.get("content-length", 0))
    return Answer(status, headers, await peer.exactly(size))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "sub" / "deep").mkdir(parents=True)
    for name, text in [
        ("index.html", "<h1>root"),
        ("app.js", "app"),
        ("two words.txt", "two"),
        ("r\xe9sum\xe9.txt", "accents"),
        ("%2e%2e", "an odd name"),
        (".hidden", "hidden"),
        ("sub/index.html", "<h1>sub"),
        ("sub/page.html", "page"),
        ("large.bin", "x" * 300_000),
    ]:
        (root / name).write_text(text)
    (tmp_path / "secret").write_text("secret")
    (root / "out").symlink_to(tmp_path / "secret")
    (root / "up").symlink_to(tmp_path)
    (root / "in").symlink_to("app.js")
    os.mkfifo(root / "fifo")
    return root


def forbid_threads() -> None:
    """Have the running loop refuse to run anything in a thread."""
    executor = ThreadPoolExecutor()
    executor.shutdown()
    asyncio.get_running_loop().set_default_executor(executor)


def app_of(root: Path, prefix: str = "/s", **options: Any) -> Application:
    app = Application()
    app.router.add_static(prefix, root, **options)
    return app


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/s/app.js", 200, b"app"),
        ("/s/app.js?v=1", 200, b"app"),
        ("/s/two%20words.txt", 200, b"two"),
        ("/s/r%C3%A9sum%C3%A9.txt", 200, b"accents"),
        ("/s/r%c3%a9sum%c3%a9.txt", 200, b"accents"),
        ("/s/%61pp.js", 200, b"app"),
        ("/s/sub/page.html", 200, b"page"),
        ("/s/.hidden", 200, b"hidden"),
        # A path that is encoded twice is an ordinary name.
        ("/s/%252e%252e", 200, b"an odd name"),
        ("/s/in", 200, b"app"),
        ("/s/nothing", 404, b"404: Not Found"),
        ("/s/app.js/", 404, b"404: Not Found"),
        ("/s/app.js/x", 404, b"404: Not Found"),
        ("/s/" + "x" * 300, 404, b"404: Not Found"),
        ("/s/%FF%FE", 404, b"404: Not Found"),
        ("/s/fifo", 403, b"403: Forbidden"),
        ("/s/", 403, b"403: Forbidden"),
        ("/s", 403, b"403: Forbidden"),
        ("/s/sub", 403, b"403: Forbidden"),
        ("/s/sub/", 403, b"403: Forbidden"),
        ("/sapp.js", 404, b"404: Not Found"),
    ],
)
@pytest.mark.parametrize("threads", [True, False])
def test_paths(run: Run, root: Path, path: str, status: int, body: bytes, threads: bool) -> None:
    async def main() -> None:
        if not threads:
            forbid_threads()
        async with serve(app_of(root, threads=threads)) as connect:
            peer = await connect()
            answer = await ask(peer, path)
            assert (answer.status, answer.body) == (status, body)
            head = await ask(peer, path, method="HEAD")
            assert head.headers | {"date": ""} == answer.headers | {"date": ""}
            assert (await ask(peer, path, method="POST")).status in (404, 405)

    run(main())


@pytest.mark.parametrize("segments", [("up",), ("up", "secret"), ("up", "other", "dir", "x")])
def test_a_link_out_of_the_root_is_an_outcome_and_no_error(
    root: Path, segments: tuple[str, ...]
) -> None:
    """Once it raised a FileNotFoundError with the first segment as its errno."""
    assert StaticResource("/s", root)._resolve(segments) is None
    free = StaticResource("/s", root, follow_symlinks=True)
    assert free._resolve(segments) == str(root.joinpath(*segments))


HOSTILE = [
    "/s/../secret", "/s/sub/../../secret", "/s/./app.js", "/s/sub/..", "/s/..",
    "/s/%2e%2e/secret", "/s/%2E%2E/secret", "/s/.%2e/secret", "/s/%2e/app.js",
    "/s/..%2fsecret", "/s/..%2Fsecret", "/s/sub%2fpage.html", "/s/%2fetc/passwd",
    "/s/..%5csecret", "/s/..\\secret", "/s/sub\\page.html", "/s/%5c%5cserver%5cshare",
    "/s//etc/passwd", "/s///etc/passwd", "/s//app.js", "/s//server/share/x",
    "/s/c:/secret", "/s/C:%5csecret", "/s/c:secret",
    "/s/app.js%00", "/s/%00", "/s/app.js%00.txt",
    "/s/%252e%252e/secret", "/s/..%252fsecret", "/s/..%c0%afsecret", "/s/%c0%ae%c0%ae/secret",
    "/s/%uff0e%uff0e/secret", "/s/..;/secret",
    "/s/out", "/s/up/secret", "/s/up/root/app.js", "/s/up",
]  # fmt: skip


@pytest.mark.parametrize("path", HOSTILE)
def test_cve_2024_23334_no_request_leaves_the_root(run: Run, root: Path, path: str) -> None:
    async def main() -> None:
        choices: list[dict[str, Any]] = [
            {}, {"show_index": True}, {"index": "index.html"}, {"threads": False}
        ]  # fmt: skip
        for options in choices:
            async with serve(app_of(root, **options)) as connect:
                answer = await ask(await connect(), path)
                # A link back into the root is inside.
                expected = 200 if path == "/s/up/root/app.js" else 404
                assert answer.status == expected
                assert b"secret" not in answer.body

    run(main())


@pytest.mark.parametrize("option", ["follow_symlinks", "break_symlink_sandbox"])
def test_links_may_be_allowed_to_lead_out(run: Run, root: Path, option: str) -> None:
    async def main() -> None:
        async with serve(app_of(root, "/s", **{option: True})) as connect:
            peer = await connect()
            assert (await ask(peer, "/s/out")).body == b"secret"
            assert (await ask(peer, "/s/up/secret")).body == b"secret"
            # Only links: the text of a path still leads nowhere.
            assert (await ask(peer, "/s/../secret")).status == 404

    run(main())


def test_cve_2024_42367_siblings_inside_only(run: Run, root: Path, tmp_path: Path) -> None:
    (root / "app.js.gz").symlink_to(tmp_path / "secret")

    async def main() -> None:
        choices: list[dict[str, Any]] = [{}, {"follow_symlinks": True}]
        for options in choices:
            async with serve(app_of(root, **options)) as connect:
                answer = await ask(await connect(), "/s/app.js", "Accept-Encoding: gzip")
                assert answer.body == b"app"

    run(main())


def test_listing(run: Run, root: Path) -> None:
    (root / "<img src=x onerror=alert(1)>").touch()

    async def main() -> None:
        async with serve(app_of(root, show_index=True)) as connect:
            peer = await connect()
            page = (await ask(peer, "/s/")).body.decode()
            assert "Index of /s/" in page
            assert 'href="./two%20words.txt"' in page
            assert 'href="./sub/"' in page
            assert 'href="../"' not in page
            assert "<img" not in page
            below = (await ask(peer, "/s/sub/")).body.decode()
            assert 'href="../"' in below
            assert 'href="./page.html"' in below
            for path, location in [
                ("/s", "/s/"),
                ("/s/sub", "/s/sub/"),
                ("/s/sub?a=b", "/s/sub/?a=b"),
            ]:
                answer = await ask(peer, path)
                assert (answer.status, answer.headers["location"]) == (301, location)
            assert (await ask(peer, "/s/nothing/")).status == 404

    run(main())


# Names that Linux allows: as bytes, because not all are text.
ODD_NAMES = [
    b"a?b", b"a#b", b"100%", b"%2f", b"%2F..", b"%5c", b"a%00b", b"a;b=c", b"a&b", b"a+b", b"~a",
    b"c:x", b"C:", b"a:b", b"javascript:x", b"a\\b", b"\\", b"...", b"..a", b".hidden", b" ",
    b" a ", b"a\nb", b"a\rb", b"\x01", b"\x7f", b"<b>", b"'\"", b"\xff\xfe",
    "\xe9\u65e5\U0001f600".encode(),
    b"\xed\xa0\x80", b"con", b"nul.txt", b"a" * 255,
]  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"follow_symlinks": True}, {"index": "index.html"}])
def test_a_listing_has_what_can_be_fetched(run: Run, root: Path, options: dict[str, Any]) -> None:
    for odd in ODD_NAMES:
        (root / os.fsdecode(odd)).write_text("odd")
    for name in ("unreadable", "closed.d", "no-index.d", "bad-index.d"):
        if name.endswith(".d"):
            (root / name).mkdir()
        else:
            (root / name).touch()
    (root / "bad-index.d" / "index.html").symlink_to("/etc/passwd")
    (root / "gone").symlink_to("nothing")
    (root / "loop").symlink_to("loop")
    (root / "null").symlink_to("/dev/null")
    (root / "sub-link").symlink_to("sub")
    (root / "up-link").symlink_to("../root/sub")
    bound = socket.socket(socket.AF_UNIX)
    # The path of a socket is short.
    here = Path.cwd()
    os.chdir(root)
    bound.bind("socket")
    os.chdir(here)
    (root / "unreadable").chmod(0)
    (root / "closed.d").chmod(0)

    async def main() -> None:
        async with serve(app_of(root, show_index=True, **options)) as connect:
            peer = await connect()
            if "index" in options:
                (root / "index.html").unlink()
            page = (await ask(peer, "/s/")).body.decode()
            links = [html.unescape(link) for link in re.findall(r'href="([^"]*)"', page)]
            for link in links:
                assert link.startswith("./")
                answer = await ask(peer, f"/s/{link[2:]}")
                assert (link, answer.status) == (link, 200)
            listed = {unquote_to_bytes(link[2:]).rstrip(b"/") for link in links}
            # Nothing that can be fetched is left out.
            left_out = {os.fsencode(path.name) for path in root.iterdir()} - listed  # noqa: ASYNC240  # a test
            for path in [f"/s/{quote(name)}{slash}" for name in left_out for slash in ("", "/")]:
                assert (path, (await ask(peer, path)).status >= 400) == (path, True)

    try:
        run(main())
    finally:
        bound.close()
        (root / "closed.d").chmod(0o700)


def test_without_threads(run: Run, root: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Listings, ranges, large files and a ``FileResponse`` of one's own need none either."""

    async def own(request: Request) -> StreamResponse:
        return FileResponse(root / request.match_info["name"], threads="threads" in request.query)

    async def main() -> None:
        forbid_threads()
        app = app_of(root, threads=False, show_index=True)
        app.router.add_get("/own/{name}", own)
        app.router.add_static("/threads", root)
        async with serve(app) as connect:
            peer = await connect()
            assert b"large.bin" in (await ask(peer, "/s/")).body
            assert (await ask(peer, "/s/large.bin")).body == b"x" * 300_000
            part = await ask(peer, "/s/app.js", "Range: bytes=1-1")
            assert (part.status, part.body) == (206, b"p")
            assert (await ask(peer, "/own/app.js")).body == b"app"
            assert (await ask(peer, "/own/large.bin")).body == b"x" * 300_000
            assert (await ask(peer, "/own/none")).status == 404
            assert (await ask(peer, "/own/fifo")).status == 403
            # The executor does refuse.
            assert (await ask(peer, "/threads/app.js")).status == 500
            assert (await ask(await connect(), "/own/app.js?threads")).status == 500

    run(main())
    assert caplog.text.count("RuntimeError: cannot schedule new futures after shutdown") == 2


def test_index(run: Run, root: Path) -> None:
    async def main() -> None:
        async with serve(app_of(root, index="index.html")) as connect:
            peer = await connect()
            answer = await ask(peer, "/s/")
            assert (answer.status, answer.body) == (200, b"<h1>root")
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert (await ask(peer, "/s/sub/")).body == b"<h1>sub"
            assert (await ask(peer, "/s/sub")).headers["location"] == "/s/sub/"
            assert (await ask(peer, "/s/sub/deep/")).status == 403

    run(main())


def test_cve_2021_21330_redirects_stay_here(run: Run, root: Path) -> None:
    (root / "evil.example").mkdir()

    async def main() -> None:
        async with serve(app_of(root, "/", show_index=True)) as connect:
            peer = await connect()
            assert (await ask(peer, "//evil.example")).status == 404
            assert (await ask(peer, "/%2fevil.example")).status == 404
            answer = await ask(peer, "/evil.example")
            assert answer.headers["location"] == "/evil.example/"
            assert (await ask(peer, "/app.js")).body == b"app"

    run(main())


def test_fallback(run: Run, root: Path) -> None:
    async def main() -> None:
        options = {"index": "index.html", "fallback": "index.html"}
        async with serve(app_of(root, **options)) as connect:
            peer = await connect()
            for path in ("/s/users/42", "/s/users/42/", "/s/about", "/s/"):
                answer = await ask(peer, path)
                assert (answer.status, answer.body) == (200, b"<h1>root")
                assert answer.headers["content-type"] == "text/html; charset=utf-8"
            # No fallback for a script or a hostile path.
            for path in ("/s/missing.js", "/s/../secret", "/s/..%2f"):
                assert (await ask(peer, path)).status == 404
            assert (await ask(peer, "/s/sub/page.html")).body == b"page"

    run(main())


def test_cache_fields_and_conditions(run: Run, root: Path) -> None:
    async def main() -> None:
        async with serve(app_of(root, cache_control="max-age=60", immutable=True)) as connect:
            peer = await connect()
            answer = await ask(peer, "/s/app.js")
            assert answer.headers["cache-control"] == "max-age=60, immutable"
            again = await ask(peer, "/s/app.js", f"If-None-Match: {answer.headers['etag']}")
            assert again.status == 304
            assert again.headers["cache-control"] == "max-age=60, immutable"
            assert "cache-control" not in (await ask(peer, "/s/nothing")).headers
            part = await ask(peer, "/s/large.bin", "Range: bytes=299990-")
            assert (part.status, part.body) == (206, b"x" * 10)

    run(main())


def test_middlewares_see_paths_without_a_route(run: Run, root: Path) -> None:
    async def pages(request: Request, handler: Handler) -> StreamResponse:
        try:
            return await handler(request)
        except HTTPNotFound:
            return Response(text="my page", status=404)

    async def main() -> None:
        app = Application(middlewares=[pages])
        app.router.add_static("/s", root)
        async with serve(app) as connect:
            assert (await ask(await connect(), "/s/nothing")).body == b"my page"

    run(main())


def test_in_a_sub_application_and_beside_routes(run: Run, root: Path) -> None:
    async def handler(request: Request) -> Response:
        return Response(text="a route")

    async def main() -> None:
        app, inner = Application(), Application()
        inner.router.add_get("/s/dynamic", handler)
        inner.router.add_static("/s", root, name="files")
        app.add_subapp("/inner", inner)
        assert str(inner.router["files"].url_for(filename="app.js")) == "/inner/s/app.js"
        async with serve(app) as connect:
            peer = await connect()
            assert (await ask(peer, "/inner/s/app.js")).body == b"app"
            assert (await ask(peer, "/inner/s/dynamic")).body == b"a route"
            assert (await ask(peer, "/s/app.js")).status == 404

    run(main())


# Building.


def test_url_for(root: Path) -> None:
    resource = StaticResource("/s/", root)
    cases: list[tuple[str | Path, str]] = [
        ("app.js", "/s/app.js"),
        ("/app.js", "/s/app.js"),
        ("sub/page.html", "/s/sub/page.html"),
        ("two words.txt", "/s/two%20words.txt"),
        ("r\xe9sum\xe9.txt", "/s/r%C3%A9sum%C3%A9.txt"),
        ("a?b#c", "/s/a%3Fb%23c"),
        (Path("sub") / "page.html", "/s/sub/page.html"),
        ("nothing", "/s/nothing"),
    ]
    for name, url in cases:
        assert str(resource.url_for(filename=name)) == url
    with pytest.raises(ValueError, match="inside the directory"):
        resource.url_for(filename="../secret")
    with pytest.raises(KeyError):
        resource.url_for()
    with pytest.raises(TypeError, match="filename is a str"):
        resource.url_for(filename=1)


def test_versions(root: Path) -> None:
    def version(data: bytes) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()

    resource = StaticResource("/s", root, append_version=True)
    for _ in range(2):
        assert resource.url_for(filename="app.js").query["v"] == version(b"app")
    (root / "app.js").write_bytes(b"changed")
    assert resource.url_for(filename="app.js").query["v"] == version(b"changed")
    assert resource.url_for(filename="large.bin").query["v"] == version(b"x" * 300_000)
    for nothing in ("nothing", "out", "sub", "fifo"):
        assert not resource.url_for(filename=nothing).query
    assert not resource.url_for(filename="app.js", append_version=False).query
    plain = StaticResource("/s", root)
    assert not plain.url_for(filename="app.js").query
    assert plain.url_for(filename="app.js", append_version=True).query["v"] == version(b"changed")


def test_description(root: Path) -> None:
    resource = StaticResource("/s/", root, name="files")
    info = resource.get_info()
    assert (info["directory"], info["prefix"]) == (root.resolve(), "/s")
    assert set(info["routes"]) == {"GET", "HEAD"}
    assert (resource.canonical, resource.name, len(resource)) == ("/s", "files", 2)
    assert repr(resource) == f"<StaticResource 'files' /s -> {str(root.resolve())!r}>"


def test_options_route(run: Run, root: Path) -> None:
    async def handler(request: Request) -> Response:
        return Response(text="options")

    async def main() -> None:
        app = Application()
        resource = app.router.add_static("/s", root)
        resource.set_options_route(handler)
        with pytest.raises(RuntimeError):
            resource.set_options_route(handler)
        async with serve(app) as connect:
            answer = await ask(await connect(), "/s/app.js", method="OPTIONS")
            assert answer.body == b"options"

    run(main())


def test_definitions(run: Run, root: Path) -> None:
    async def main() -> None:
        app = Application()
        options: dict[str, Any] = {"show_index": True, "cache_control": "no-cache"}
        app.add_routes([static("/s", root, name="files", **options)])
        app.add_routes([StaticDef("/t", root, {"index": "index.html"})])
        async with serve(app) as connect:
            peer = await connect()
            assert (await ask(peer, "/s/")).status == 200
            assert (await ask(peer, "/t/")).body == b"<h1>root"
            assert (await ask(peer, "/s/app.js")).headers["cache-control"] == "no-cache"
        assert str(app.router["files"].url_for(filename="x")) == "/s/x"

    run(main())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("s", "."), "`/`"),
        (("/s", "nowhere/at/all"), "'nowhere/at/all' does not exist"),
        (("/s", __file__), "is not a directory"),
    ],
)
def test_mistakes(arguments: tuple[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Application().router.add_static(*arguments)


@pytest.mark.parametrize("option", ["index", "fallback"])
@pytest.mark.parametrize("path", ["../x", "", "/", "a/../b"])
def test_mistakes_in_options(root: Path, option: str, path: str) -> None:
    with pytest.raises(ValueError, match=f"{option} is a relative path"):
        app_of(root, **{option: path})
