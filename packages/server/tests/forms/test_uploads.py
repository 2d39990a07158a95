"""Forms with files, over real connections: values, limits, and that no file stays behind."""

import asyncio
import dataclasses
import errno
import functools
import io
import json
import tempfile
import threading
import tracemalloc
import weakref
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from testkit import Run, connecting, each_loop, serve
from treadle_multipart import MultipartLimits, SpoolPolicy
from treadle_responses import HTTPFound, Response, StreamResponse, json_response
from treadle_server import Application, FileField, MultipartReader, Request, RouteDef
from treadle_server._forms.uploads import Uploads

MIB = 1 << 20
Handler = Callable[[Request], Awaitable[StreamResponse]]


def field(name: str, value: bytes, *headers: str, filename: str | None = None) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        disposition += f'; filename="{filename}"'
    head = "".join(f"{line}\r\n" for line in (disposition, *headers))
    return b"--x\r\n" + head.encode() + b"\r\n" + value + b"\r\n"


def post(
    body: bytes, *, size: int | None = None, boundary: str = "x", path: str = "/", more: str = ""
) -> bytes:
    length = len(body) if size is None else size
    return (
        f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; "
        f"boundary={boundary}\r\n{more}Content-Length: {length}\r\n\r\n"
    ).encode() + body


def app_of(handler: Handler, **options: Any) -> Application:
    app = Application(**options)
    app.add_routes([RouteDef("*", "/{path:.*}", handler)])
    return app


class Listed(io.BufferedRandom):
    """A temporary file that a listing of its directory shows until it is closed."""

    def __init__(self, directory: Path) -> None:
        fd, path = tempfile.mkstemp(dir=directory)
        self.path = Path(path)
        super().__init__(io.FileIO(fd, "r+b"))

    def close(self) -> None:
        super().close()
        self.path.unlink(missing_ok=True)


@pytest.fixture
def spool(tmp_path: Path) -> SpoolPolicy:
    """Files are on disk from 1000 bytes on."""
    return SpoolPolicy(threshold=1000, open_file=functools.partial(Listed, tmp_path))


def on_disk(spool: SpoolPolicy) -> list[Path]:
    assert isinstance(spool.open_file, functools.partial)
    directory: Path = spool.open_file.args[0]
    return list(directory.iterdir())


async def closed() -> None:
    """Wait for what the event loop has running in threads."""
    await asyncio.get_running_loop().shutdown_default_executor()


# Values.


async def described(request: Request) -> Response:
    """Return the form's fields as JSON."""
    form = await request.post()
    assert await request.post() is form
    found: list[object] = []
    for name, value in form.items():
        if isinstance(value, FileField):
            assert value.file.tell() == 0
            data = value.file.read().decode("latin-1")
            assert value.headers["content-disposition"].startswith("form-data")
            found.append([name, value.name, value.filename, value.content_type, data])
        else:
            found.append([name, value if isinstance(value, str) else f"{value!r}"])
    return json_response(found)


FORMS: list[tuple[str, bytes, list[object]]] = [
    ("text", field("a", b"1") + field("b", "é".encode()), [["a", "1"], ["b", "é"]]),
    ("repeated", field("a", b"1") + field("a", b""), [["a", "1"], ["a", ""]]),
    (
        "file",
        field("f", b"data", "Content-Type: Text/CSV; header=present", filename="a b.csv"),
        [["f", "f", "a b.csv", "Text/CSV; header=present", "data"]],
    ),
    (
        "raw name",
        field("f", b"", filename="../../etc/passwd"),
        [["f", "f", "../../etc/passwd", "application/octet-stream", ""]],
    ),
    ("no file chosen", field("f", b"", filename=""), [["f", ""]]),
    (
        "no file chosen, typed",
        field("f", b"", "Content-Type: application/octet-stream", filename=""),
        [["f", "b''"]],
    ),
    ("json", field("j", b"{}", "Content-Type: application/json"), [["j", "b'{}'"]]),
    ("charset", field("a", b"\xe9", "Content-Type: text/plain; charset=latin-1"), [["a", "é"]]),
    (
        "charset of the form",
        field("_charset_", b"latin-1") + field("a", b"\xe9"),
        [["_charset_", "latin-1"], ["a", "é"]],
    ),
    ("base64", field("a", b"YWJj", "Content-Transfer-Encoding: base64"), [["a", "abc"]]),
    ("nothing", b"", []),
]


