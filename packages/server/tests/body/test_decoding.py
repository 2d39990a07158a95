"""Coded request bodies, and the fields behind a body, on real sockets."""

import asyncio
import gzip
import importlib
import sys
import zlib
from collections.abc import Callable

import brotli
import pytest

from testkit import Run, serve
from treadle_http_parser import ContentDecoder, ContentEncodingError
from treadle_responses import Response
from treadle_server import BaseRequest, RequestPayloadError
from treadle_server._body.decoding import CodedBody, coding_error
from treadle_server._body.stream import RequestBody

zstd = importlib.import_module(
    "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
)
TEXT = b"".join(b"%d green bottles\n" % number for number in range(3000))
GET = b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n"
BOMB = gzip.compress(bytes(40_000_000), mtime=0)
ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "X-GZIP": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
    "identity": bytes,
}


async def echo(request: BaseRequest) -> Response:
    if not request.body_exists:
        return Response(text="next")
    return Response(body=await request.read())


def post(body: bytes, coding: str, *, chunked: bool = False) -> bytes:
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: {coding}\r\n"
    if not chunked:
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    chunks = [body[at : at + 1000] for at in range(0, len(body), 1000)]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + framed + b"0\r\n\r\n"


@pytest.mark.parametrize("coding", ENCODERS)
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("text", [b"", b"a", TEXT], ids=["empty", "short", "long"])
def test_coded_bodies_with_a_request_behind(
    run: Run, coding: str, chunked: bool, text: bytes
) -> None:
    async def main() -> None:
        async with serve(echo) as connect:
            peer = await connect()
            wire = post(ENCODERS[coding](text), coding, chunked=chunked) + GET
            half = len(wire) // 2
            await peer.send(wire[:half])
            await asyncio.sleep(0)
            await peer.send(wire[half:])
            # An empty body of the coding identity is no body.
            nothing = not text and coding == "identity" and not chunked
            assert await peer.response() == (200, b"next" if nothing else text)
            assert await peer.response() == (200, b"next")

    run(main())


def test_a_coding_that_nobody_knows_is_refused_when_the_body_is_read(run: Run) -> None:
    async def handler(request: BaseRequest) -> Response:
        if request.path == "/read":
            await request.read()
        return Response(text="unread")

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(post(b"abc", "rot13").replace(b"/", b"/read", 1))
            head = await peer.head()
            assert head.startswith(b"HTTP/1.1 415 ")
            assert b"\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n" in head
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            assert b"Content-Encoding is not supported" in await peer.exactly(size)
            await peer.send(post(b"abc", "rot13") + GET)
            assert await peer.response() == (200, b"unread")
            assert await peer.response() == (200, b"unread")

    run(main())


def test_codings_are_left_alone_on_demand(run: Run) -> None:
    async def main() -> None:
        async with serve(echo, auto_decompress=False) as connect:
            peer = await connect()
            await peer.send(post(BOMB, "gzip") + post(b"abc", "rot13"))
            assert await peer.response() == (200, BOMB)
            assert await peer.response() == (200, b"abc")

    run(main())


BROKEN = [
    ("gzip", b"this is not gzip", 400),
    ("gzip", gzip.compress(TEXT, mtime=0)[:-3], 400),
    ("deflate", zlib.compress(TEXT) + b"x", 400),
    ("br", b"\xff\xff\xff\xff", 400),
    ("zstd", b"\x00\x00\x00\x00\x00", 400),
    # Above client_max_size (1 MiB), long before the ratio of 100 is.
    ("gzip", gzip.compress(TEXT * 30, mtime=0), 413),
    ("gzip", BOMB, 413),
    ("gzip, gzip", gzip.compress(BOMB, mtime=0), 415),
]


@pytest.mark.parametrize(
    ("coding", "body", "status"), BROKEN, ids=[f"{row[0]}-{n}" for n, row in enumerate(BROKEN)]
)
@pytest.mark.parametrize("chunked", [False, True])
def test_bad_codings_are_never_a_500(
    run: Run, coding: str, body: bytes, status: int, chunked: bool
) -> None:
    async def main() -> None:
        async with serve(echo) as connect:
            peer = await connect()
            await peer.send(post(body, coding, chunked=chunked))
            assert (await peer.response())[0] == status
            other = await connect()
            await other.send(GET)
            assert await other.response() == (200, b"next")

    run(main())


