"""Bodies for ``wsgi.input``: in memory and in files, as ``io.BytesIO`` reads them; limits."""

import gzip
import io
import itertools
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from testkit import Run, serve
from treadle_asgi._wsgi.body import store_body
from treadle_multipart import Spool, SpoolPolicy
from treadle_responses import Response
from treadle_server import Application, Request

LINES = st.lists(st.sampled_from([b"\n", b"a", b"bc\n", b"\r\n", b"\x00\xff" * 40]), max_size=30)
CALLS = st.lists(
    st.tuples(
        st.sampled_from(["read", "readline", "readlines", "next", "seek"]),
        st.one_of(st.none(), st.integers(-1, 120)),
    ),
    max_size=20,
)


def _call(file: BinaryIO, name: str, size: int | None) -> object:
    if name == "next":
        return next(iter(file), None)
    if name == "seek":
        return file.seek(abs(size or 0))
    return getattr(file, name)() if size is None else getattr(file, name)(size)


@settings(max_examples=150, deadline=None)
@given(LINES, CALLS, st.integers(0, 200))
def test_input_reads_as_bytesio_does(
    pieces: list[bytes], calls: list[tuple[str, int | None]], threshold: int
) -> None:
    spool = Spool(SpoolPolicy(threshold=threshold))
    for piece in pieces:
        if spool.in_memory and spool.size + len(piece) > threshold:
            spool.roll()
        spool.write(piece)
    spool.file.seek(0)
    model = io.BytesIO(b"".join(pieces))
    for name, size in calls:
        if name == "readlines" and size is not None:
            # A hint, from which the kinds of files of Python differ by a line.
            lines = spool.file.readlines(size)
            assert lines == [model.readline() for _ in lines], (name, size)
            continue
        assert _call(spool.file, name, size) == _call(model, name, size), (name, size)
    spool.close()


SIZES = [0, 1, 99, 100, 101, 250_000]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_are_stored(size: int, chunked: bool, run: Run, tmp_path: Path) -> None:
    data = bytes(itertools.islice(itertools.cycle(range(256)), size))
    seen: list[tuple[bool, bytes, int, bool]] = []

    async def handler(request: Request) -> Response:
        stored = await store_body(request, SpoolPolicy(threshold=100, directory=tmp_path))
        spool = stored.spool
        seen.append((spool.in_memory, spool.file.read(), spool.size, stored.was_decoded))
        spool.close()
        return Response()

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            if chunked:
                framing = b"Transfer-Encoding: chunked"
                last = b"%x\r\n%b\r\n0\r\n\r\n" % (size, data) if size else b"0\r\n\r\n"
            else:
                framing, last = b"Content-Length: %d" % size, data
            head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%b\r\n\r\n" % framing
            assert (await peer.ask(head + last)).startswith(b"HTTP/1.1 200")

    run(main())
    assert seen == [(size <= 100, data, size, False)]


LIMITS: list[tuple[int, int, bool, bytes]] = [
    (10, 10, False, b"200"), (10, 11, False, b"413"), (10, 10, True, b"200"),
    (10, 11, True, b"413"), (0, 5000, True, b"200"),
]  # fmt: skip


@pytest.mark.parametrize(("limit", "size", "chunked", "status"), LIMITS)
def test_limits(limit: int, size: int, chunked: bool, status: bytes, run: Run) -> None:
    async def handler(request: Request) -> Response:
        stored = await store_body(request, SpoolPolicy())
        stored.spool.close()
        return Response()

    async def main() -> None:
        app = Application(client_max_size=limit)
        app.router.add_post("/", handler)
        async with serve(app) as connect:
            peer = await connect()
            data = b"x" * size
            if chunked:
                sent = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, data)
            else:
                sent = b"Content-Length: %d\r\n\r\n%b" % (size, data)
            await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\n" + sent)
            assert (await peer.head()).split()[1] == status

    run(main())


def test_a_body_that_a_middleware_has_read_is_there_again(run: Run) -> None:
    seen: list[bytes] = []

    async def handler(request: Request) -> Response:
        await request.read()
        stored = await store_body(request, SpoolPolicy())
        seen.append(stored.spool.file.read())
        stored.spool.close()
        return Response()

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
            await peer.head()

    run(main())
    assert seen == [b"hello"]


def test_a_coded_body_is_decoded_once(run: Run) -> None:
    seen: list[tuple[bytes, bool]] = []
    data = gzip.compress(b"plain" * 1000)

    async def handler(request: Request) -> Response:
        stored = await store_body(request, SpoolPolicy())
        seen.append((stored.spool.file.read(), stored.was_decoded))
        stored.spool.close()
        return Response()

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: %d"
            await peer.send(head % len(data) + b"\r\n\r\n" + data)
            await peer.head()

    run(main())
    assert seen == [(b"plain" * 1000, True)]


def test_a_body_that_breaks_off_leaves_no_file(run: Run, tmp_path: Path) -> None:
    files: list[Any] = []

    def open_file() -> BinaryIO:
        file = (tmp_path / "upload").open("w+b")
        files.append(file)
        return file

    async def handler(request: Request) -> Response:
        await store_body(request, SpoolPolicy(threshold=10, open_file=open_file))
        return Response()

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(
                b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"14\r\n01234567890123456789\r\nzz\r\n"
            )
            assert (await peer.head()).split()[1] == b"400"

    run(main())
    assert [file.closed for file in files] == [True]
