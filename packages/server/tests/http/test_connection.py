"""The connection on real sockets: what clients send, and what they get, byte for byte."""

import asyncio
import contextlib
import re
from collections.abc import Callable

import pytest

from testkit import FakeClock, Run, each_loop, serve
from treadle_responses import Response, StreamResponse
from treadle_server import BaseRequest, RawHandler

GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"


async def hello(request: BaseRequest) -> Response:
    return Response(text=f"Hello from {request.path}")


async def echo(request: BaseRequest) -> Response:
    return Response(body=await request.read())


@each_loop
def test_small_response(run: Run) -> None:
    async def main() -> None:
        async with serve(hello) as connect:
            peer = await connect()
            await peer.send(GET)
            head = await peer.head()
            assert re.fullmatch(
                rb"HTTP/1\.1 200 OK\r\n"
                rb"Content-Type: text/plain; charset=utf-8\r\n"
                rb"Content-Length: 13\r\n"
                rb"Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n"
                rb"Server: treadle\r\n\r\n",
                head,
            )
            assert await peer.reader.readexactly(13) == b"Hello from /a"

    run(main())


async def streamed(request: BaseRequest) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    await response.write_eof(b"x")
    return response


async def with_a_server_field_of_its_own(request: BaseRequest) -> Response:
    return Response(headers={"Server": "other"})


@pytest.mark.parametrize(
    ("handler", "request_bytes", "option", "expected"),
    [
        (hello, GET, "Example", b"Example"),
        (hello, GET, None, None),
        (streamed, GET, "Example", b"Example"),
        (streamed, GET, None, None),
        # A refusal is written without a response object.
        (hello, b"GET / HTTP/1.1\r\n\r\n", "Example", b"Example"),
        (hello, b"GET / HTTP/1.1\r\n\r\n", None, None),
        (with_a_server_field_of_its_own, GET, None, b"other"),
    ],
)
def test_the_server_field_can_be_set_and_dropped(
    run: Run,
    handler: RawHandler,
    request_bytes: bytes,
    option: str | None,
    expected: bytes | None,
) -> None:
    async def main() -> None:
        async with serve(handler, server_header=option) as connect:
            peer = await connect()
            await peer.send(request_bytes)
            found = re.findall(rb"\r\nServer: (.*)\r\n", await peer.head())
            assert found == ([] if expected is None else [expected])

    run(main())


@each_loop
def test_keep_alive_and_pipelining_in_order(run: Run) -> None:
    async def slow_first(request: BaseRequest) -> Response:
        if request.path == "/0":
            await asyncio.sleep(0.01)
        return Response(text=request.path)

    async def main() -> None:
        async with serve(slow_first) as connect:
            peer = await connect()
            await peer.send(
                b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % n for n in range(100))
            )
            answers = [await peer.response() for _ in range(100)]
            assert answers == [(200, b"/%d" % n) for n in range(100)]
            await peer.send(GET)
            assert await peer.response() == (200, b"/a")

    run(main())


@each_loop
def test_bytes_one_by_one(run: Run) -> None:
    request = b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"

    async def main() -> None:
        async with serve(echo) as connect:
            peer = await connect()
            for byte in request:
                await peer.send(bytes([byte]))
                await asyncio.sleep(0)
            assert await peer.response() == (200, b"hello")

    run(main())


