"""Channels: one message to ten thousand WebSockets, and subscribers beside Litestar's channels.

    python tools/bench/bench_channels.py [--rounds 7] [--subscribers 10000]
    python tools/bench/bench_channels.py --alone     # WebSockets only
    python tools/bench/bench_channels.py --redis redis-server

**WebSockets.** Real connections of a real server, on transports that count what is written and
drop it. A round publishes some messages to all of them, and then hands as many to the connections
directly, which is the write: frame, flow control, transport. The difference is what channels cost.
Then a hundred of them do not read: their CPU time is that of their queues and their end, and the
memory is what one queue holds, because they share the messages.

**Beside Litestar.** The same work in one process, all subscribers in one topic, ten messages at a
time, the next ten when all have the last ones. *Tasks*: a task for each subscriber iterates its
messages. *WebSockets*: each is sent what is published, on treadle by ``join`` over the connections
of its server, with frames; on Litestar by ``run_in_background(socket.send_text)`` over a ``send``
of ASGI that only counts, because the server in front would make the frames.

Contenders alternate round by round, the first round warms up, and ratios are taken inside each
round. What counts is the CPU time of this process per delivered message; that of a Redis server is
not in it. Rivals that are not installed are left out.
"""

import argparse
import asyncio
import contextlib
import functools
import importlib.util
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final

import treadle_channels
from treadle_channels import Channels, MemoryBackend
from treadle_channels.web import WebChannels, of, setup
from treadle_responses import Response
from treadle_server import Application, AppRunner, Request, WebSocketResponse
from treadle_server.interfaces import WebSocketChannel, websocket_channel
from treadle_websocket import PreparedMessage

HANDSHAKE: Final = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
TEXT: Final = "a message of a chat, with a name and some words: " + "x" * 51
SLEEPERS: Final = 100
QUEUE: Final = 256


