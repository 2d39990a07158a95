"""Channels in an application: real clients over sockets, policies, and every end."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from testkit import (
    Peer,
    Program,
    Run,
    ScopeServer,
    SlowEngine,
    each_loop,
    frame,
    open_websocket,
    read_close,
    read_frame,
    serve,
    until,
    websocket_scope,
)
from treadle_channels import (
    BackendError,
    BackendUnavailableError,
    Channels,
    Gap,
    MemoryBackend,
    Message,
    TopicError,
)
from treadle_channels._web.app import CHANNELS, WebChannels, of, setup
from treadle_responses import Response
from treadle_server import Application, AppRunner, Request, TCPSite, WebSocketResponse
from treadle_testing import MemoryClient, TestClient, TestServer


def tell(gap: Gap) -> str:
    return f"gap {gap.reason} {gap.missed}"


class Room:
    """An application whose WebSockets join the topics of their query."""

    def __init__(self, backend: Any = None, **join: Any) -> None:
        self.app = Application()
        self.chat = setup(self.app, MemoryBackend() if backend is None else backend)
        self.join = join
        self.joined = asyncio.Semaphore(0)
        self.app.router.add_get("/", self.handle)
        self.left = asyncio.Semaphore(0)

    async def handle(self, request: Request) -> WebSocketResponse:
        ws = WebSocketResponse(timeout=0.2, writer_limit=1024)
        await ws.prepare(request)
        try:
            chat = of(request)
            await chat.join(ws, *request.query.getall("in"), **self.join)
            self.joined.release()
            async for message in ws:
                if message.data == "raise":
                    raise ValueError("as asked")
                await chat.publish("said", str(message.data))
        finally:
            self.left.release()
        return ws

    def check_empty(self) -> None:
        """Nothing is left: no member, topic, or task that sends."""
        assert self.chat._members == {}
        assert list(self.chat._subscribers) == []
        assert self.chat.topics == frozenset()
        assert self.chat._ending == set()


async def wait_empty(chat: WebChannels) -> None:
    await until(lambda: not chat._members)


@contextlib.asynccontextmanager
async def client_of(app: Application) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    runner = AppRunner(app, shutdown_timeout=2)
    await runner.setup()
    site = TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        async with aiohttp.ClientSession() as session:
            host, port = runner.addresses[0][:2]
            yield session, f"http://{host}:{port}/"
    finally:
        await runner.cleanup()


@each_loop
@pytest.mark.parametrize("compress", [0, 15])
def test_real_clients(run: Run, compress: int) -> None:
    async def main() -> None:
        room = Room()
        async with client_of(room.app) as (session, url), contextlib.AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(
                    session.ws_connect(f"{url}?in=a&in={name}", compress=compress)
                )
                for name in ("x", "y", "said")
            ]
            for _ in clients:
                await room.joined.acquire()
            text = "word " * 100
            for number in range(50):
                await room.chat.publish("a", f"{number} {text}")
            await room.chat.publish("x", b"\0bytes")
            await room.chat.publish("y", "")
            for client in clients:
                got = [await client.receive_str(timeout=10) for _ in range(50)]
                assert got == [f"{number} {text}" for number in range(50)]
            assert await clients[0].receive_bytes(timeout=10) == b"\0bytes"
            assert await clients[1].receive_str(timeout=10) == ""
            # A client publishes through its handler.
            await clients[0].send_str("hello")
            assert await clients[2].receive_str(timeout=10) == "hello"
            assert len(room.chat._members) == 3
            await clients[0].close()
            await until(lambda: len(room.chat._members) <= 2)
            assert room.chat.topics == {"a", "y", "said"}
        room.check_empty()

    run(main())


async def say_goodbye(room: Room, peer: Peer) -> None:
    await peer.send(frame(8))


async def vanish(room: Room, peer: Peer) -> None:
    peer.reader._transport.abort()  # type: ignore[attr-defined]  # the only way


async def let_it_raise(room: Room, peer: Peer) -> None:
    await peer.send(frame(1, b"raise"))


@each_loop
@pytest.mark.parametrize("end", [say_goodbye, vanish, let_it_raise])
@pytest.mark.parametrize("behind", [False, True])
def test_each_end_of_a_websocket(
    run: Run, end: Callable[[Room, Peer], Any], behind: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        before = asyncio.all_tasks()
        room = Room(queue=10_000)
        async with serve(room.app) as connect:
            peer = await open_websocket(connect, "/?in=a")
            stays = await open_websocket(connect, "/?in=a")
            if behind:
                peer.reader._transport.pause_reading()  # type: ignore[attr-defined]  # the only way
                await fill(room.chat, stays)
            await end(room, peer)
            await until(lambda: len(room.chat._members) <= 1)
            await room.chat.publish("a", "last")
            while (await read_frame(stays))[1] != b"last":
                pass
        room.check_empty()
        assert asyncio.all_tasks() == before

    run(main())


async def fill(chat: WebChannels, reader: Peer, topic: str = "a") -> int:
    """Publish until a member is behind; return the number of messages, which ``reader`` reads."""
    count = 0
    while not any(member.task for member in chat._members.values()):
        await chat.publish(topic, b"x" * 65_536)
        await read_frame(reader)
        count += 1
    return count


@each_loop
def test_a_hundred_that_do_not_read(run: Run) -> None:
    async def main() -> None:
        room = Room(queue=4)
        async with serve(room.app) as connect:
            readers = [await open_websocket(connect, "/?in=a") for _ in range(3)]
            sleepers = [await open_websocket(connect, "/?in=a") for _ in range(100)]
            for sleeper in sleepers:
                sleeper.reader._transport.pause_reading()  # type: ignore[attr-defined]  # the only way
            sent = 0
            while len(room.chat._members) > 3:
                assert len(asyncio.all_tasks()) < 320
                await room.chat.publish("a", b"%d " % sent + b"x" * 65_536)
                for reader in readers:
                    assert (await read_frame(reader))[1].startswith(b"%d " % sent)
                sent += 1
                assert sent < 1_000
            assert len(room.chat._members) == 3
            for sleeper in sleepers[:3]:
                sleeper.reader._transport.resume_reading()  # type: ignore[attr-defined]  # as above
                numbers = []
                while (got := await read_frame(sleeper))[0] == 0x82:
                    numbers.append(int(got[1].split()[0]))
                # Nothing is missing before the end.
                assert numbers == list(range(len(numbers)))
                assert got == (0x88, (1013).to_bytes(2, "big") + b"too slow")
        room.check_empty()

    run(main())


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest"])
def test_a_loss_is_told_or_closes(run: Run, overflow: str) -> None:
    async def main() -> None:
        for gap in (tell, None):
            room = Room(queue=3, overflow=overflow, gap=gap)
            async with serve(room.app) as connect:
                reader = await open_websocket(connect, "/?in=a")
                sleeper = await open_websocket(connect, "/?in=a")
                sleeper.reader._transport.pause_reading()  # type: ignore[attr-defined]  # the only way
                count = await fill(room.chat, reader) + 20
                for _ in range(20):
                    await room.chat.publish("a", b"y")
                    await read_frame(reader)
                sleeper.reader._transport.resume_reading()  # type: ignore[attr-defined]  # as above
                got = 0
                while (item := await read_frame(sleeper))[0] == 0x82:
                    got += 1
                if gap is None:
                    assert item == (0x88, (1013).to_bytes(2, "big") + b"messages were lost")
                else:
                    missed = int(item[1].removeprefix(b"gap behind "))
                    while got + missed < count:
                        assert (await read_frame(sleeper))[0] == 0x82
                        got += 1
                    assert got + missed == count
            room.check_empty()

    run(main())


def test_a_lost_link_is_told(run: Run) -> None:
    async def main() -> None:
        engine = SlowEngine()
        room = Room(engine)
        async with serve(room.app) as connect:
            peer = await open_websocket(connect, "/?in=a")
            await room.joined.acquire()
            assert engine.sink is not None
            engine.sink.lost(None, "link")
            assert await read_close(peer) == 1013
        room.check_empty()

    run(main())


# Joining and leaving.


def test_joining_and_leaving(run: Run) -> None:
    async def main() -> None:
        room = Room()
        done = asyncio.Event()

        async def handle(request: Request) -> WebSocketResponse:
            ws = WebSocketResponse()
            chat = of(request)
            with pytest.raises(RuntimeError, match="await prepare"):
                await chat.join(ws, "a")
            await ws.prepare(request)
            await chat.leave(ws)
            with pytest.raises(ValueError, match="at least one topic"):
                await chat.join(ws)
            with pytest.raises(TopicError):
                await chat.join(ws, "a", "")
            with pytest.raises(ValueError, match="overflow="):
                await chat.join(ws, "a", overflow="drop")  # type: ignore[arg-type]  # the mistake
            with pytest.raises(ValueError, match="at least 1"):
                await chat.join(ws, "a", queue=0)
            assert chat._members == {}
            await chat.join(ws, "a", "b", queue=3)
            await chat.join(ws, "c", "a", queue=3)
            with pytest.raises(ValueError, match="other options"):
                await chat.join(ws, "d")
            for topic in "abcd":
                await chat.publish(topic, topic)
            await chat.leave(ws, "a", "never")
            await chat.publish("a", "not this")
            await chat.publish("b", "2")
            await chat.leave(ws, "b", "c")
            assert chat._members == {}
            await chat.join(ws, "b", encode=lambda message: f"<{message.data!r}>")
            await chat.publish("b", b"3")
            await chat.leave(ws)
            await chat.leave(ws)
            await chat.publish("b", "not this")
            await ws.close()
            await chat.join(ws, "a")
            assert (chat._members, chat.topics) == ({}, frozenset())
            done.set()
            return ws

        room.app.router.add_get("/all", handle)
        async with serve(room.app) as connect:
            peer = await open_websocket(connect, "/all")
            for expected in (b"a", b"b", b"c", b"2", b"<b'3'>"):
                assert (await read_frame(peer))[1] == expected
            assert await read_close(peer) == 1000
            await peer.send(frame(8))
            await asyncio.wait_for(done.wait(), 10)

    run(main())


def test_an_engine_that_refuses(run: Run) -> None:
    async def main() -> None:
        engine = SlowEngine()
        engine.failing["subscribe"] = BackendError("no")
        room = Room(engine)
        async with serve(room.app) as connect:
            peer = await open_websocket(connect, "/?in=a")
            assert await read_close(peer) == 1011
            room.check_empty()

    run(main())


def test_a_client_that_leaves_while_it_joins(run: Run) -> None:
    async def main() -> None:
        engine = SlowEngine(turns=200)
        room = Room(engine)
        async with serve(room.app) as connect:
            peer = await open_websocket(connect, "/?in=a")
            await until(lambda: "subscribe" in engine.calls)
            peer.reader._transport.abort()  # type: ignore[attr-defined]  # the only way
            await room.left.acquire()
            await wait_empty(room.chat)
            room.check_empty()
            await until(lambda: not engine.subscribed and "unsubscribe" in engine.calls)

    run(main())


def test_encoded_once_for_each_function(run: Run) -> None:
    calls: list[Message] = []

    def encode(message: Message) -> bytes:
        calls.append(message)
        return b"!"

    async def main() -> None:
        room = Room(encode=encode)
        async with serve(room.app) as connect:
            peers = [await open_websocket(connect, "/?in=a") for _ in range(5)]
            for _ in peers:
                await room.joined.acquire()
            await room.chat.publish("a", "x")
            for peer in peers:
                assert await read_frame(peer) == (0x82, b"!")
            assert len(calls) == 1
            assert len(room.chat._encoders) == 1
        room.check_empty()
        await asyncio.sleep(0)
        assert len(room.chat._encoders) == 0

    run(main())


# The life of an application.


def test_the_stop_of_the_server(run: Run) -> None:
    async def main() -> None:
        before = asyncio.all_tasks()
        room = Room(queue=10_000)
        loops = asyncio.Semaphore(0)
        ended: list[str] = []

        async def poll(request: Request) -> Response:
            async with of(request).subscribe("poll") as messages:
                loops.release()
                async for _ in messages:
                    raise AssertionError("nothing is published")
            ended.append("poll")
            return Response(text="over")

        async def last_words(app: Application) -> None:
            await of(app).publish("a", "goodbye")

        room.app.router.add_get("/poll", poll)
        room.app.on_shutdown.append(last_words)
        runner = AppRunner(room.app, shutdown_timeout=10)
        await runner.setup()
        site = TCPSite(runner, "127.0.0.1", 0)
        await site.start()

        async def connect() -> Peer:
            return Peer(*await asyncio.open_connection(*runner.addresses[0][:2]))

        reader, sleeper = [await open_websocket(connect, "/?in=a") for _ in range(2)]
        sleeper.reader._transport.pause_reading()  # type: ignore[attr-defined]  # the only way
        await fill(room.chat, reader)
        poller = await connect()
        await poller.send(b"GET /poll HTTP/1.1\r\nHost: x\r\n\r\n")
        await loops.acquire()
        reading = asyncio.ensure_future(_read_to_close(reader))
        answering = asyncio.ensure_future(poller.response())
        await runner.cleanup()
        assert ended == ["poll"]
        assert await reading == ([b"goodbye"], 1001)
        assert await answering == (200, b"over")
        for peer in (reader, sleeper, poller):
            peer.writer.close()
        room.check_empty()
        assert not room.chat.running
        assert asyncio.all_tasks() == before

    run(main())


async def _read_to_close(peer: Peer) -> tuple[list[bytes], int]:
    texts = []
    while (got := await read_frame(peer))[0] != 0x88:
        texts.append(got[1])
    return texts, int.from_bytes(got[1][:2], "big")


def test_a_start_that_fails_is_the_applications(run: Run) -> None:
    async def main() -> None:
        engine = SlowEngine()
        engine.failing["start"] = BackendUnavailableError("no server at redis://localhost")
        room = Room(engine)
        with pytest.raises(BackendUnavailableError, match="no server at"):
            async with serve(room.app):
                raise AssertionError("it does not serve")
        assert engine.calls == ["start", "stop"]

    run(main())


def test_it_runs_before_handlers_and_in_each_start(run: Run) -> None:
    async def main() -> None:
        app = Application()
        chat = setup(app, MemoryBackend(), queue=7, overflow="close", max_message=3)
        seen: list[bool] = []

        async def on_startup(app: Application) -> None:
            seen.append(of(app).running)

        app.on_startup.append(on_startup)

        async def publish(request: Request) -> Response:
            try:
                await of(request).publish("t", await request.text())
            except ValueError as error:
                return Response(status=413, text=str(error))
            return Response()

        app.router.add_post("/", publish)
        async with MemoryClient(app) as client, chat.subscribe("t") as messages:
            assert (await client.post("/", data="abc")).status == 200
            assert (await client.post("/", data="abcd")).status == 413
            assert await anext(messages) == Message("t", "abc")
        assert seen == [True]
        assert not chat.running

    run(main())


def test_background_tasks_publish(run: Run) -> None:
    async def main() -> None:
        room = Room()
        async with serve(room.app) as connect:
            peer = await open_websocket(connect, "/?in=a")
            await room.joined.acquire()

            async def work() -> None:
                await room.chat.publish("a", "from the background")

            await room.app.spawn(work())
            assert (await read_frame(peer))[1] == b"from the background"

    run(main())


def test_where_the_channels_are(run: Run) -> None:
    async def main() -> None:
        inner, outer = Application(), Application()

        async def handle(request: Request) -> Response:
            assert of(request) is outer[CHANNELS]
            return Response(text="found")

        inner.router.add_get("/", handle)
        outer.add_subapp("/in", inner)
        chat = setup(outer, MemoryBackend())
        assert of(outer) is chat
        assert isinstance(chat, Channels)
        with pytest.raises(RuntimeError, match="has channels already"):
            setup(outer, MemoryBackend())
        with pytest.raises(RuntimeError, match=r"call channels\.setup\(app, backend\)"):
            of(inner)
        async with TestClient(TestServer(outer)) as client:
            assert await (await client.get("/in/")).text() == "found"

    run(main())


# Over ASGI.


def test_over_asgi(run: Run) -> None:
    asgi = pytest.importorskip("treadle_asgi")

    async def main() -> None:
        room = Room()
        async with asgi.asgi(room.app, shutdown_timeout=0.1) as served:
            server = ScopeServer({"type": "websocket.connect"})
            task = server.task(served, websocket_scope("/?in=a"))
            await room.joined.acquire()
            for number in range(3):
                await room.chat.publish("a", str(number))
            await room.chat.publish("a", b"3")
            await server.wait_sent(5)
            sent = [each.get("text") or each.get("bytes") for each in server.sent[1:]]
            assert sent == ["0", "1", "2", b"3"]
            server.give({"type": "websocket.disconnect", "code": 1001})
            await task
            room.check_empty()

    run(main())


WORKERS = """
import os
from treadle_channels import MemoryBackend
from treadle_channels.web import of, setup
from treadle_responses import Response
from treadle_server import Application, run_app

async def handle(request):
    chat = of(request)
    async with chat.subscribe("t") as messages:
        await chat.publish("t", "own")
        return Response(text=f"{(await anext(messages)).data} {chat.running}")

async def stopped(app):
    # One write: both workers have the same pipe.
    os.write(1, f"stopped {of(app).running} {len(of(app).topics)}\\n".encode())

def make():
    app = Application()
    app.router.add_get("/", handle)
    setup(app, MemoryBackend())
    app.on_cleanup.append(stopped)
    return app

if __name__ == "__main__":
    run_app(make, host="127.0.0.1", port=0, workers=2, access_log=None)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="workers need fork")
def test_each_worker_has_channels(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(WORKERS)
    program = Program([sys.executable, "program.py"], tmp_path)
    try:
        program.wait_running()
        assert {program.get() for _ in range(10)} == {"own True"}
        assert program.end() == 0
        # The contexts are left first, and the receivers of on_cleanup called behind them.
        assert program.seen.count("stopped False 0") == 2
    finally:
        program.close()