BODIES = [
    (b"Content-Length: 3\r\n\r\nabc", b"abc"),
    (b"Content-Length: 0\r\n\r\n", b""),
    (b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n", b"abc"),
    (b"Transfer-Encoding: Chunked\r\n\r\n0\r\nX-Trailer: 1\r\n\r\n", b""),
]


@each_loop
@pytest.mark.parametrize(("tail", "body"), BODIES)
def test_bodies_with_a_request_behind(run: Run, tail: bytes, body: bytes) -> None:
    async def main() -> None:
        async with serve(echo) as connect:
            peer = await connect()
            await peer.send(b"POST / HTTP/1.1\r\nHost: x\r\n" + tail + GET)
            assert await peer.response() == (200, body)
            assert await peer.response() == (200, b"")

    run(main())


REFUSALS = [
    (b"GARBAGE\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    (b"GET /\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\nHost: x\n\n", 400),
    (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (b"FROB / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 9000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 100_000, 431),
]


@pytest.mark.parametrize(("data", "status"), REFUSALS, ids=range(len(REFUSALS)))
def test_refusals_answer_and_close(run: Run, data: bytes, status: int) -> None:
    async def main() -> None:
        async with serve(hello) as connect:
            peer = await connect()
            answer = await peer.ask(data)
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 %d " % status)
            assert b"\r\nConnection: close" in head
            assert b"\r\nDate: " in head
            assert body.startswith(b"%d: " % status)
            # Nothing of what the client sent comes back.
            assert b"GARBAGE" not in answer
            assert b"bbb" not in answer
            # And the server lives on.
            other = await connect()
            await other.send(GET)
            assert (await other.response())[0] == 200

    run(main())


@each_loop
def test_a_valid_request_is_answered_before_the_garbage_behind_it(run: Run) -> None:
    async def main() -> None:
        async with serve(hello) as connect:
            peer = await connect()
            await peer.send(GET + b"\x00garbage\r\n\r\n")
            assert await peer.response() == (200, b"Hello from /a")
            assert (await peer.response())[0] == 400
            assert await peer.rest() == b""

    run(main())


@each_loop
@pytest.mark.parametrize(
    ("request_", "closes", "connection"),
    [
        (b"GET / HTTP/1.0\r\n\r\n", True, b"Connection: close\r\n"),
        (b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", False, b"Connection: keep-alive\r\n"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", True, b"Connection: close\r\n"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", False, b""),
    ],
)
def test_persistence(run: Run, request_: bytes, closes: bool, connection: bytes) -> None:
    async def main() -> None:
        async with serve(hello) as connect:
            peer = await connect()
            await peer.send(request_)
            head = await peer.head()
            assert (connection in head) if connection else (b"Connection" not in head)
            await peer.reader.readexactly(12)
            if closes:
                assert await peer.rest() == b""
            else:
                await peer.send(GET)
                assert (await peer.response())[0] == 200

    run(main())


async def stream(request: BaseRequest) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    for piece in (b"one", b"", b"two"):
        await response.write(piece)
    return response


@each_loop
@pytest.mark.parametrize(
    ("request_", "body"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"),
        (b"GET / HTTP/1.0\r\n\r\n", b"onetwo"),
        # HEAD of a stream sends nothing behind the head (section 13.1 of the contract).
        (b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    ],
)
def test_streams(run: Run, request_: bytes, body: bytes) -> None:
    async def main() -> None:
        async with serve(stream) as connect:
            peer = await connect()
            last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            answer = await peer.ask(request_ + last)
            head, _, rest = answer.partition(b"\r\n\r\n")
            assert (b"Transfer-Encoding: chunked" in head) == (b"\r\n" in body)
            assert rest.startswith(body)
            # The next answer begins where this one ends.
            assert rest[len(body) :].startswith(
                b"" if b"1.0" in request_ else b"HTTP/1.1 200 OK\r\n"
            )

    run(main())


def test_head_tells_what_get_would_send(run: Run) -> None:
    async def main() -> None:
        async with serve(hello) as connect:
            peer = await connect()
            await peer.send(b"HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
            assert b"Content-Length: 13\r\n" in await peer.head()
            assert await peer.response() == (200, b"Hello from /a")

    run(main())


@pytest.mark.parametrize(
    ("make", "length"),
    [
        # RFC 9110 section 9.3.2: a length in an answer to HEAD is that of the answer to GET.
        (Response, None),
        (lambda: Response(headers={"X-A": "b"}), None),
        (lambda: Response(status=404), None),
        (lambda: Response(headers={"Content-Length": "7"}), b"7"),
        (lambda: Response(body=b""), b"0"),
        (lambda: Response(text=""), b"0"),
        (lambda: Response(text="abc"), b"3"),
        (lambda: Response(status=204), None),
    ],
)
def test_head_without_a_body_says_nothing_of_the_length(
    run: Run, make: Callable[[], Response], length: bytes | None
) -> None:
    async def handler(request: BaseRequest) -> Response:  # a handler's signature
        return make()

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
            head = await peer.head()
            assert head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0] == (length or b"")
            # The connection goes on behind it.
            assert (await peer.head()).startswith(b"HTTP/1.1 ")

    run(main())


@each_loop
def test_expect_continue_is_sent_when_the_body_is_read(run: Run) -> None:
    async def main() -> None:
        async with serve(echo) as connect:
            peer = await connect()
            await peer.send(
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
            )
            assert await peer.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
            await peer.send(b"hi")
            assert await peer.response() == (200, b"hi")

    run(main())


def test_a_body_announced_too_large_gets_413_and_no_100(run: Run) -> None:
    async def main() -> None:
        async with serve(echo, lingering_time=0.5) as connect:
            peer = await connect()
            await peer.send(
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n"
                b"Expect: 100-continue\r\n\r\n"
            )
            head = await peer.head()
            assert head.startswith(b"HTTP/1.1 413 ")
            # The body may or may not come now, so the connection ends.
            assert b"Connection: close" in head

    run(main())


def test_other_expectations_get_417(run: Run) -> None:
    async def main() -> None:
        async with serve(echo) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.1\r\nHost: x\r\nExpect: a-pony\r\n\r\n")
            assert (await peer.response())[0] == 417

    run(main())


@each_loop
def test_an_unread_body_is_dropped_and_the_connection_goes_on(run: Run) -> None:
    async def main() -> None:
        async with serve(hello) as connect:
            peer = await connect()
            await peer.send(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n")
            assert await peer.response() == (200, b"Hello from /a")
            await peer.send(b"GET /not-a-request HTTP/1.1\r\n".ljust(100_000, b"x") + GET)
            assert await peer.response() == (200, b"Hello from /a")

    run(main())


def test_an_endless_unread_body_is_cut_off(clock: FakeClock) -> None:
    async def main() -> None:
        async with serve(hello, lingering_time=10, lingering_timeout=3) as connect:
            peer = await connect()
            await peer.send(b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n")
            assert (await peer.response())[0] == 200
            passed = 0
            with contextlib.suppress(ConnectionError):
                while passed < 60:
                    await peer.send(b"x" * 1000)
                    await clock.advance(1)
                    passed += 1
            assert 10 <= passed <= 14

    clock.run(main())


@each_loop
@pytest.mark.parametrize(
    "tail",
    [
        b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n",
    ],
)
def test_a_malformed_body_is_400_however_it_is_read(run: Run, tail: bytes) -> None:
    async def main() -> None:
        async with serve(echo) as connect:
            peer = await connect()
            await peer.send(b"POST / HTTP/1.1\r\nHost: x\r\n" + tail)
            assert (await peer.response())[0] == 400
            assert await peer.rest() == b""

    run(main())


@each_loop
def test_a_body_that_ends_early_fails_the_reader(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[BaseException] = []

    async def read(request: BaseRequest) -> Response:
        try:
            await request.read()
        except ConnectionResetError as error:
            failures.append(error)
            raise
        return Response()

    async def main() -> None:
        async with serve(read) as connect:
            peer = await connect()
            await peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
            peer.writer.write_eof()
            with contextlib.suppress(ConnectionResetError):
                assert await peer.rest() == b""
        assert len(failures) == 1

    run(main())
    assert not caplog.records


@each_loop
def test_the_answer_goes_out_to_a_client_that_has_finished_sending(run: Run) -> None:
    async def main() -> None:
        async with serve(hello) as connect:
            peer = await connect()
            await peer.send(GET)
            peer.writer.write_eof()
            assert (await peer.rest()).endswith(b"Hello from /a")

    run(main())


@each_loop
def test_pipelined_requests_before_the_end_of_input_are_answered(run: Run) -> None:
    async def slow(request: BaseRequest) -> Response:
        await asyncio.sleep(0.01)
        return Response(text=request.path)

    async def main() -> None:
        async with serve(slow) as connect:
            peer = await connect()
            await peer.send(GET + GET.replace(b"/a", b"/b") + b"GET /half")
            peer.writer.write_eof()
            answers = await peer.rest()
            assert answers.count(b"HTTP/1.1 200 OK") == 2
            assert answers.endswith(b"/b")

    run(main())


@each_loop
def test_a_reader_that_waits_pauses_the_client(run: Run) -> None:
    """The server takes no more than its buffer of a body that the handler does not read."""
    started = asyncio.Event()
    go_on = asyncio.Event()

    async def wait(request: BaseRequest) -> Response:
        started.set()
        await go_on.wait()
        size = 0
        async for piece in request.content.iter_chunked(1000):
            size += len(piece)
        return Response(text=str(size))

    async def main() -> None:
        async with serve(wait, read_bufsize=10_000) as connect:
            peer = await connect()
            size = 30_000_000
            await peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
            await started.wait()
            sending = asyncio.ensure_future(peer.send(b"x" * size))
            done, _ = await asyncio.wait([sending], timeout=0.2)
            # 30 MB do not fit into any socket's buffers: the client must be waiting.
            assert not done
            go_on.set()
            assert await peer.response() == (200, b"30000000")
            await sending

    run(main())


@each_loop
def test_a_client_that_does_not_read_pauses_the_handler(run: Run) -> None:
    written: list[int] = []

    async def flood(request: BaseRequest) -> StreamResponse:
        response = StreamResponse()
        await response.prepare(request)
        for number in range(300):
            await response.write(b"x" * 100_000)
            written.append(number)
        return response

    async def main() -> None:
        async with serve(flood, write_timeout=60) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.0\r\n\r\n")
            await peer.head()
            seen = -1
            while seen != len(written):
                seen = len(written)
                await asyncio.sleep(0.05)
            assert seen < 300
            assert len(await peer.rest()) == 30_000_000

    run(main())


@each_loop
def test_an_upload_of_several_pieces_wakes_the_reader(run: Run) -> None:
    async def main() -> None:
        async with serve(echo) as connect:
            peer = await connect()
            await peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n")
            for piece in (b"ab", b"cd", b"ef"):
                await peer.send(piece)
                await asyncio.sleep(0.005)
            assert await peer.response() == (200, b"abcdef")

    run(main())


@each_loop
def test_a_peer_that_does_not_read_fills_no_kernel_buffers(run: Run) -> None:
    size = 8 * 1024 * 1024
    transports: list[asyncio.Transport] = []

    async def large(request: BaseRequest) -> Response:
        assert request.transport is not None
        transports.append(request.transport)
        return Response(body=bytes(size))

    async def main() -> None:
        async with serve(large) as connect:
            peer = await connect()
            await peer.send(GET)
            await peer.head()
            # Bytes that neither the peer's stream nor the kernels hold wait here. Some 190 KiB
            # do not; without a bound it were 3.8 MiB. On a busy machine more turns pass before.
            assert size - transports[0].get_write_buffer_size() < 2 * 1024 * 1024
            assert await peer.exactly(size) == bytes(size)

    run(main())


@each_loop
def test_a_refused_client_that_has_finished_sending_is_not_waited_for(run: Run) -> None:
    async def late(request: BaseRequest) -> Response:
        # The end of input comes first.
        await asyncio.sleep(0.01)
        return Response(body=await request.read())

    async def main() -> None:
        async with serve(late, lingering_time=1000) as connect:
            peer = await connect()
            await peer.send(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
            peer.writer.write_eof()
            with contextlib.suppress(ConnectionError):
                assert await peer.rest() == b"", "a body that ends early has no answer"
            for body, answer in ((b"5\r\nabc", b""), (b"x", b"HTTP/1.1 400 Bad Request")):
                peer = await connect()
                await peer.send(
                    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body
                )
                peer.writer.write_eof()
                # The end of the connection comes before the lingering time is over.
                assert (await peer.rest()).split(b"\r\n")[0] == answer

    run(main())


POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"


@each_loop
def test_the_body_behind_one_that_was_dropped_is_read(run: Run) -> None:
    async def some(request: BaseRequest) -> Response:
        if request.path == "/drop":
            return Response(text="dropped")
        return Response(body=await request.read())

    async def main() -> None:
        async with serve(some) as connect:
            peer = await connect()
            first = POST.replace(b"/", b"/drop", 1) % (10, b"01234")
            await peer.send(first)
            assert await peer.response() == (200, b"dropped")
            await peer.send(b"56789" + POST % (5, b"hello"))
            assert await peer.response() == (200, b"hello")

    run(main())


@each_loop
@pytest.mark.parametrize("together", [True, False])
def test_lines_are_read_alike_however_they_arrive(run: Run, together: bool) -> None:
    async def lines(request: BaseRequest) -> Response:
        return Response(text=str([line async for line in request.content]))

    async def main() -> None:
        async with serve(lines) as connect:
            peer = await connect()
            wire = POST % (15, b"hello\nworld\nend")
            cut = len(wire) if together else len(wire) - 11
            await peer.send(wire[:cut])
            await asyncio.sleep(0)
            await peer.send(wire[cut:])
            assert await peer.response() == (200, str([b"hello\n", b"world\n", b"end"]).encode())

    run(main())


@each_loop
def test_a_pipeline_waits_for_a_peer_that_does_not_read(run: Run) -> None:
    started = 0

    async def large(request: BaseRequest) -> Response:
        nonlocal started
        started += 1
        await asyncio.sleep(0)
        return Response(body=bytes(1_000_000))

    async def main() -> None:
        async with serve(large) as connect:
            peer = await connect()
            await peer.send(GET * 50)
            first = await peer.head()
            for _ in range(500):
                await asyncio.sleep(0)
            # Each answer is larger than all the buffers between us.
            assert started < 10
            await peer.exactly(1_000_000)
            for _ in range(49):
                assert await peer.response() == (200, bytes(1_000_000))
            assert first.startswith(b"HTTP/1.1 200 ")
            assert started == 50

    run(main())


def test_a_large_answer_in_front_of_an_unread_body(clock: FakeClock) -> None:
    size = 20_000_000

    async def early(request: BaseRequest) -> Response:
        return Response(body=bytes(size))

    async def main() -> None:
        async with serve(early, lingering_time=5, write_timeout=10) as connect:
            peer = await connect()
            await peer.send(POST % (100_000, b"a" * 50_000))
            head = await peer.head()
            # Slower than lingering_time, and steady.
            got = 0
            while got < size:
                got += len(await peer.exactly(1_000_000))
                await clock.advance(2)
            await peer.send(b"a" * 50_000 + GET)
            assert head.startswith(b"HTTP/1.1 200 ")
            assert await peer.response() == (200, bytes(size))

    clock.run(main())


@each_loop
def test_a_slow_reader_of_a_body_keeps_the_pipeline_waiting(run: Run) -> None:

    async def slowly(request: BaseRequest) -> Response:
        if not request.body_exists:
            return Response(text="next")
        async for _ in request.content.iter_chunked(100):
            await asyncio.sleep(0)
        return Response(text="read")

    async def main() -> None:
        async with serve(slowly, read_bufsize=10_000) as connect:
            peer = await connect()
            await peer.send(POST % (30_000, bytes(30_000)))
            flood = asyncio.ensure_future(peer.send(GET * 100_000))
            assert await peer.response() == (200, b"read")
            for _ in range(1000):
                assert await peer.response() == (200, b"next")
            flood.cancel()
            await asyncio.wait([flood])

    run(main())


@each_loop
def test_waiting_for_the_end_of_a_body_that_nobody_reads(run: Run) -> None:
    async def patient(request: BaseRequest) -> Response:
        try:
            await request.content.wait_eof()
        except RuntimeError as error:
            return Response(text=str(error))
        return Response(text="all")

    async def main() -> None:
        async with serve(patient, read_bufsize=10_000) as connect:
            peer = await connect()
            await peer.send(POST % (5000, bytes(5000)))
            assert await peer.response() == (200, b"all")
            await peer.send((POST % (50_000, bytes(50_000)))[:40_000])
            assert b"wait for ever" in (await peer.response())[1]

    run(main())


@each_loop
@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize("late", [False, True])
def test_a_slow_reader_that_has_finished_sending_gets_every_answer(
    run: Run, waits: bool, late: bool
) -> None:
    size = 20_000_000

    async def large(request: BaseRequest) -> Response:
        if waits:
            # The end of input comes first.
            await asyncio.sleep(0.01)
        return Response(body=bytes(size))

    async def main() -> None:
        async with serve(large) as connect:
            peer = await connect()
            await peer.send(GET * 5)
            if late:
                # By now the server waits for the peer to read.
                await peer.head()
            peer.writer.write_eof()
            if not late:
                await peer.head()
            await peer.exactly(size)
            for _ in range(4):
                assert await peer.response() == (200, bytes(size))
            assert await peer.rest() == b""

    run(main())