class CountingTransport(asyncio.Transport):
    """Counts writes, and drops what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = 0
        self.protocol: Any = None

    def write(self, data: bytes | bytearray | memoryview) -> None:  # noqa: ARG002  # dropped
        self.writes += 1

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


class Room:
    """Many WebSockets of one topic."""

    def __init__(self, chat: WebChannels, runner: AppRunner) -> None:
        self.chat = chat
        self.transports: list[CountingTransport] = []
        self.channels: list[WebSocketChannel] = []
        self._runner = runner

    async def enter(self, count: int) -> None:
        server = self._runner.server
        assert server is not None
        for _ in range(count):
            transport = CountingTransport()
            protocol = transport.protocol = server()
            protocol.connection_made(transport)
            protocol.data_received(HANDSHAKE)
            self.transports.append(transport)
        while len(self.channels) < count:  # noqa: ASYNC110  # there is no event for it
            await asyncio.sleep(0)

    @property
    def writes(self) -> int:
        return sum(transport.writes for transport in self.transports)


@contextlib.asynccontextmanager
async def open_room(count: int, backend: Any) -> AsyncIterator[Room]:
    """Open ``count`` WebSockets that have joined ``room``."""
    app = Application()
    chat = setup(app, backend)
    runner = AppRunner(app, access_log=None, shutdown_timeout=0.1)
    room = Room(chat, runner)

    async def handle(request: Request) -> WebSocketResponse | Response:
        ws = WebSocketResponse(compress=False, timeout=0.1)
        await ws.prepare(request)
        await of(request).join(ws, "room", queue=QUEUE)
        room.channels.append(websocket_channel(ws))
        async for _ in ws:
            pass
        return ws

    app.router.add_get("/", handle)
    await runner.setup()
    try:
        await room.enter(count)
        yield room
    finally:
        for transport in room.transports:
            transport.protocol.connection_lost(None)
        await runner.cleanup()


async def publish_all(room: Room, messages: int) -> float:
    """Publish, and return the CPU time until all is written."""
    goal = room.writes + messages * len(room.channels)
    begun = time.process_time()
    for _ in range(messages):
        await room.chat.publish("room", TEXT)
    while room.writes < goal:
        for _ in range(200):
            await asyncio.sleep(0)
    return time.process_time() - begun


def put_all(room: Room, messages: int) -> float:
    """Write as much without channels, and return the CPU time."""
    begun = time.process_time()
    for _ in range(messages):
        prepared = PreparedMessage(TEXT)
        for channel in room.channels:
            channel.put(prepared, None)
    return time.process_time() - begun


async def bench_websockets(rounds: int, subscribers: int) -> None:
    messages = 20
    async with open_room(subscribers, MemoryBackend()) as room:
        costs = []
        for number in range(rounds + 1):
            published = await publish_all(room, messages)
            put = put_all(room, messages)
            if number:
                unit = 1e6 / (messages * subscribers)
                costs.append((published * unit, put * unit, (published - put) * unit))
        whole, write, rest = (statistics.median(column) for column in zip(*costs, strict=True))
        print(f"{subscribers:,} WebSockets of one topic, {len(TEXT)} bytes, microseconds each:")
        print(f"  published {whole:.2f}, of which the write {write:.2f}, channels {rest:.2f}")
        await bench_sleepers(room)


async def bench_sleepers(room: Room) -> None:
    """Let a hundred not read, until all of them have got their policy."""
    awake = len(room.channels) - SLEEPERS
    for transport in room.transports[:SLEEPERS]:
        transport.protocol.pause_writing()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    goal, most = room.writes, 0
    for number in range(QUEUE + 1):
        await room.chat.publish("room", f"{number} {TEXT}")
        goal += awake
        while room.writes < goal:
            for _ in range(200):
                await asyncio.sleep(0)
        most = max(most, tracemalloc.get_traced_memory()[0] - before)
    tracemalloc.stop()
    closed = sum(channel.session.state.value != "open" for channel in room.channels)
    print(
        f"  {SLEEPERS} that do not read: closed {closed} behind {QUEUE} messages each; at most "
        f"{most / 1024:.0f} KiB for all their queues"
    )


# Beside Litestar.

#: Opens subscribers, and gives a function that publishes so many messages to all of them and
#: returns when they have them.
Publish = Callable[[int], Awaitable[None]]
Contender = Callable[[int], contextlib.AbstractAsyncContextManager[Publish]]


class Count:
    """The messages that all subscribers have got."""

    def __init__(self) -> None:
        self.got = 0
        self.goal = 0
        self.reached = asyncio.Event()

    def expect(self, more: int) -> None:
        self.goal += more
        self.reached.clear()

    def add(self) -> None:
        self.got += 1
        if self.got == self.goal:
            self.reached.set()


@contextlib.asynccontextmanager
async def treadle(make: Callable[[], Any], subscribers: int) -> AsyncIterator[Publish]:
    count = Count()
    async with Channels(make(), queue=10_000) as chat, contextlib.AsyncExitStack() as stack:

        async def read(messages: Any) -> None:
            async for _ in messages:
                count.add()

        tasks = []
        for _ in range(subscribers):
            messages = await stack.enter_async_context(chat.subscribe("room"))
            tasks.append(asyncio.ensure_future(read(messages)))

        async def publish(messages: int) -> None:
            count.expect(messages * subscribers)
            for _ in range(messages):
                await chat.publish("room", TEXT)
            await count.reached.wait()

        yield publish
        chat.end_subscriptions()
        await asyncio.gather(*tasks)


@contextlib.asynccontextmanager
async def litestar(make: Callable[[], Any], subscribers: int) -> AsyncIterator[Publish]:
    from litestar.channels import ChannelsPlugin

    count = Count()
    plugin = ChannelsPlugin(make(), channels=["room"])
    async with plugin:

        async def read(subscriber: Any) -> None:
            async for _ in subscriber.iter_events():
                count.add()

        tasks = []
        for _ in range(subscribers):
            subscriber = await plugin.subscribe("room")
            tasks.append(asyncio.ensure_future(read(subscriber)))
        await asyncio.sleep(0.05)

        async def publish(messages: int) -> None:
            count.expect(messages * subscribers)
            for _ in range(messages):
                await plugin.wait_published(TEXT, "room")
            await count.reached.wait()

        yield publish
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


@contextlib.asynccontextmanager
async def treadle_websockets(make: Callable[[], Any], subscribers: int) -> AsyncIterator[Publish]:
    async with open_room(subscribers, make()) as room:

        async def publish(messages: int) -> None:
            goal = room.writes + messages * subscribers
            for _ in range(messages):
                await room.chat.publish("room", TEXT)
            while room.writes < goal:  # noqa: ASYNC110  # no event is there for it
                await asyncio.sleep(0)

        yield publish


@contextlib.asynccontextmanager
async def litestar_websockets(make: Callable[[], Any], subscribers: int) -> AsyncIterator[Publish]:
    from litestar.channels import ChannelsPlugin
    from litestar.connection import WebSocket

    count = Count()

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        if message["type"] == "websocket.send":
            count.add()

    plugin = ChannelsPlugin(make(), channels=["room"])
    async with plugin, contextlib.AsyncExitStack() as stack:
        for _ in range(subscribers):
            scope: Any = {"type": "websocket", "path": "/", "headers": [], "query_string": b""}
            websocket: Any = WebSocket(scope, receive, send)
            await websocket.accept()
            subscriber = await plugin.subscribe("room")
            run = subscriber.run_in_background(websocket.send_text)
            await stack.enter_async_context(run)
        await asyncio.sleep(0.05)

        async def publish(messages: int) -> None:
            count.expect(messages * subscribers)
            for _ in range(messages):
                await plugin.wait_published(TEXT, "room")
            await count.reached.wait()

        yield publish


@contextlib.contextmanager
def redis_server(program: str) -> Iterator[int]:
    """Run a Redis server on a free port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        with subprocess.Popen([program, *options], stdout=subprocess.DEVNULL) as server:
            try:
                for _ in range(500):
                    with contextlib.suppress(OSError):
                        socket.create_connection(("127.0.0.1", port)).close()
                        break
                    time.sleep(0.01)
                yield port
            finally:
                server.terminate()


