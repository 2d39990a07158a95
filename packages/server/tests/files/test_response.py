"""``FileResponse`` on the wire: both ways of sending say the same, and nothing stays open."""

import asyncio
import email
import errno
import gzip
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from testkit import (
    CONNECTION,
    FakeChannel,
    Peer,
    Run,
    each_loop,
    open_descriptors,
    request_head,
    serve,
)
from treadle_responses import ContentCoding, HTTPNotFound, Response, StreamResponse
from treadle_server import Application, BaseRequest, FileResponse, Request
from treadle_server._body.stream import EMPTY_PAYLOAD
from treadle_server._files import response as module
from treadle_server._files.prepare import file_request, prepare_file
from treadle_server._transport import files as files_module

SMALL = b"0123456789"
LARGE = bytes(range(256)) * 4096  # 1 MiB


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


async def ask(peer: Peer, *fields: str, method: str = "GET", path: str = "/") -> Answer:
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *fields, "", ""]
    await peer.send("\r\n".join(lines).encode())
    head = (await peer.head()).decode("latin-1").split("\r\n")
    pairs = [line.split(": ", 1) for line in head[1:] if line]
    headers = {name.lower(): value for name, value in pairs}
    status = int(head[0].split()[1])
    size = int(headers.get("content-length", 0))
    if method == "HEAD" or status in (204, 304):
        size = 0
    return Answer(status, headers, await peer.exactly(size))


async def closed_down_to(count: int) -> None:
    """Wait until no more files than that are open."""
    while open_descriptors() > count:  # noqa: ASYNC110  # the table of descriptors has no event
        await asyncio.sleep(0)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small.txt"
    path.write_bytes(SMALL)
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(LARGE)
    return path


