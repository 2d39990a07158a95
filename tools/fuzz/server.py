"""The target ``server``: a whole connection of a real application, over a transport in memory.

The input is a plan and the bytes of a client. The plan says how many bytes arrive at once, when the
client stops reading, reads on, ends its side, leaves, and how much time passes in between. After it
the client sends the rest and reads everything, time passes, and the client leaves. Then:

- no exception has reached the event loop, and none but ``OnPurposeError`` the log;
- the output is a sequence of answers as h11 reads it, not more than there were requests, and behind
  a 101 a sequence of WebSocket frames without another behind a close frame;
- the connection, its tasks and its timers are gone.
"""

import asyncio
import contextlib
import logging
from typing import Final, final

import h11

from treadle_http_parser import Request
from treadle_server import AppRunner, BaseRequest, Server, StreamReader
from treadle_server._core.types import ConnectionInfo
from treadle_server._http.interfaces import RequestFactory, ResponseChannel

from ._app import FAILING, OnPurposeError, make_app
from ._loop import MemoryLoop, MemoryTransport

__all__ = ["forget", "server"]

#: Steps of a plan; its first byte counts them.
_MOST_STEPS: Final = 48
#: After a plan: longer than every deadline of the server and the handlers, one after the other.
_PATIENCE: Final = 300