#: A contender for the messages of tasks, and one for those of WebSockets.
Kinds = dict[str, dict[str, Contender]]


def contenders(url: str | None) -> dict[str, Kinds]:
    """Return the contenders of each engine, by the kind of work and the name."""
    has_litestar = importlib.util.find_spec("litestar") is not None
    found = {"memory": kinds(MemoryBackend, None)}
    if has_litestar:
        from litestar.channels.backends.memory import MemoryChannelsBackend

        found["memory"] = kinds(MemoryBackend, MemoryChannelsBackend)
    if url is None or importlib.util.find_spec("redis") is None:
        print("No Redis: give --redis the path of redis-server, and install redis")
        return found
    backend = getattr(treadle_channels, "RedisPubSubBackend", None)
    ours = None if backend is None else lambda: backend(url)
    theirs = None
    if has_litestar:
        from litestar.channels.backends.redis import RedisChannelsPubSubBackend
        from redis.asyncio import Redis

        theirs = lambda: RedisChannelsPubSubBackend(redis=Redis.from_url(url))  # noqa: E731
    found["redis"] = kinds(ours, theirs)
    return found


def kinds(ours: Callable[[], Any] | None, theirs: Callable[[], Any] | None) -> Kinds:
    """Return the contenders over the backends that ``ours`` and ``theirs`` make."""
    tasks: dict[str, Contender] = {}
    websockets: dict[str, Contender] = {}
    if ours is not None:
        tasks["treadle"] = functools.partial(treadle, ours)
        websockets["treadle"] = functools.partial(treadle_websockets, ours)
    if theirs is not None:
        tasks["litestar"] = functools.partial(litestar, theirs)
        websockets["litestar"] = functools.partial(litestar_websockets, theirs)
    return {"tasks": tasks, "websockets": websockets}


async def one_round(contender: Contender, subscribers: int, messages: int) -> float:
    """Return the delivered messages per CPU second."""
    async with contender(subscribers) as publish:
        await publish(10)
        begun = time.process_time()
        for _ in range(messages // 10):
            await publish(10)
        return messages * subscribers / (time.process_time() - begun)


def bench_beside(rounds: int, url: str | None) -> None:
    for engine, kinds_of_it in contenders(url).items():
        for kind, found in kinds_of_it.items():
            for subscribers, messages in ((1, 5_000), (100, 500), (1_000, 100)):
                bench_one(f"{engine}, {subscribers:,} {kind}", found, rounds, subscribers, messages)


def bench_one(
    title: str, found: dict[str, Contender], rounds: int, subscribers: int, messages: int
) -> None:
    rates: dict[str, list[float]] = {name: [] for name in found}
    for number in range(rounds + 1):
        for name, contender in found.items():
            rate = asyncio.run(one_round(contender, subscribers, messages))
            if number:
                rates[name].append(rate)
    medians = {name: statistics.median(each) for name, each in rates.items()}
    line = ", ".join(f"{name} {rate:,.0f}" for name, rate in medians.items())
    if {"treadle", "litestar"} <= rates.keys():
        pairs = zip(rates["treadle"], rates["litestar"], strict=True)
        line += f"; ratio {statistics.median(ours / theirs for ours, theirs in pairs):.2f}"
    print(f"{title}, per CPU second: {line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--subscribers", type=int, default=10_000)
    parser.add_argument("--alone", action="store_true", help="WebSockets only")
    parser.add_argument("--redis", default=shutil.which("redis-server"), help="its program")
    arguments = parser.parse_args()
    asyncio.run(bench_websockets(arguments.rounds, arguments.subscribers))
    if arguments.alone:
        return
    with contextlib.ExitStack() as stack:
        url = None
        if arguments.redis is not None:
            url = f"redis://127.0.0.1:{stack.enter_context(redis_server(arguments.redis))}"
        bench_beside(arguments.rounds, url)


if __name__ == "__main__":
    main()
