"""Media types that a program adds to aiohttp's table."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from testkit import Run, serve
from treadle_server import (
    CONTENT_TYPES,
    FALLBACK_CONTENT_TYPE,
    Application,
    FileResponse,
    Request,
)
from treadle_server._files.prepare import ADDED_TYPES


@pytest.fixture
def _forget() -> Iterator[None]:
    yield
    ADDED_TYPES.clear()


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.html", "text/html"),
        ("a.tar.gz", "application/gzip"),
        ("a.xz", "application/x-xz"),
        ("a.unknown-x", None),
    ],
)
def test_guesses(name: str, media_type: str | None) -> None:
    assert CONTENT_TYPES.guess_type(name) == (media_type, None)
    assert FALLBACK_CONTENT_TYPE == "application/octet-stream"
    assert not ADDED_TYPES


@pytest.mark.usefixtures("_forget")
def test_an_added_type_is_sent(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.X-New").write_bytes(b"x")
    (tmp_path / "b.txt").write_bytes(b"x")
    CONTENT_TYPES.add_type("model/x-new", ".x-new")
    CONTENT_TYPES.add_type("text/own", ".txt")

    async def file(request: Request) -> FileResponse:
        return FileResponse(tmp_path / request.match_info["name"])

    async def main() -> None:
        app = Application()
        app.router.add_get("/{name}", file)
        async with serve(app) as connect:
            peer = await connect()
            for name, media_type in (("a.X-New", b"model/x-new"), ("b.txt", b"text/own")):
                await peer.send(f"GET /{name} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
                head = await peer.head()
                assert b"\r\nContent-Type: " + media_type + b"\r\n" in head
                assert await peer.exactly(1) == b"x"

    run(main())
