"""The sending side of a WebSocket: frames in order, and a wait for a peer that is behind."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from testkit import FakeTransport
from treadle_server import ClientConnectionResetError
from treadle_server._transport.flow import FlowControl
from treadle_server._websocket.compression import BackgroundCompressor
from treadle_server._websocket.queue import AnyMessage
from treadle_server._websocket.sender import MessageSender
from treadle_websocket import (
    PreparedMessage,
    WebSocketSession,
    WSMessageTypeError,
    WSMsgType,
    WSValueError,
)


class Sender(MessageSender):
    """Keeps the frames."""

    session: WebSocketSession[AnyMessage] = WebSocketSession(decode_text=bool(1))
    flow = FlowControl(FakeTransport())
    compressor: BackgroundCompressor | None = None

    def __init__(self) -> None:
        self.session = WebSocketSession(decode_text=bool(1))
        self.flow = FlowControl(FakeTransport())
        self.frames: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.frames.append(data)


SENDS: list[tuple[Callable[[Sender], Awaitable[None]], bytes]] = [
    (lambda sender: sender.send_text("a", None), b"\x81\x01a"),
    (lambda sender: sender.send_bytes(b"a", None), b"\x82\x01a"),
    (lambda sender: sender.send_frame(b"a", WSMsgType.TEXT, None), b"\x81\x01a"),
    (lambda sender: sender.send_prepared(PreparedMessage("a"), None), b"\x81\x01a"),
    (lambda sender: sender.send_ping("a"), b"\x89\x01a"),
    (lambda sender: sender.send_pong(b"a"), b"\x8a\x01a"),
]


@pytest.mark.parametrize("number", range(len(SENDS)))
def test_sending(number: int) -> None:
    send, expected = SENDS[number]

    async def main() -> None:
        sender = Sender()
        await send(sender)
        assert sender.frames == [expected]
        sender.flow.pause_writing()
        waiting = asyncio.ensure_future(send(sender))
        await asyncio.sleep(0)
        assert sender.frames == [expected, expected]
        assert not waiting.done()
        sender.flow.resume_writing()
        await asyncio.wait_for(waiting, 5)
        sender.session.send_close()
        with pytest.raises(ClientConnectionResetError, match="close sent"):
            await send(sender)

    asyncio.run(main())


@pytest.mark.parametrize(
    ("send", "error"),
    [
        (lambda sender: sender.send_text(b"a", None), WSMessageTypeError),
        (lambda sender: sender.send_bytes("a", None), WSMessageTypeError),
        (lambda sender: sender.send_frame(b"", WSMsgType.CLOSE, None), WSValueError),
        (lambda sender: sender.send_ping(b"x" * 126), WSValueError),
    ],
)
def test_mistakes(send: Callable[[Sender], Awaitable[None]], error: type[Exception]) -> None:
    async def main() -> None:
        sender = Sender()
        with pytest.raises(error):
            await send(sender)
        assert sender.frames == []

    asyncio.run(main())


def test_putting_does_not_wait() -> None:
    async def main() -> None:
        sender = Sender()
        sender.flow.pause_writing()
        sender.put(PreparedMessage(b"a"), None)
        assert sender.frames == [b"\x82\x01a"]

    asyncio.run(main())