@final
class _Log(logging.Handler):
    """Keeps what is logged as an error and is not on purpose."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: Final[list[str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, OnPurposeError):
            self.records.append(f"{record.getMessage()} {error!r}")


@final
class _World:
    """One server for all inputs, and what a connection has done."""

    def __init__(self) -> None:
        self.loop = MemoryLoop()
        self.log = _Log()
        self.requests: list[tuple[str, str]] = []
        logger = logging.Logger("fuzz")  # noqa: LOG001  # it has no parent, which might print
        logger.addHandler(self.log)
        self.runners = [
            AppRunner(make_app(), logger=logger),
            AppRunner(
                make_app(),
                logger=logger,
                handler_cancellation=True,
                keepalive_requests=3,
                keepalive_time=10,
                read_bufsize=512,
            ),
        ]
        self.loop.run_until_complete(self._set_up())

    async def _set_up(self) -> None:
        for runner in self.runners:
            await runner.setup()
            state = self._server(runner)._state  # noqa: SLF001  # the one place that all heads pass
            setattr(state, "request_factory", self._noting(state.request_factory))  # noqa: B010  # Final

    def _noting(self, factory: RequestFactory[BaseRequest]) -> RequestFactory[BaseRequest]:
        def make(
            head: Request, body: StreamReader, channel: ResponseChannel, info: ConnectionInfo, /
        ) -> BaseRequest:
            self.requests.append((head.method, head.target))
            return factory(head, body, channel, info)

        return make

    def _server(self, runner: AppRunner) -> Server:
        server = runner.server
        assert server is not None
        return server

    def server(self, number: int) -> Server:
        """Return one of the two servers."""
        return self._server(self.runners[number % len(self.runners)])


_worlds: Final[list[_World]] = []


def server(data: bytes) -> None:
    """A connection ends, whatever its client does, and all that it writes are answers."""
    if not _worlds:
        _worlds.append(_World())
    world = _worlds[0]
    world.loop.run_until_complete(_connection(world, data))


def forget() -> None:
    """Forget the server of earlier inputs: the next one gets its own."""
    for world in _worlds:
        world.loop.close()
    _worlds.clear()


async def _connection(world: _World, data: bytes) -> None:
    loop = world.loop
    world.requests.clear()
    number, count = data[0] if data else 0, data[1] % _MOST_STEPS if len(data) > 1 else 0
    plan, wire = data[2 : 2 + count], data[2 + count :]
    factory = world.server(number)
    transport = MemoryTransport(loop, factory())
    left = await _follow(plan, wire, loop, transport)
    if not transport.cut and number % 2 == 0:
        # This server takes the end of input for no more than that: all answers are whole.
        left = False
    await loop.turns(10)
    transport.read()
    for _ in range(_PATIENCE // 20):
        if transport.lost and not factory.connections:
            break
        await loop.advance(20)
        transport.read()
    if not transport.lost:
        left = True
        transport.lose(ConnectionResetError())
    await loop.turns(10)
    await _check_end(world, factory)
    _check_output(world.requests, transport, broken=left or transport.cut)


async def _follow(plan: bytes, wire: bytes, loop: MemoryLoop, transport: MemoryTransport) -> bool:
    """Do the steps of ``plan``, then send the rest; True if the client ended or left."""
    at = 0
    for step in plan:
        kind, argument = step >> 5, step & 31
        if kind <= 1:
            size = argument + 1 if not kind else 1 << argument
            transport.send(wire[at : at + size])
            at += size
            await loop.turns(1)
        elif kind == 2:
            await loop.turns(argument + 1)
        elif kind == 3:
            await loop.advance(argument + 1)
        elif kind == 4:
            transport.peer_reads = False
        elif kind == 5:
            transport.read(None if argument == 31 else 256 << min(argument, 12))
        elif kind == 6:
            transport.send(wire[at:])
            transport.send_eof()
            return True
        else:
            transport.send(wire[at:])
            await loop.turns(argument)
            transport.lose(ConnectionResetError() if argument % 2 else None)
            return True
    transport.send(wire[at:])
    return False


async def _check_end(world: _World, factory: Server) -> None:
    loop = world.loop
    if len(asyncio.all_tasks()) > 1:
        # Handlers that wait for time alone.
        await loop.advance(60)
    assert not factory.connections, f"a connection that does not end: {factory.connections}"
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks are left: {left}"
    assert not loop.timers, f"{loop.timers} timers are left"
    if loop.failures or world.log.records:
        failures, records = [*loop.failures], [*world.log.records]
        loop.failures.clear()
        world.log.records.clear()
        for failure in failures:
            if isinstance(error := failure.get("exception"), Exception):
                raise error
        raise AssertionError(f"the loop was told {failures}, the log {records}")


def _check_output(
    requests: list[tuple[str, str]], transport: MemoryTransport, *, broken: bool
) -> None:
    """Read the output as answers to ``requests``, and to one that was refused unseen."""
    output = bytes(transport.output)
    broken = broken or any(path.startswith(FAILING) for _, path in requests)
    try:
        _read_answers(requests, output, b"GET", broken)
    except (AssertionError, h11.ProtocolError):
        # The method of a refused request is not known here.
        _read_answers(requests, output, b"HEAD", broken)


def _read_answers(
    requests: list[tuple[str, str]], output: bytes, refused: bytes, broken: bool
) -> None:
    methods = [method.encode() for method, _ in requests]
    for method in [*methods, refused]:
        if not output:
            return
        client = h11.Connection(h11.CLIENT)
        target = b"example.org:80" if method == b"CONNECT" else b"/"
        fields = [("Host", "x")]
        if b" 101 " in output[:16]:
            fields += [("Upgrade", "websocket"), ("Connection", "Upgrade")]
        client.send(h11.Request(method=method, target=target, headers=fields))
        client.send(h11.EndOfMessage())
        client.receive_data(output)
        event = _read_answer(client)
        if event is h11.NEED_DATA:
            # Allowed: a body to the end of the connection, or if the answer was cut.
            client.receive_data(b"")
            with contextlib.suppress(*([h11.RemoteProtocolError] if broken else [])):
                event = client.next_event()
                assert broken or not isinstance(event, h11.ConnectionClosed), "half an answer"
            return
        output = client.trailing_data[0]
        if isinstance(event, h11.InformationalResponse):
            _read_frames(output, broken)
            return
    assert not output, f"more answers than the requests {requests}: {output[:80]!r}"


def _read_answer(client: h11.Connection) -> object:
    """Return the event that ends an answer: its end, a 101, or NEED_DATA."""
    while True:
        event = client.next_event()
        if isinstance(event, h11.EndOfMessage) or event is h11.NEED_DATA:
            return event
        if isinstance(event, h11.InformationalResponse) and event.status_code == 101:
            return event


def _read_frames(output: bytes, broken: bool) -> None:
    closed = False
    while output:
        assert not closed, f"a frame behind a close frame: {output[:20]!r}"
        if broken and len(output) < 10:
            return
        head, size, start = output[0], output[1], 2
        assert head & 0xF in (1, 2, 8, 9, 10), f"opcode {head:x}"
        assert head & 0xB0 == 0x80, f"a fragment or reserved bits: {head:x}"
        assert size < 128, "masked"
        if size > 125:
            start = 4 if size == 126 else 10
            size = int.from_bytes(output[2:start], "big")
        assert broken or len(output) >= start + size, "half a frame"
        closed = head & 0xF == 8
        output = output[start + size :]