@pytest.fixture(params=["kernel", "pieces"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Send large files both ways: by the kernel, and read in pieces without its call."""
    if request.param == "pieces":
        monkeypatch.setattr(files_module, "CAN_SEND_FILES", False)
    return str(request.param)


@each_loop
def test_files(run: Run, way: str, small: Path, large: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()

    async def handler(request: Request) -> FileResponse:
        return FileResponse(tmp_path / request.path[1:], chunk_size=100_000)

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            before = open_descriptors()
            for name, data in [("small.txt", SMALL), ("large.bin", LARGE), ("empty", b"")] * 2:
                answer = await ask(peer, path=f"/{name}")
                assert (answer.status, answer.body) == (200, data)
                assert answer.headers["accept-ranges"] == "bytes"
                head = await ask(peer, path=f"/{name}", method="HEAD")
                assert head.headers == answer.headers | {"date": head.headers["date"]}
                etag = answer.headers["etag"]
                again = await ask(peer, f"If-None-Match: {etag}", path=f"/{name}")
                assert again.status == 304
                assert again.headers["etag"] == etag
                assert "content-length" not in again.headers
                since = f"If-Modified-Since: {answer.headers['last-modified']}"
                assert (await ask(peer, since, path=f"/{name}")).status == 304
            assert (await ask(peer, path="/small.txt")).headers["content-type"] == ("text/plain")
            assert open_descriptors() == before

    run(main())


def test_ranges(run: Run, way: str, large: Path) -> None:
    async def handler(request: Request) -> FileResponse:
        return FileResponse(large)

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            for value, start, stop in [
                ("bytes=0-9", 0, 10),
                ("bytes=-5", len(LARGE) - 5, len(LARGE)),
                ("bytes=1000-900000", 1000, 900_001),
                ("bytes=1000-", 1000, len(LARGE)),
            ]:
                answer = await ask(peer, f"Range: {value}")
                assert (answer.status, answer.body) == (206, LARGE[start:stop])
                expected = f"bytes {start}-{stop - 1}/{len(LARGE)}"
                assert answer.headers["content-range"] == expected
            etag = (await ask(peer)).headers["etag"]
            kept = await ask(peer, "Range: bytes=0-9", f"If-Range: {etag}")
            assert (kept.status, kept.body) == (206, LARGE[:10])
            changed = await ask(peer, "Range: bytes=0-9", 'If-Range: "old"')
            assert (changed.status, len(changed.body)) == (200, len(LARGE))
            bad = await ask(peer, f"Range: bytes={len(LARGE)}-")
            assert (bad.status, bad.body) == (416, b"416: Range Not Satisfiable")
            assert bad.headers["content-range"] == f"bytes */{len(LARGE)}"
            many = "Range: bytes=" + ",".join(f"{n % 10}-" for n in range(1000))
            assert (await ask(peer, many)).status == 200
            head = await ask(peer, "Range: bytes=0-9", method="HEAD")
            assert (head.status, head.headers["content-length"]) == (200, str(len(LARGE)))

    run(main())


def test_several_ranges(run: Run, way: str, large: Path) -> None:
    async def handler(request: Request) -> FileResponse:
        return FileResponse(large)

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            for second in (200, 600_000):
                answer = await ask(peer, f"Range: bytes=0-9,100-{100 + second}")
                assert answer.status == 206
                kind = answer.headers["content-type"]
                message = email.message_from_bytes(
                    f"Content-Type: {kind}\r\n\r\n".encode() + answer.body
                )
                parts = message.get_payload()
                assert isinstance(parts, list)
                assert [str(part.get("Content-Range")) for part in message.walk()][1:] == [
                    f"bytes 0-9/{len(LARGE)}",
                    f"bytes 100-{100 + second}/{len(LARGE)}",
                ]
                assert LARGE[:10] in answer.body
                assert LARGE[100 : 101 + second] in answer.body
            # The connection goes on where the answer has ended.
            assert (await ask(peer, "Range: bytes=0-0")).body == LARGE[:1]

    run(main())


@each_loop
def test_pipelined(run: Run, small: Path, large: Path) -> None:
    async def handler(request: Request) -> StreamResponse:
        return FileResponse(large) if request.path == "/large" else Response(text="text")

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            requests = [b"GET /%b HTTP/1.1\r\nHost: x\r\n\r\n" % p for p in (b"a", b"large", b"b")]
            await peer.send(b"".join(requests))
            assert await peer.response() == (200, b"text")
            assert await peer.response() == (200, LARGE)
            assert await peer.response() == (200, b"text")

    run(main())


def test_paths_that_cannot_be_sent(run: Run, tmp_path: Path, small: Path) -> None:
    os.mkfifo(tmp_path / "fifo")

    async def handler(request: Request) -> FileResponse:
        name = request.query["name"].replace("NUL", "\0")
        return FileResponse(tmp_path / name, headers={"X-Secret": "y"}, attachment=True)

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            before = open_descriptors()
            for name, status, text in [
                ("nothing", 404, b"404: Not Found"),
                ("small.txt/below", 404, b"404: Not Found"),
                ("aNULb", 404, b"404: Not Found"),
                ("x" * 300, 404, b"404: Not Found"),
                (".", 403, b"403: Forbidden"),
                ("fifo", 403, b"403: Forbidden"),
            ]:
                answer = await ask(peer, path=f"/?name={name}")
                assert (answer.status, answer.body) == (status, text)
                assert not {"x-secret", "content-disposition", "etag"} & set(answer.headers)
                html = await ask(peer, "Accept: text/html", path=f"/?name={name}")
                assert html.headers["content-type"] == "text/html; charset=utf-8"
                head = await ask(peer, path=f"/?name={name}", method="HEAD")
                assert (head.status, head.headers["content-length"]) == (status, str(len(text)))
            assert open_descriptors() == before

    run(main())


def test_no_permission(run: Run, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The user who runs the tests may be root, so the refusal of the system is simulated.
    def refuse(path: str, *args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(module, "open_file", refuse)

    async def handler(request: Request) -> FileResponse:
        return FileResponse(small)

    async def main() -> None:
        async with serve(handler) as connect:
            answer = await ask(await connect())
            assert (answer.status, answer.body) == (403, b"403: Forbidden")

    run(main())


def test_a_file_that_vanishes_between_look_and_open(
    run: Run, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_open = os.open

    def vanish(path: str, flags: int, *args: int) -> int:
        if str(path) == str(small):
            small.unlink()
        return real_open(path, flags, *args)

    async def handler(request: Request) -> FileResponse:
        return FileResponse(small)

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            monkeypatch.setattr(os, "open", vanish)
            answer = await ask(peer)
            assert (answer.status, answer.body) == (404, b"404: Not Found")

    run(main())


@each_loop
@pytest.mark.parametrize("size", [100_000, 1_000_000])
def test_a_file_that_is_truncated_while_it_is_sent(
    run: Run, way: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, size: int
) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * size)

    async def prepared(request: BaseRequest, response: StreamResponse) -> None:
        os.truncate(path, 10)

    async def handler(request: Request) -> FileResponse:
        return FileResponse(path)

    async def main() -> None:
        app = Application()
        app.router.add_get("/", handler)
        app.on_response_prepare.append(prepared)
        async with serve(app) as connect:
            peer = await connect()
            before = open_descriptors()
            await peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                data = await peer.rest()
            except ConnectionResetError:
                data = b""
            if data.startswith(b"HTTP/1.1 500 "):
                # Not even the head had left.
                assert way == "pieces"
            else:
                # Fewer bytes than were announced, and nothing behind them.
                assert len(data.partition(b"\r\n\r\n")[2]) <= 10
            await closed_down_to(before - 1)

    run(main())
    assert "became shorter" in str(caplog.records[0].exc_info)


@each_loop
@pytest.mark.parametrize("leaves", ["client", "server"])
def test_nothing_stays_open_when_one_side_leaves(
    run: Run, way: str, tmp_path: Path, leaves: str
) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(1 << 30)

    async def handler(request: Request) -> FileResponse:
        return FileResponse(path)

    async def main() -> None:
        before, tasks = 0, len(asyncio.all_tasks())
        async with serve(handler, shutdown_timeout=0.05) as connect:
            before = open_descriptors()
            peers = [await connect() for _ in range(3)]
            for peer in peers:
                await peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                await peer.exactly(1_000_000)
            if leaves == "client":
                for peer in peers:
                    peer.writer.transport.abort()
                await closed_down_to(before)
        # A read in a thread ends by itself, and its task with it.
        while len(asyncio.all_tasks()) > tasks:  # noqa: ASYNC110  # they belong to the server
            await asyncio.sleep(0)
        assert open_descriptors() <= before

    run(main())


@each_loop
def test_a_prepared_response_that_is_not_sent(run: Run, large: Path) -> None:
    """A middleware may put another one in the place of a response that has its file open."""

    async def handler(request: Request) -> StreamResponse:
        response = FileResponse(large)
        wanted = file_request(request, response, precompressed=True)
        response.use_prepared(prepare_file(wanted, large.name, response._open))
        raise HTTPNotFound

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            before = open_descriptors()
            assert (await ask(peer)).status == 404
            assert open_descriptors() == before

    run(main())


def test_siblings_by_quality(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "app.js"
    path.write_bytes(b"plain")
    for suffix, data in [(".gz", b"gzip!!"), (".br", b"brotli!"), (".zst", b"zstd!!!!")]:
        (tmp_path / f"app.js{suffix}").write_bytes(data)

    async def handler(request: Request) -> FileResponse:
        return FileResponse(path, precompressed="no" not in request.query)

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            tags = set()
            for accept, coding, body in [
                ("gzip", "gzip", b"gzip!!"),
                ("gzip, deflate, br, zstd", "zstd", b"zstd!!!!"),
                ("gzip, br;q=0.5", "gzip", b"gzip!!"),
                ("br, gzip;q=0.9", "br", b"brotli!"),
                ("gzip;q=0", None, b"plain"),
                ("xgzip", None, b"plain"),
                ("identity, gzip;q=0.5", None, b"plain"),
                ("*;q=0.1", "zstd", b"zstd!!!!"),
            ]:
                answer = await ask(peer, f"Accept-Encoding: {accept}")
                assert (answer.headers.get("content-encoding"), answer.body) == (coding, body)
                assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
                assert answer.headers["vary"] == "Accept-Encoding"
                tags.add(answer.headers["etag"])
                part = await ask(peer, f"Accept-Encoding: {accept}", "Range: bytes=1-2")
                assert (part.status, part.body) == (206, body[1:3])
            assert len(tags) == 4
            off = await ask(peer, "Accept-Encoding: gzip", path="/?no")
            assert off.body == b"plain"
            assert "vary" not in off.headers

    run(main())


def test_compression_while_sending(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    text = b"again and again " * 20_000
    path.write_bytes(text)

    async def handler(request: Request) -> FileResponse:
        response = FileResponse(path)
        response.enable_compression(ContentCoding.gzip if "force" in request.query else None)
        return response

    async def main() -> None:
        async with serve(handler) as connect:
            for path_qs in ("/", "/?force"):
                peer = await connect()
                head = f"GET {path_qs} HTTP/1.0\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
                answer = await peer.ask(head.encode())
                fields, _, body = answer.partition(b"\r\n\r\n")
                assert b"Content-Encoding: gzip" in fields
                assert b'ETag: W/"' in fields
                assert gzip.decompress(body) == text
            peer = await connect()
            # A part is a part of the file as it is.
            part = await ask(peer, "Accept-Encoding: gzip", "Range: bytes=0-4")
            assert (part.status, part.body) == (206, b"again")
            both = await ask(peer, "Accept-Encoding: gzip", "Range: bytes=0-4,10-14")
            assert both.status == 206
            assert "content-encoding" not in both.headers
            assert (await ask(peer)).body == text

    run(main())


@pytest.mark.parametrize(
    ("arguments", "fields"),
    [
        ({}, {}),
        ({"attachment": True}, {"content-disposition": 'attachment; filename="small.txt"'}),
        ({"filename": "a.txt"}, {"content-disposition": 'inline; filename="a.txt"'}),
        (
            {"attachment": True, "filename": "\xfc.txt"},
            {"content-disposition": "attachment; filename=\"_.txt\"; filename*=utf-8''%c3%bc.txt"},
        ),
        ({"cache_control": "no-cache"}, {"cache-control": "no-cache"}),
        ({"immutable": True}, {"cache-control": "public, max-age=31536000, immutable"}),
        (
            {"cache_control": "max-age=60", "immutable": True},
            {"cache-control": "max-age=60, immutable"},
        ),
        ({"headers": {"content-type": "a/b"}}, {"content-type": "a/b"}),
        ({"headers": {"ETag": '"mine"'}}, {"etag": '"mine"'}),
        ({"headers": {"Vary": "Cookie"}}, {"vary": "cookie"}),
        ({"status": 404, "reason": "Gone"}, {"content-length": "10"}),
    ],
)
def test_options(
    run: Run, small: Path, arguments: dict[str, object], fields: dict[str, str]
) -> None:
    async def handler(request: Request) -> FileResponse:
        return FileResponse(small, **arguments)  # type: ignore[arg-type]  # a row of the table

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            answer = await ask(peer)
            assert answer.status == arguments.get("status", 200)
            assert answer.body == SMALL
            got = {name: value.lower() for name, value in answer.headers.items()}
            assert fields.items() <= got.items()

    run(main())


def test_mistakes(small: Path) -> None:
    for size in (0, -1):
        with pytest.raises(ValueError, match="chunk_size"):
            FileResponse(small, chunk_size=size)
    with pytest.raises(TypeError):
        FileResponse(None)  # type: ignore[arg-type]  # the mistake under test
    assert FileResponse(str(small)).path == small
    with pytest.raises(ValueError, match="control characters"):
        FileResponse(small, reason="a\r\nb")


def test_head_may_be_prepared_by_hand(run: Run, small: Path) -> None:
    async def handler(request: Request) -> FileResponse:
        response = FileResponse(small)
        await response.prepare(request)
        await response.prepare(request)
        with pytest.raises(TypeError, match="sends its file"):
            await response.write_eof(b"x")
        await response.write_eof()
        await response.write_eof()
        return response

    async def main() -> None:
        async with serve(handler) as connect:
            assert (await ask(await connect())).body == SMALL

    run(main())


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
def test_a_process_without_descriptors_still_sends_large_files(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 1_000_000)

    def no_descriptor(fd: int) -> int:
        raise OSError(number, "Too many open files")

    async def handler(request: Request) -> FileResponse:
        return FileResponse(path)

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            monkeypatch.setattr(os, "dup", no_descriptor)
            answer = await ask(peer)
            assert (answer.status, answer.body) == (200, b"x" * 1_000_000)

    run(main())


class PathChannel(FakeChannel):
    """Has the file sent by its path."""

    sends_paths: bool = True
    sent: tuple[str, int] | None = None

    async def send_path(self, path: str, size: int) -> None:
        self.sent = path, size
        self.ended = True


@pytest.mark.parametrize(
    ("size", "fields", "offered", "by_path"),
    [
        (100_000, "", True, True),
        (100_000, "", False, False),
        # A small file leaves with its head, a range is no whole file.
        (10, "", True, False),
        (100_000, "Range: bytes=1-99999\r\n", True, False),
    ],
)
def test_a_server_that_sends_files_by_their_paths(
    tmp_path: Path, size: int, fields: str, offered: bool, by_path: bool
) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"x" * size)

    async def main() -> None:
        channel = PathChannel()
        channel.sends_paths = offered
        head = request_head("GET", "/", fields)
        request = Request.received(head, EMPTY_PAYLOAD, channel, CONNECTION)
        response = FileResponse(path)
        await response.prepare(request)
        await response.write_eof()
        assert channel.sent == ((str(path), size) if by_path else None)
        assert (channel.body == b"") is by_path

    asyncio.run(main())


def test_a_file_that_was_replaced_is_not_sent_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"x" * 100_000)

    async def main() -> None:
        channel = PathChannel()
        head = request_head("GET", "/")
        request = Request.received(head, EMPTY_PAYLOAD, channel, CONNECTION)
        response = FileResponse(path)
        await response.prepare(request)
        path.unlink()
        path.write_bytes(b"y" * 100_000)
        await response.write_eof()
        assert (channel.sent, channel.body[:1]) == (None, b"x")

    asyncio.run(main())