@pytest.mark.parametrize(
    ("body", "expected"), [row[1:] for row in FORMS], ids=[row[0] for row in FORMS]
)
def test_values(run: Run, body: bytes, expected: list[object]) -> None:
    async def main() -> None:
        async with serve(described) as connect:
            peer = await connect()
            data = post(body + b"--x--\r\n")
            await peer.send(data)
            status, answer = await peer.response()
            assert (status, json.loads(answer)) == (200, expected)
            # Byte by byte, on the same connection.
            for byte in data:
                await peer.send(bytes([byte]))
            assert await peer.response() == (200, answer)

    run(main())


def test_a_file_field_is_a_value() -> None:
    headers: Any = {}
    field = FileField("a", "C:\\x\\b.txt", io.BytesIO(), "text/plain", headers)
    assert field.safe_filename == "b.txt"
    assert [each.name for each in dataclasses.fields(field)] == [
        "name",
        "filename",
        "file",
        "content_type",
        "headers",
    ]
    with pytest.raises(dataclasses.FrozenInstanceError):
        field.name = "b"  # type: ignore[misc]  # the mistake under test


def test_a_form_that_was_read_before(run: Run) -> None:
    async def handler(request: Request) -> Response:
        size = len(await request.read())
        reader = await request.multipart()
        names = [part.name async for part in reader if not isinstance(part, MultipartReader)]
        return json_response([size, names, list(await request.post())])

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            body = field("a", b"1") + field("b", b"2") + b"--x--\r\n"
            await peer.send(post(body))
            assert json.loads((await peer.response())[1]) == [len(body), ["a", "b"], ["a", "b"]]

    run(main())


# Limits.


async def by_post(request: Request) -> Response:
    await request.post()
    return Response(text="read")


async def by_parts(request: Request) -> Response:
    async for part in await request.multipart():
        assert not isinstance(part, MultipartReader)
        await part.text()
    return Response(text="read")


BAD = [
    ("nothing", b"", 400),
    ("no boundary", b"abc", 400),
    ("truncated in a head", field("a", b"")[:20], 400),
    ("truncated in data", field("a", b"1"), 400),
    ("LF", (field("a", b"1") + b"--x--\r\n").replace(b"\r\n", b"\n"), 400),
    ("bad header", b"--x\r\nbad\r\n\r\n--x--\r\n", 400),
    ("two names", field("a", b"", 'Content-Disposition: form-data; name="b"') + b"--x--", 400),
    ("bytes of no charset", field("a", b"\xff") + b"--x--", 400),
    ("bad base64", field("a", b"YQ", "Content-Transfer-Encoding: base64") + b"--x--", 400),
    ("charset", field("a", b"", "Content-Type: text/plain; charset=klingon") + b"--x--", 415),
    ("coding", field("a", b"", "Content-Transfer-Encoding: rot13") + b"--x--", 415),
    ("parts", field("a", b"") * 1001 + b"--x--", 413),
    ("headers", field("a", b"", *["A: b"] * 32) + b"--x--", 431),
    ("a long header", field("a", b"", "A: " + "b" * 17000) + b"--x--", 431),
    ("an endless header", field("a", b"", "A: " + "b" * 17000)[:-5], 431),
    ("a large field", field("a", b"b" * (MIB + 1)) + b"--x--", 413),
]


