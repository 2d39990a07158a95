"""Event streams over real connections: what is sent, and what ends them."""

import asyncio
import contextlib
import gc
import gzip
import logging
import re
import socket
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any, Self

import pytest

from testkit import (
    CONNECTION,
    FakeChannel,
    FakeClock,
    Peer,
    Run,
    connecting,
    each_loop,
    request_head,
    serve,
    wait_streams_ended,
)
from treadle_responses import ContentCoding, Response, ServerSentEvent, StreamResponse
from treadle_server import (
    EMPTY_PAYLOAD,
    Application,
    AppRunner,
    BaseRequest,
    ClientConnectionResetError,
    EventSourceResponse,
    Request,
    SockSite,
    sse_response,
)

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


class Story:
    """Handlers that stream, in each of the ways, and tell what happened."""

    def __init__(self, events: int = 2, *, then_wait: bool = True) -> None:
        self.events = events
        self.then_wait = then_wait
        self.told: list[str] = []
        self.waiting = asyncio.Event()
        self.ended = asyncio.Event()

    async def _wait(self) -> None:
        self.waiting.set()
        if self.then_wait:
            await forever()

    async def generate(self) -> AsyncIterator[str]:
        task = asyncio.current_task()
        try:
            for number in range(self.events):
                yield str(number)
            await self._wait()
        finally:
            assert asyncio.current_task() is task
            # What the end of a generator waits for is waited for.
            await asyncio.sleep(0)
            self.told.append("closed")
            self.ended.set()

    async def iterator(self, request: Request) -> StreamResponse:
        return EventSourceResponse(self.generate())

    async def block(self, request: Request) -> StreamResponse:
        response = EventSourceResponse()
        await response.prepare(request)
        async with response:
            try:
                for number in range(self.events):
                    await response.send(str(number))
                await self._wait()
            finally:
                self.told.append("closed")
                self.ended.set()
        self.told.append("behind")
        assert not response.is_connected()
        return response

    async def manager(self, request: Request) -> StreamResponse:
        async with sse_response(request) as response:
            try:
                for number in range(self.events):
                    await response.send(str(number))
                await self._wait()
            finally:
                self.told.append("closed")
                self.ended.set()
        self.told.append("behind")
        return response


