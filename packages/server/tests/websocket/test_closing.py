"""Callbacks for the end of a WebSocket: each once, at every kind of end, whatever one raises."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from testkit import Peer, Run, each_loop, frame, open_websocket, read_close, serve
from treadle_server import Request, WebSocketResponse
from treadle_server._websocket.closing import run_callbacks
from treadle_server.interfaces import websocket_channel


def test_all_are_called(caplog: pytest.LogCaptureFixture) -> None:
    called: list[str] = []

    def fail() -> None:
        raise ValueError("oops")

    with caplog.at_level(logging.ERROR, "treadle.web"):
        run_callbacks([fail, lambda: called.append("second")])
    assert called == ["second"]
    assert "oops" in caplog.text


class Handler:
    """Opens a WebSocket, and notes the end."""

    def __init__(self, act: Callable[[WebSocketResponse], Awaitable[object]]) -> None:
        self.act = act
        self.closed = asyncio.Event()
        self.calls: list[str] = []

    def note(self) -> None:
        self.calls.append("closed")
        self.closed.set()

    async def __call__(self, request: Request) -> WebSocketResponse:
        ws = WebSocketResponse(timeout=0.05)
        await ws.prepare(request)
        channel = websocket_channel(ws)
        channel.add_close_callback(self.note)
        removed = lambda: self.calls.append("removed")  # noqa: E731  # it must be one object
        channel.add_close_callback(removed)
        channel.remove_close_callback(removed)
        channel.remove_close_callback(removed)
        await self.act(ws)
        return ws


async def read_all(ws: WebSocketResponse) -> None:
    async for _ in ws:
        pass


async def close(ws: WebSocketResponse) -> None:
    await ws.close()


async def fail(ws: WebSocketResponse) -> None:
    raise ValueError("oops")


async def nothing(peer: Peer) -> None:
    assert await read_close(peer) is not None


async def leave(peer: Peer) -> None:
    await peer.send(frame(8))
    assert await read_close(peer) == 1005


async def vanish(peer: Peer) -> None:
    peer.reader._transport.abort()  # type: ignore[attr-defined]  # the only way


@each_loop
@pytest.mark.parametrize(
    ("act", "peer_does"),
    [(read_all, leave), (read_all, vanish), (close, nothing), (fail, nothing)],
    ids=["the client closes", "the client vanishes", "the handler closes", "the handler raises"],
)
def test_each_end_is_told_once(
    run: Run,
    act: Callable[[WebSocketResponse], Awaitable[object]],
    peer_does: Callable[[Peer], Awaitable[None]],
) -> None:
    async def main() -> None:
        handler = Handler(act)
        async with serve(handler) as connect:
            peer = await open_websocket(connect, "/")
            await peer_does(peer)
            await asyncio.wait_for(handler.closed.wait(), 10)
        assert handler.calls == ["closed"]

    run(main())


def test_a_callback_that_comes_late_is_called_soon(run: Run) -> None:
    async def main() -> None:
        called = asyncio.Event()

        async def act(ws: WebSocketResponse) -> None:
            await ws.close()
            websocket_channel(ws).add_close_callback(called.set)
            assert not called.is_set()

        async with serve(Handler(act)) as connect:
            await nothing(await open_websocket(connect, "/"))
            await asyncio.wait_for(called.wait(), 10)

    run(main())


def test_a_websocket_that_is_not_open_has_no_channel() -> None:
    with pytest.raises(RuntimeError, match="await prepare"):
        websocket_channel(WebSocketResponse())
