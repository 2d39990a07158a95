"""WebSockets with foreign peers: other people's clients, and another server on the same input."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import websockets.asyncio.client
import websockets.asyncio.server
from hypothesis import given, settings
from hypothesis import strategies as st

from testkit import LOOPS, Peer, frame, run_on, upgrade_request
from treadle import web

TEXTS = ["", "a", "жук", "x" * 125, "x" * 126, "ab" * 40_000, "0123456789" * 30_000]


async def echo(request: web.Request) -> web.WebSocketResponse:
    ws = web.WebSocketResponse(protocols=["echo"])
    await ws.prepare(request)
    async for message in ws:
        if message.type is web.WSMsgType.TEXT:
            await ws.send_str(message.data)
        elif message.type is web.WSMsgType.BINARY:
            await ws.send_bytes(message.data)
    return ws


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """Serve the echo, and give its address."""
    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app, shutdown_timeout=5)
    await runner.setup()
    sock = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, sock).start()
    try:
        yield f"127.0.0.1:{sock.getsockname()[1]}/"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("compression", ["deflate", None])
def test_the_client_of_websockets(loop: str, compression: str | None) -> None:
    async def main() -> None:
        async with serving() as address:
            async with websockets.asyncio.client.connect(
                f"ws://{address}",
                compression=compression,
                subprotocols=[websockets.Subprotocol("echo")],
            ) as client:
                assert client.subprotocol == "echo"
                assert bool(client.protocol.extensions) == (compression is not None)
                for text in TEXTS:
                    await client.send(text)
                    assert await client.recv() == text
                    await client.send(text.encode())
                    assert await client.recv() == text.encode()
                await client.send(["in ", "three ", "fragments"])
                assert await client.recv() == "in three fragments"
                await (await client.ping())
            assert client.close_code == 1000
            # And many at once, each with its own answers.
            await asyncio.gather(*(_talk(address, number) for number in range(20)))

    run_on(loop)(main())


async def _talk(address: str, number: int) -> None:
    async with websockets.asyncio.client.connect(f"ws://{address}") as client:
        for word in range(20):
            await client.send(f"{number} {word}" * 50)
        for word in range(20):
            assert await client.recv() == f"{number} {word}" * 50


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("compress", [0, 9, 15])
def test_the_client_of_aiohttp(loop: str, compress: int) -> None:
    async def main() -> None:
        async with (
            serving() as address,
            aiohttp.ClientSession() as session,
            session.ws_connect(f"http://{address}", compress=compress) as client,
        ):
            for text in TEXTS:
                await client.send_str(text)
                assert await client.receive_str() == text
                await client.send_bytes(text.encode())
                assert await client.receive_bytes() == text.encode()
            await client.close(code=3000, message=b"bye")
            assert client.close_code == 3000

    run_on(loop)(main())


# The same bytes to us and to ``websockets``: both must echo the same and close the same way.

_DATA = st.one_of(
    st.tuples(st.just(1), st.text(max_size=40).map(str.encode)),
    st.tuples(st.just(2), st.binary(max_size=40)),
    st.tuples(st.just(2), st.sampled_from([125, 126, 65_535, 65_536]).map(bytes)),
)


@st.composite
def _message(draw: st.DrawFn) -> bytes:
    """Return the frames of one message, with pings between them."""
    opcode, payload = draw(_DATA)
    cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=3)))
    edges = [0, *cuts, len(payload)]
    frames = []
    for at in range(len(edges) - 1):
        if draw(st.booleans()):
            frames.append(frame(10, draw(st.binary(max_size=125))))
        last = at == len(edges) - 2
        frames.append(frame(opcode if at == 0 else 0, payload[edges[at] : edges[at + 1]], fin=last))
    return b"".join(frames)


_CLOSE = st.one_of(
    st.just(frame(8)),
    st.tuples(
        st.one_of(st.integers(0, 0xFFFF), st.sampled_from([999, 1000, 1004, 1005, 1006, 1015])),
        st.text(max_size=20).map(str.encode),
    ).map(lambda pair: frame(8, pair[0].to_bytes(2, "big") + pair[1])),
)
_WRONG = st.one_of(
    st.builds(frame, st.sampled_from([3, 4, 7, 11, 15]), st.just(b"x")),
    st.builds(frame, st.sampled_from([1, 2, 8, 9]), st.just(b"x"), rsv=st.sampled_from([1, 2, 3])),
    st.builds(frame, st.sampled_from([1, 2, 9]), st.just(b"x"), masked=st.just(False)),
    st.builds(frame, st.sampled_from([8, 9, 10]), st.just(b"xy"), fin=st.just(False)),
    st.builds(frame, st.sampled_from([8, 9, 10]), st.just(b"x" * 126)),
    st.just(frame(0, b"x")),
    st.just(frame(1, b"x", fin=False) + frame(1, b"y")),
    st.just(frame(1, b"\xff")),
    st.just(frame(1, b"\xed\xa0\x80")),
    st.just(frame(8, b"\x03")),
    st.just(frame(8, b"\x03\xe8\xff")),
)

Seen = tuple[list[tuple[int, bytes]], int | None]


async def _ask(address: tuple[str, int], messages: list[bytes], end: bytes) -> Seen:
    """Return the echoes of ``messages`` and the close code that ``end`` gets."""
    peer = Peer(*await asyncio.open_connection(*address))
    echoes = []
    try:
        await peer.send(upgrade_request())
        assert (await peer.head()).startswith(b"HTTP/1.1 101 ")
        for message in messages:
            await peer.send(message)
            echoes.append(await _data(peer))
        await peer.send(end)
        head, payload = await _data(peer)
        assert head == 0x88
        return echoes, int.from_bytes(payload[:2], "big") if payload else None
    finally:
        peer.writer.close()


async def _data(peer: Peer) -> tuple[int, bytes]:
    head, size = await peer.exactly(2)
    if size > 125:
        size = int.from_bytes(await peer.exactly(2 if size == 126 else 8), "big")
    return head, await peer.exactly(size)


class Both:
    """Our echo and that of ``websockets``, on one event loop that lives as long as the tests."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self._stack = contextlib.AsyncExitStack()

    async def start(self) -> None:
        async def theirs(connection: websockets.asyncio.server.ServerConnection) -> None:
            with contextlib.suppress(websockets.ConnectionClosed):
                async for message in connection:
                    await connection.send(message)

        ours = await self._stack.enter_async_context(serving())
        self.ours = ("127.0.0.1", int(ours[:-1].rpartition(":")[2]))
        server = await self._stack.enter_async_context(
            websockets.asyncio.server.serve(theirs, "127.0.0.1", 0, compression=None)
        )
        self.theirs: tuple[str, int] = next(iter(server.sockets)).getsockname()[:2]

    async def stop(self) -> None:
        await self._stack.aclose()

    async def compare(self, messages: list[bytes], end: bytes) -> None:
        ours = await _ask(self.ours, messages, end)
        theirs = await _ask(self.theirs, messages, end)
        assert ours == theirs


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    with asyncio.Runner() as runner:
        servers = Both(runner)
        runner.run(servers.start())
        yield servers
        runner.run(servers.stop())


@settings(deadline=None, max_examples=60)
@given(messages=st.lists(_message(), max_size=4), end=st.one_of(_CLOSE, _WRONG))
def test_we_answer_as_websockets_does(both: Both, messages: list[bytes], end: bytes) -> None:
    both.runner.run(both.compare(messages, end))