def test_a_reader_that_streams_is_protected_from_bombs(run: Run) -> None:
    seen = 0

    async def stream(request: BaseRequest) -> Response:
        nonlocal seen
        async for piece in request.content.iter_any():
            seen += len(piece)
        return Response(text="all")

    async def main() -> None:
        async with serve(stream, max_expansion=20) as connect:
            peer = await connect()
            await peer.send(post(BOMB, "gzip"))
            status, text = await peer.response()
            assert status == 413
            assert b"more than 20 times" in text
            assert seen <= max(20 * len(BOMB), 1024 * 1024)
        async with serve(stream, max_expansion=0) as connect:
            peer = await connect()
            seen_before = seen
            await peer.send(post(BOMB, "gzip"))
            assert await peer.response() == (200, b"all")
            assert seen - seen_before == 40_000_000

    run(main())


class Flow:
    def __init__(self) -> None:
        self.paused = False

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


def test_memory_is_what_was_received_and_a_piece(run: Run) -> None:
    async def main() -> None:
        flow = Flow()
        reader = RequestBody(flow, 10_000)
        reader.decode("gzip", 0)
        for at in range(0, len(BOMB), 5_000):
            reader.feed(BOMB[at : at + 5_000])
        reader.end()
        assert flow.paused
        assert (reader.total_raw_bytes, reader.total_bytes) == (len(BOMB), 0)
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        neighbour = asyncio.create_task(others())
        size = 0
        while piece := await reader.readany():
            assert len(piece) <= 64 * 1024
            size += len(piece)
        neighbour.cancel()
        await asyncio.wait([neighbour])
        assert size == reader.total_bytes == 40_000_000
        assert reader.at_eof()
        # Others had their turn although the reader never waited for the peer.
        assert turns > 20

    run(main())


def test_reading_without_waiting(run: Run) -> None:
    async def main() -> None:
        reader = RequestBody(Flow(), 10_000)
        reader.decode("gzip", 0)
        assert reader.read_nowait() == b""
        coded = gzip.compress(b"abcdef", mtime=0)
        reader.feed(coded + b"rubbish behind the end of it", True)
        assert reader.read_nowait(2) == b"ab"
        assert await reader.readchunk() == (b"cdef", False)
        with pytest.raises(RequestPayloadError):
            reader.read_nowait()
        with pytest.raises(RequestPayloadError):
            await reader.read()

    run(main())


def test_what_came_before_a_failure_is_read_first(run: Run) -> None:
    async def main() -> None:
        reader = RequestBody(Flow(), 10_000)
        reader.decode("deflate", 0)
        reader.feed(zlib.compress(b"abc")[:-4])
        reader.fail(ConnectionResetError("gone"))
        assert await reader.readany() == b"abc"
        with pytest.raises(ConnectionResetError):
            await reader.readany()

    run(main())


@pytest.mark.parametrize(("status", "kind"), [(400, RequestPayloadError), (413, Exception)])
def test_errors_are_answers(status: int, kind: type[Exception]) -> None:
    error = coding_error(ContentEncodingError(status, "Because."))
    assert isinstance(error, kind)
    assert getattr(error, "status", 400) == status
    assert "Because." in (getattr(error, "text", None) or str(error))


def test_a_coded_body_by_itself() -> None:
    body = CodedBody(ContentDecoder("gzip"))
    coded = gzip.compress(b"abc", mtime=0)
    body.feed(coded[:5])
    assert body.size == 5
    assert body.read(ended=False) == b""
    body.feed(coded[5:])
    assert body.read(ended=False) == b"abc"
    assert (body.read(ended=True), body.size) == (b"", 0)


# Trailers.


@pytest.mark.parametrize(
    ("trailers", "expected"),
    [
        (b"", []),
        (b"X-Sum: 1\r\nx-sum: 2\r\n", [("X-Sum", "1"), ("x-sum", "2")]),
        (b"Expires: caf\xc3\xa9 \r\n", [("Expires", "caf\u00e9")]),
    ],
)
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_trailers(run: Run, trailers: bytes, expected: list[tuple[str, str]], coding: str) -> None:
    seen: list[object] = []

    async def handler(request: BaseRequest) -> Response:
        try:
            seen.append(request.trailers)
        except RuntimeError as error:
            seen.append(str(error))
        await request.read()
        seen.append(list(request.trailers.items()))
        return Response()

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            wire = post(ENCODERS[coding](TEXT), coding, chunked=True)
            await peer.send(wire.removesuffix(b"\r\n") + trailers + b"\r\n")
            assert (await peer.response())[0] == 200
            assert seen == ["Trailers come behind the body: read it first", expected]

    run(main())


def test_a_request_without_a_body_has_no_trailers(run: Run) -> None:
    async def handler(request: BaseRequest) -> Response:
        return Response(text=str(dict(request.trailers)))

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(GET + b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            assert await peer.response() == (200, b"{}")
            assert await peer.response() == (200, b"{}")

    run(main())