class Stopping:
    """A server that is stopped while its clients stay connected."""

    def __init__(self, app: Application | Callable[[Request], Awaitable[StreamResponse]]) -> None:
        if not isinstance(app, Application):
            handler, app = app, Application()
            app.router.add_get("/", handler)
        self.runner = AppRunner(app, shutdown_timeout=20.0)
        self.address: tuple[str, int] = ("", 0)
        self.peers: list[Peer] = []

    async def __aenter__(self) -> Self:
        await self.runner.setup()
        sock = socket.create_server(("127.0.0.1", 0))
        await SockSite(self.runner, sock).start()
        self.address = sock.getsockname()
        return self

    async def connect(self) -> Peer:
        self.peers.append(Peer(*await asyncio.open_connection(*self.address)))
        return self.peers[-1]

    async def stop(self) -> float:
        """Stop, and return the seconds that it took."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await self.runner.cleanup()
        return loop.time() - begun

    async def __aexit__(self, *_: object) -> None:
        for peer in self.peers:
            peer.writer.close()
        await self.runner.cleanup()


WAYS = ("iterator", "block", "manager")
each_way = pytest.mark.parametrize("way", WAYS)


async def read_events(peer: Peer, count: int) -> bytes:
    """Return the head and ``count`` events of a chunked stream, without its framing."""
    data = b""
    while data.count(b"\n\n") < count:
        size = int(await asyncio.wait_for(peer.reader.readline(), 20), 16)
        data += await peer.exactly(size)
        await peer.exactly(2)
    return data


async def open_stream(connect: connecting, data: bytes = GET) -> tuple[Peer, bytes]:
    peer = await connect()
    await peer.send(data)
    return peer, await peer.head()


@each_loop
@each_way
def test_a_stream_that_ends(run: Run, way: str) -> None:
    async def main() -> None:
        story = Story(then_wait=False)
        async with serve(getattr(story, way)) as connect:
            peer, head = await open_stream(connect)
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            fields = dict(re.findall(rb"([^\r\n:]+): ([^\r\n]+)", head))
            assert fields[b"Content-Type"] == b"text/event-stream"
            assert fields[b"Cache-Control"] == b"no-store, no-transform"
            assert fields[b"X-Accel-Buffering"] == b"no"
            assert fields[b"Transfer-Encoding"] == b"chunked"
            assert await read_events(peer, 2) == b"data: 0\n\ndata: 1\n\n"
            assert await peer.exactly(5) == b"0\r\n\r\n"
            # The connection serves further requests.
            await peer.send(GET)
            assert (await peer.head()).startswith(b"HTTP/1.1 200 OK\r\n")
        assert story.told.count("closed") == 2

    run(main())


@each_loop
@each_way
@pytest.mark.parametrize("aborts", [False, True], ids=["closes", "aborts"])
@pytest.mark.parametrize("cancels", [False, True], ids=["", "handler_cancellation"])
def test_a_client_that_leaves(run: Run, way: str, aborts: bool, cancels: bool) -> None:
    async def main() -> None:
        story = Story()
        async with serve(getattr(story, way), handler_cancellation=cancels) as connect:
            peer, _ = await open_stream(connect)
            await read_events(peer, 2)
            await story.waiting.wait()
            if aborts:
                peer.writer.transport.abort()
            else:
                peer.writer.close()
            # Nothing is sent, and no time passes.
            await asyncio.wait_for(story.ended.wait(), 5)
        assert story.told[0] == "closed"
        # Cancelled by the server, the handler does not go on behind the block.
        assert cancels or way == "iterator" or story.told[1:] == ["behind"]

    run(main())


@each_loop
@each_way
def test_the_stop_ends_streams_at_once(run: Run, way: str) -> None:
    async def main() -> None:
        story = Story()
        async with Stopping(getattr(story, way)) as server:
            peer, _ = await open_stream(server.connect)
            await read_events(peer, 2)
            await story.waiting.wait()
            assert await server.stop() < 5
            # A whole response, so that a browser connects again.
            assert await peer.rest() == b"0\r\n\r\n"
        assert story.told[0] == "closed"

    run(main())


@each_loop
def test_on_shutdown_sends_a_last_event(run: Run) -> None:
    async def main() -> None:
        streams: set[EventSourceResponse] = set()
        begun = asyncio.Event()

        async def handler(request: Request) -> StreamResponse:
            async with sse_response(request) as response:
                streams.add(response)
                begun.set()
                await response.wait()
            return response

        async def say_good_bye(app: Application) -> None:
            for response in streams:
                await response.send("bye", event="bye")

        app = Application()
        app.router.add_get("/", handler)
        app.on_shutdown.append(say_good_bye)
        async with Stopping(app) as server:
            peer, _ = await open_stream(server.connect)
            await begun.wait()
            assert await server.stop() < 5
            assert b"event: bye\ndata: bye\n\n" in await peer.rest()

    run(main())


@each_loop
@each_way
def test_a_stream_that_begins_while_the_server_stops(run: Run, way: str) -> None:
    async def main() -> None:
        story = Story(0)
        entered = asyncio.Event()

        async def late(request: Request) -> StreamResponse:
            entered.set()
            await wait_streams_ended(request)
            response: StreamResponse = await getattr(story, way)(request)
            return response

        async with Stopping(late) as server:
            peer = await server.connect()
            await peer.send(GET)
            await entered.wait()
            assert await server.stop() < 5
            assert (await peer.rest()).endswith(b"0\r\n\r\n")
        assert story.told == [] or story.told[0] == "closed"

    run(main())


class Long(Story):
    """A story of endless, large events."""

    sent = 0

    async def generate(self) -> AsyncGenerator[str]:
        try:
            while True:
                self.sent += 1
                yield "x" * 100_000
        finally:
            self.told.append("closed")

    async def block(self, request: Request) -> StreamResponse:
        async with sse_response(request) as response, contextlib.aclosing(self.generate()) as all_:
            async for event in all_:
                await response.send(event)
        return response


@each_loop
@pytest.mark.parametrize("way", ["iterator", "block"])
def test_a_slow_client_bounds_the_stream_and_not_the_stop(run: Run, way: str) -> None:
    async def main() -> None:
        story = Long()
        async with Stopping(getattr(story, way)) as server:
            peer = await server.connect()
            peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # it is a Transport
            await peer.send(GET)
            before = 0
            for _ in range(50):
                before = story.sent
                await asyncio.sleep(0.2)
                if before == story.sent > 0:
                    break
            # What the kernel takes, and 64 KiB.
            assert before == story.sent < 200
            # The client has a second for the last bytes.
            assert await server.stop() < 8
        assert story.told == ["closed"]

    run(main())


# Method, version, fields; a part of the head, and the body.
REQUESTS: list[tuple[str, str, bytes, bytes]] = [
    ("HEAD", "1.1", b"Content-Type: text/event-stream\r\n", b""),
    ("GET", "1.0", b"\r\nConnection: close\r\n", b"data: 0\n\ndata: 1\n\n"),
    ("POST", "1.0", b"\r\nConnection: close\r\n", b"data: 0\n\ndata: 1\n\n"),
]


@each_way
@pytest.mark.parametrize(("method", "version", "part", "body"), REQUESTS)
def test_requests(run: Run, way: str, method: str, version: str, part: bytes, body: bytes) -> None:
    async def main() -> None:
        # With HEAD, one that would never end is not begun, or ends where it first waits.
        story = Story(then_wait=method == "HEAD")
        async with serve(getattr(story, way)) as connect:
            peer = await connect()
            data = f"{method} / HTTP/{version}\r\nHost: h\r\nConnection: close\r\n\r\n".encode()
            head, _, rest = (await peer.ask(data)).partition(b"\r\n\r\n")
            assert part in head + b"\r\n"
            assert rest == body
        assert story.told == [] or story.told[0] == "closed"

    run(main())


def test_events_of_every_kind(run: Run) -> None:
    async def events() -> AsyncIterator[str | ServerSentEvent]:
        yield "text"
        yield ServerSentEvent("a\nb", event="e", id="1", retry=5)
        yield ServerSentEvent.from_json([1])
        yield ServerSentEvent(comment="c")

    async def handler(request: Request) -> StreamResponse:
        return EventSourceResponse(events(), headers={"Cache-Control": "private"}, status=201)

    async def main() -> None:
        async with serve(handler) as connect:
            peer, head = await open_stream(connect)
            assert b"HTTP/1.1 201 Created" in head
            assert b"Cache-Control: private\r\n" in head
            assert await read_events(peer, 4) == (
                b"data: text\n\nevent: e\nid: 1\nretry: 5\ndata: a\ndata: b\n\ndata: [1]\n\n: c\n\n"
            )

    run(main())


# What an iterator yields, and the log.
WRONG_EVENTS: list[tuple[Any, str]] = [
    ({"data": 1}, "data is a str, not dict: use ServerSentEvent.from_json()"),
    (b"x", "data is a str, not bytes"),
    (None, "An event has at least one of data"),
]


@pytest.mark.parametrize("begun", [False, True])
@pytest.mark.parametrize(("event", "sentence"), WRONG_EVENTS)
def test_what_is_no_event(
    run: Run, caplog: pytest.LogCaptureFixture, event: Any, sentence: str, begun: bool
) -> None:
    closed: list[bool] = []

    async def events() -> AsyncIterator[Any]:
        try:
            if begun:
                yield "first"
            yield event
        finally:
            closed.append(True)

    async def handler(request: Request) -> StreamResponse:
        return EventSourceResponse(events())

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            answer = await peer.ask(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            # Before the first byte there is an answer; behind it, the cut tells the client.
            assert answer.startswith(b"HTTP/1.1 200" if begun else b"HTTP/1.1 500")
            assert not (begun and answer.endswith(b"0\r\n\r\n"))

    run(main())
    assert closed == [True]
    assert sentence in caplog.text


async def generator() -> AsyncIterator[str]:
    yield "x"


# Arguments, the error and its sentence.
WRONG: list[tuple[Callable[[], object], type[Exception], str]] = [
    (lambda: EventSourceResponse(generator), TypeError, "EventSourceResponse(generator())"),  # type: ignore[arg-type]  # the mistake under test
    (lambda: EventSourceResponse(["a"]), TypeError, "not ['a']"),  # type: ignore[arg-type]  # as above
    (lambda: EventSourceResponse("a" * 5000), TypeError, "characters)"),  # type: ignore[arg-type]  # as above
    (lambda: EventSourceResponse(keepalive=0), ValueError, "seconds above 0, or None, not 0"),
    (lambda: EventSourceResponse(keepalive=-1.5), ValueError, "not -1.5"),
    (lambda: EventSourceResponse(keepalive=float("nan")), ValueError, "not nan"),
    (lambda: EventSourceResponse(keepalive=float("inf")), ValueError, "not inf"),
    (lambda: EventSourceResponse(keepalive="15"), TypeError, "str"),  # type: ignore[arg-type]  # as above
    (lambda: EventSourceResponse().last_event_id, RuntimeError, "comes behind prepare()"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "error", "sentence"), WRONG)
def test_wrong_arguments(make: Callable[[], object], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 400


def test_calls_at_the_wrong_moment(run: Run) -> None:
    async def main() -> None:
        done = asyncio.Event()

        async def handler(request: Request) -> StreamResponse:
            response = EventSourceResponse()
            with pytest.raises(RuntimeError, match=r"wait\(\) comes behind prepare"):
                await response.wait()
            with pytest.raises(RuntimeError, match="the block comes behind prepare"):
                async with response:
                    pass
            assert not response.is_connected()
            await response.prepare(request)
            assert response.is_connected()
            with pytest.raises(RuntimeError, match="in the block `async with response:`"):
                await response.send("x")
            async with response:
                with pytest.raises(TypeError, match="has its own id, event and retry"):
                    await response.send(ServerSentEvent("x"), id="1")
                with pytest.raises(RuntimeError, match="An event stream has one block"):
                    await response.__aenter__()
                # A second call of ``prepare`` does nothing.
                await response.prepare(request)
                await response.send(ServerSentEvent("x"))
            assert response.eof_sent
            with pytest.raises(ClientConnectionResetError, match="the stream has ended"):
                await response.send("x")
            await response.wait()
            await response.write_eof()
            response.stop_streaming()
            with pytest.raises(ValueError, match="a response head is not possible now"):
                await EventSourceResponse(generator()).prepare(request)
            done.set()
            return response

        async with serve(handler) as connect:
            peer, _ = await open_stream(connect)
            assert await read_events(peer, 1) == b"data: x\n\n"
            await done.wait()

    run(main())


def test_a_block_around_an_iterator_and_a_foreign_request(run: Run) -> None:
    async def main() -> None:
        async def handler(request: Request) -> StreamResponse:
            response = EventSourceResponse(generator())
            await response.prepare(request)
            with pytest.raises(RuntimeError, match="come from its iterator: return it"):
                async with response:
                    pass
            return response

        async with serve(handler) as connect:
            peer, _ = await open_stream(connect)
            assert await read_events(peer, 1) == b"data: x\n\n"
        with pytest.raises(TypeError, match="needs a request of this server, not"):
            await EventSourceResponse().prepare(object())  # type: ignore[arg-type]  # the mistake under test

    run(main())


def test_another_task_stops_the_stream(run: Run) -> None:
    async def main() -> None:
        streams: list[EventSourceResponse] = []

        async def handler(request: Request) -> StreamResponse:
            async with sse_response(request) as response:
                streams.append(response)
                await response.send("x")
                await forever()
            return response

        async with serve(handler) as connect:
            peer, _ = await open_stream(connect)
            await read_events(peer, 1)
            streams[0].stop_streaming()
            assert await peer.exactly(5) == b"0\r\n\r\n"
            await streams[0].wait()

    run(main())


def test_an_error_in_the_block(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def handler(request: Request) -> StreamResponse:
        async with sse_response(request) as response:
            await response.send("x")
            raise LookupError("no such feed")
        return response

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            assert not (await peer.ask(GET)).endswith(b"0\r\n\r\n")

    run(main())
    assert "no such feed" in caplog.text


def test_comments_after_silence() -> None:
    clock = FakeClock()

    async def main() -> None:
        go_on = asyncio.Event()

        async def handler(request: Request) -> StreamResponse:
            async with sse_response(request, keepalive=15) as response:
                assert response.keepalive == 15
                await go_on.wait()
                await response.send("x")
                await forever()
            return response

        async with serve(handler) as connect:
            peer, _ = await open_stream(connect)
            await clock.advance(10)
            go_on.set()
            assert await read_events(peer, 1) == b"data: x\n\n"
            # The event has put the comment off.
            await clock.advance(10)
            assert not peer.reader._buffer  # type: ignore[attr-defined]  # nothing has come
            await clock.advance(7)
            assert await read_events(peer, 1) == b": \n\n"
            await clock.advance(17)
            assert await read_events(peer, 1) == b": \n\n"

    clock.run(main())


def test_no_comments() -> None:
    clock = FakeClock()

    async def main() -> None:
        async def handler(request: Request) -> StreamResponse:
            return EventSourceResponse(Story(0).generate(), keepalive=None)

        async with serve(handler) as connect:
            peer, _ = await open_stream(connect)
            await clock.advance(100)
            assert not peer.reader._buffer  # type: ignore[attr-defined]  # nothing has come

    clock.run(main())


def test_comments_do_not_pile_up_before_a_slow_client() -> None:
    clock = FakeClock()

    async def main() -> None:
        channel = SlowChannel()
        head = request_head("GET", "/")
        request = BaseRequest.received(head, EMPTY_PAYLOAD, channel, CONNECTION)
        response = EventSourceResponse(keepalive=15)
        await response.prepare(request)
        await clock.advance(200)
        assert channel.writes == 1
        response._release()
        await asyncio.sleep(0)

    class SlowChannel(FakeChannel):
        writes = 0

        async def write(self, data: bytes | bytearray | memoryview) -> None:
            self.writes += 1
            await forever()

    clock.run(main())


# The field as sent, and the id.
IDS: list[tuple[bytes, str | None]] = [
    (b"", None),
    (b"Last-Event-ID: 7\r\n", "7"),
    (b"last-event-id: a b\r\n", "a b"),
    (b"Last-Event-ID:\r\n", None),
    (b"Last-Event-ID: \xc3\xa9\xe2\x82\xac\r\n", "é€"),
    (b"Last-Event-ID: a\xff\r\n", "a\ufffd"),
]


@pytest.mark.parametrize(("fields", "last"), IDS)
def test_the_last_event_id(run: Run, fields: bytes, last: str | None) -> None:
    found: list[str | None] = []

    async def handler(request: Request) -> StreamResponse:
        async with sse_response(request) as response:
            found.extend([request.last_event_id, response.last_event_id])
        return response

    async def main() -> None:
        async with serve(handler) as connect:
            peer, _ = await open_stream(connect, GET[:-2] + fields + b"\r\n")
            assert await peer.exactly(5) == b"0\r\n\r\n"

    run(main())
    assert found == [last, last]


def test_compression_flushes_each_event(run: Run) -> None:
    async def main() -> None:
        events: asyncio.Queue[str] = asyncio.Queue()

        async def stream() -> AsyncIterator[str]:
            while True:
                yield await events.get()

        async def handler(request: Request) -> StreamResponse:
            response = EventSourceResponse(stream())
            response.enable_compression(ContentCoding.gzip)
            return response

        async with serve(handler) as connect:
            peer, head = await open_stream(connect)
            assert b"Content-Encoding: gzip\r\n" in head
            coded = b""
            for text in ("a", "b" * 100_000):
                events.put_nowait(text)
                decoder = gzip.zlib.decompressobj(31)  # type: ignore[attr-defined]  # it imports it
                while not decoder.decompress(coded).endswith(f"data: {text}\n\n".encode()):
                    size = int(await peer.reader.readline(), 16)
                    coded += await peer.exactly(size)
                    await peer.exactly(2)
                    decoder = gzip.zlib.decompressobj(31)  # type: ignore[attr-defined]  # as above
        assert coded

    run(main())


def test_middlewares_and_an_http_exception(run: Run) -> None:
    """The iterator starts behind the middlewares; an error before the first event is an answer."""

    async def refused() -> AsyncIterator[str]:
        raise LookupError
        yield ""

    async def handler(request: Request) -> StreamResponse:
        return EventSourceResponse(refused())

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(GET)
            assert (await peer.response())[0] == 500

    run(main())


def test_a_stream_that_is_never_sent(run: Run) -> None:
    async def main() -> None:
        told: list[str] = []

        async def events() -> AsyncIterator[str]:
            told.append("begun")
            yield "x"

        async def handler(request: Request) -> StreamResponse:
            EventSourceResponse(events())
            return Response(text="other")

        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(GET)
            assert await peer.response() == (200, b"other")
        gc.collect()
        assert told == []

    run(main())


def test_nothing_is_left_behind(run: Run) -> None:
    left: list[weakref.ref[Any]] = []

    async def handler(request: Request) -> StreamResponse:
        response = EventSourceResponse(generator())
        left.extend([weakref.ref(request), weakref.ref(response)])
        return response

    async def main() -> None:
        app = Application()
        app.router.add_get("/", handler)
        gc.disable()
        try:
            async with serve(app) as connect:
                peer, _ = await open_stream(connect)
                await read_events(peer, 1)
                assert await peer.exactly(5) == b"0\r\n\r\n"
                for _ in range(3):
                    await asyncio.sleep(0)
                assert [each() for each in left] == [None, None]
        finally:
            gc.enable()

    run(main())


@each_loop
def test_a_roll_does_not_wait_for_streams(run: Run) -> None:
    async def main() -> None:
        story = Story()
        app = Application()
        app.router.add_get("/", story.iterator)
        runner = AppRunner(app, shutdown_timeout=20.0)
        await runner.setup()
        server = runner.server
        assert server is not None
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(server, "127.0.0.1", 0)
        peer = Peer(*await asyncio.open_connection(*listener.sockets[0].getsockname()))
        await peer.send(GET)
        await peer.head()
        await story.waiting.wait()
        listener.close()
        begun = loop.time()
        await runner.retire(15)
        assert story.told == []
        await runner.cleanup()
        assert loop.time() - begun < 5
        assert story.told == ["closed"]
        assert (await peer.rest()).endswith(b"0\r\n\r\n")
        peer.writer.close()

    run(main())


def test_the_log_says_nothing_of_clients_that_leave(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        for way in WAYS:
            story = Story(50)
            async with serve(getattr(story, way)) as connect:
                peer, _ = await open_stream(connect)
                peer.writer.transport.abort()
                await story.ended.wait()
            assert story.told[0] == "closed"

    with caplog.at_level(logging.WARNING):
        run(main())
    assert caplog.records == []