@pytest.mark.parametrize("handler", [by_post, by_parts])
@pytest.mark.parametrize(("body", "status"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_GHSA_5m98_GHSA_jj3x_bad_forms_are_4xx(
    run: Run, handler: Handler, body: bytes, status: int
) -> None:
    """aiohttp answered malformed forms with 500, and looped over some."""

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(post(body))
            found, text = await peer.response()
            assert (found, text[:3]) == (status, str(status).encode()) or text[:7] == b"Maximum"
            assert found == status
            # The server is unmoved.
            peer = await connect()
            await peer.send(post(b"--x--"))
            assert await peer.response() == (200, b"read")

    run(main())


NAMELESS = [
    b"--x\r\n\r\n1\r\n--x--",
    b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
    field("a", b"--y--", "Content-Type: multipart/mixed; boundary=y") + b"--x--",
]


@pytest.mark.parametrize("body", NAMELESS, ids=range(len(NAMELESS)))
def test_parts_that_are_no_fields(run: Run, body: bytes) -> None:
    async def main() -> None:
        async with serve(by_post) as connect:
            peer = await connect()
            await peer.send(post(body))
            assert (await peer.response())[0] == 400

    run(main())


@pytest.mark.parametrize("handler", [by_post, by_parts])
@pytest.mark.parametrize(("boundary", "status"), [("", 400), ("x" * 71, 400), ("x" * 9000, 431)])
def test_boundaries(run: Run, handler: Handler, boundary: str, status: int) -> None:
    async def main() -> None:
        async with serve(handler) as connect:
            answer = await (await connect()).ask(
                post(b"", boundary=boundary, more="Connection: close\r\n")
            )
            assert answer.startswith(f"HTTP/1.1 {status} ".encode())

    run(main())


def test_multipart_is_for_multipart(run: Run) -> None:
    async def main() -> None:
        async with serve(by_parts) as connect:
            peer = await connect()
            for kind, status in (("text/plain", 415), ("multipart/mixed", 400), (";", 415)):
                head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
                await peer.send(f"{head}Content-Length: 0\r\n\r\n".encode())
                assert (await peer.response())[0] == status

    run(main())


async def answer_to(connect: connecting, data: bytes, flood: bytes, times: int) -> tuple[int, int]:
    """Send ``data`` and then a flood until there is an answer; its status, and what was sent."""
    peer = await connect()
    await peer.send(data)
    waiting = asyncio.create_task(peer.reader.readuntil(b"\r\n\r\n"))
    sent = 0
    try:
        for _ in range(times):
            if waiting.done():
                break
            await peer.send(flood)
            sent += len(flood)
        head = await waiting
    except ConnectionError:
        head = await waiting
    return int(head.split(b" ", 2)[1]), sent


FLOODS = [
    ("a million parts", b"", field("a", b""), 1_000_000, 413),
    ("a million headers", b"--x\r\n", b"A: b\r\n", 1_000_000, 431),
    ("an endless header", b"--x\r\nA: ", b"b" * 100, 1_000_000, 431),
    ("an endless field", field("a", b"")[:-2], b"b" * 1000, 1_000_000, 413),
    ("an endless preamble", b"", b"b" * 1000, 1_000_000, 413),
]


@pytest.mark.parametrize(
    ("handler", "start", "unit", "count", "status"),
    [
        pytest.param(handler, *row[1:], id=f"{row[0]}-{handler.__name__}")
        for handler in (by_post, by_parts)
        for row in FLOODS
        # A reader of parts skips a preamble of any length, and keeps nothing of it.
        if handler is by_post or row[0] != "an endless preamble"
    ],
)
def test_CVE_2023_30798_CVE_2023_25577_GHSA_qjxf_GHSA_m5qp_floods_are_answered_early(
    run: Run, handler: Handler, start: bytes, unit: bytes, count: int, status: int
) -> None:
    """aiohttp, Starlette, Werkzeug and python-multipart took any number of parts or headers."""

    async def main() -> None:
        async with serve(handler) as connect:
            flood = unit * max(1, 60_000 // len(unit))
            times = count * len(unit) // len(flood)
            found, sent = await answer_to(
                connect, post(start, size=len(start) + len(flood) * times), flood, times
            )
            # Before anything is read, where the Content-Length says it all.
            assert found in (status, 413)
            assert sent < 16 * MIB
            # The same without a length.
            chunk = b"%x\r\n%b\r\n" % (len(flood), flood)
            head = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
            first = b"%x\r\n%b\r\n" % (len(start), start) if start else b""
            found, sent = await answer_to(connect, head + first, chunk, times)
            assert found == status
            assert sent < 16 * MIB

    run(main())


def test_a_boundary_of_many_megabytes(run: Run) -> None:
    async def main() -> None:
        async with serve(by_post) as connect:
            head, _, _ = post(b"", boundary="").partition(b"\r\nContent-Length")
            found, sent = await answer_to(connect, head, b"x" * 10_000, 10_000)
            assert found == 431
            assert sent < 16 * MIB
            peer = await connect()
            await peer.send(post(b"--x--"))
            assert await peer.response() == (200, b"read")

    run(main())


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_GHSA_6mq8_a_zip_bomb_in_a_part(run: Run, coding: str) -> None:
    """A part of 100 KB that inflates to 100 MB is refused at the limit."""
    wbits = zlib.MAX_WBITS + (16 if coding == "gzip" else 0)
    compressor = zlib.compressobj(wbits=wbits)
    bomb = b"".join(compressor.compress(bytes(MIB)) for _ in range(100)) + compressor.flush()
    body = f"--x\r\nContent-Encoding: {coding}\r\n\r\n".encode() + bomb + b"\r\n--x--\r\n"

    async def main() -> None:
        async with serve(by_parts) as connect:
            peer = await connect()
            tracemalloc.start()
            await peer.send(post(body).replace(b"form-data", b"mixed", 1))
            assert (await peer.response())[0] == 413
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < 8 * MIB

    run(main())


def test_a_full_disk_is_our_fault_and_leaves_nothing(
    run: Run, spool: SpoolPolicy, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(Listed):
        def write(self, data: Any) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    async def handler(request: Request) -> Response:
        assert isinstance(spool.open_file, functools.partial)
        full = functools.partial(Full, *spool.open_file.args)
        await request.post(spool=dataclasses.replace(spool, open_file=full))
        return Response()

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(post(WHOLE))
            assert (await peer.response())[0] == 500
        await closed()
        assert on_disk(spool) == []

    run(main())
    assert "No space left" in caplog.text


def test_GHSA_6jhg_GHSA_3wq7_CVE_2024_47874_CVE_2026_54283_one_limit_for_the_whole_form(
    run: Run,
) -> None:
    """Refused unread where the length is announced, and without an invitation to send it."""

    async def main() -> None:
        app = app_of(by_post, client_max_size=1000)
        app.router.add_post("/large", by_post, client_max_size=5000)
        async with serve(app) as connect:
            body = field("a", b"b" * 2000) + b"--x--"
            expect = "Expect: 100-continue\r\n"
            for path, status in (("/", 413), ("/large", 200)):
                peer = await connect()
                await peer.send(post(b"", size=len(body), path=path, more=expect))
                if status == 200:
                    assert (await peer.head()).startswith(b"HTTP/1.1 100 ")
                    await peer.send(body)
                assert (await peer.response())[0] == status
            peer = await connect()
            await peer.send(post(body, path="/large"))
            assert (await peer.response())[0] == 200

    run(main())


def test_limits_of_one_form(run: Run, spool: SpoolPolicy) -> None:
    limits = MultipartLimits(max_total=3000, max_files=1, max_fields=2, max_name_length=5)
    form = field("a", b"1") + field("b", b"2")
    cases = [
        (form, 200, ""),
        (form + field("c", b"3"), 413, "Maximum number of form fields 2 exceeded."),
        (field("f", b"", filename="f") * 2, 413, "more than 1 files in field 'f'"),
        (field("abcdef", b""), 413, "longer than 5 characters in field 'abcdef'"),
        (field("f", b"x" * 3000, filename="f"), 413, "3000"),
    ]

    async def handler(request: Request) -> Response:
        await request.post(limits=limits, spool=spool)
        return Response()

    async def main() -> None:
        async with serve(handler) as connect:
            for body, status, text in cases:
                peer = await connect()
                await peer.send(post(body + b"--x--"))
                found, answer = await peer.response()
                assert (found, text in answer.decode()) == (status, True)
        await closed()
        assert on_disk(spool) == []

    run(main())


def test_parts_of_any_size_can_be_streamed(run: Run) -> None:
    async def handler(request: Request) -> Response:
        assert request.client_max_size == MIB
        sizes = []
        async for part in await request.multipart():
            assert not isinstance(part, MultipartReader)
            size = 0
            while chunk := await part.read_chunk():
                assert len(chunk) <= part.chunk_size
                size += len(chunk)
            sizes.append(size)
        return json_response(sizes)

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            body = field("a", bytes(3 * MIB), filename="a") + field("b", b"1") + b"--x--"
            await peer.send(post(body))
            assert json.loads((await peer.response())[1]) == [3 * MIB, 1]

    run(main())


# Files.


class Seen(io.BytesIO):
    """A temporary file that tells which threads use it."""

    threads: set[int]

    def write(self, data: Any) -> int:
        self.threads.add(threading.get_ident())
        return super().write(data)

    def seek(self, *args: int) -> int:
        self.threads.add(threading.get_ident())
        return super().seek(*args)

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        super().close()


@each_loop
def test_CVE_2025_54121_spooling_never_runs_on_the_event_loop(run: Run) -> None:
    """Starlette rolled large uploads to disk on the event loop."""
    threads: set[int] = set()
    files: list[Seen] = []

    def open_file() -> Seen:
        threads.add(threading.get_ident())
        file = Seen()
        file.threads = threads
        files.append(file)
        return file

    async def handler(request: Request) -> Response:
        await request.post(
            limits=MultipartLimits(max_fields=1),
            spool=SpoolPolicy(threshold=1000, open_file=open_file),
        )
        return Response()

    async def main() -> None:
        async with serve(handler) as connect:
            large = field("a", bytes(5 * MIB), filename="a")
            for body, status in (
                (large + field("b", b"1") + b"--x--", 200),
                (field("a", b"x" * 1001, filename="a") + b"--x--", 200),
                (large + large[:1000], 400),
                (large + b"--x\r\nbad\r\n\r\n", 400),
                (large + field("b", b"1") * 2 + b"--x--", 413),
            ):
                files.clear()
                peer = await connect()
                await peer.send(post(body))
                assert (await peer.response())[0] == status
                assert files
        await closed()
        assert all(file.closed for file in files)
        assert threading.get_ident() not in threads

    run(main())


def test_small_files_never_touch_the_disk(run: Run, spool: SpoolPolicy) -> None:
    async def handler(request: Request) -> Response:
        form = await request.post(spool=dataclasses.replace(spool, threshold=MIB))
        return json_response([on_disk(spool) == [], len(form)])

    async def main() -> None:
        async with serve(app_of(handler, client_max_size=10 * MIB)) as connect:
            peer = await connect()
            file = field("a", bytes(100_000), filename="a")
            await peer.send(post(file * 3 + b"--x--"))
            assert json.loads((await peer.response())[1]) == [True, 3]
            # But not any number of them.
            await peer.send(post(file * 50 + b"--x--"))
            assert json.loads((await peer.response())[1]) == [False, 50]
        await closed()
        assert on_disk(spool) == []

    run(main())


LARGE = field("a", b"a" * 5000, filename="a.txt")
WHOLE = LARGE + field("b", b"small", filename="b.txt") + b"--x--\r\n"
ENDINGS = ["returned", "raised", "failed", "streamed", "sent", "cancelled"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_files_are_closed_with_the_response(run: Run, spool: SpoolPolicy, ending: str) -> None:
    kept: list[FileField] = []
    here = asyncio.Event()

    async def handler(request: Request) -> StreamResponse:
        form = await request.post(spool=spool)
        kept.extend(value for value in form.values() if isinstance(value, FileField))
        assert [field.file.closed for field in kept] == [False, False]
        assert len(on_disk(spool)) == 1
        here.set()
        if ending == "raised":
            raise HTTPFound("/")
        if ending == "failed":
            raise KeyError("bug")
        if ending == "cancelled":
            await asyncio.Event().wait()
        if ending == "streamed":
            # The body of the response is the upload itself.
            body: Any = kept[0].file
            return Response(body=body)
        if ending == "sent":
            response = StreamResponse()
            await response.prepare(request)
            await response.write(kept[0].file.read())
            return response
        return Response(body=kept[0].file.read())

    async def main() -> None:
        async with serve(handler, handler_cancellation=True) as connect:
            peer = await connect()
            await peer.send(post(WHOLE, more="Connection: close\r\n"))
            await here.wait()
            if ending == "cancelled":
                peer.writer.close()
                await peer.writer.wait_closed()
            else:
                answer = await peer.rest()
                status = {"raised": 302, "failed": 500}.get(ending, 200)
                assert answer.startswith(f"HTTP/1.1 {status} ".encode())
                assert answer.count(b"a" * 1000) == (5 if status == 200 else 0)
        await closed()
        assert [field.file.closed for field in kept] == [True, True]
        assert on_disk(spool) == []

    run(main())


@each_loop
@pytest.mark.parametrize("handler_cancellation", [False, True])
@pytest.mark.parametrize("part", ["head", "file", "field"])
def test_CVE_2022_31015_a_client_that_leaves_mid_file_leaves_nothing(
    run: Run, spool: SpoolPolicy, part: str, handler_cancellation: bool
) -> None:
    done = asyncio.Event()
    begun = asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    def open_file() -> Any:
        assert spool.open_file is not None
        loops[0].call_soon_threadsafe(begun.set)
        return spool.open_file()

    async def handler(request: Request) -> Response:
        try:
            await request.post(spool=dataclasses.replace(spool, open_file=open_file))
        finally:
            done.set()
        raise AssertionError("the form has no end")

    async def main() -> None:
        loops.append(asyncio.get_running_loop())
        async with serve(handler, handler_cancellation=handler_cancellation) as connect:
            rest = {"head": b"--x\r\nConte", "file": LARGE[:-2000], "field": field("b", b"")[:-4]}
            peer = await connect()
            await peer.send(post(LARGE + rest[part], size=20_000))
            await begun.wait()
            peer.writer.close()
            await peer.writer.wait_closed()
            await done.wait()
            # Others are served.
            peer = await connect()
            await peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
            assert (await peer.response())[0] == 500
        await closed()
        assert on_disk(spool) == []

    run(main())


@each_loop
def test_a_request_with_files_is_gone_without_the_collector(run: Run, spool: SpoolPolicy) -> None:
    requests: weakref.WeakSet[Request] = weakref.WeakSet()

    async def handler(request: Request) -> Response:
        requests.add(request)
        if request.path == "/parts":
            async for _ in await request.multipart():
                pass
        else:
            await request.post(spool=spool)
        return Response()

    async def main() -> None:
        import gc

        async with serve(handler) as connect:
            peer = await connect()
            gc.disable()
            try:
                for path in ("/parts", "/post"):
                    await peer.send(post(WHOLE, path=path))
                    assert (await peer.response())[0] == 200
                    await peer.send(post(b"--x--", path=path))
                    assert (await peer.response())[0] == 200
                    assert len(requests) <= 1
            finally:
                gc.enable()

    run(main())


def test_files_close_where_no_loop_takes_calls(spool: SpoolPolicy) -> None:
    from treadle_multipart import parse_form

    for end in (Uploads.close_soon, Uploads.close, Uploads.__del__):
        form = parse_form("multipart/form-data; boundary=x", WHOLE, spool=spool)
        assert len(on_disk(spool)) == 1
        end(Uploads(form))
        assert on_disk(spool) == []
