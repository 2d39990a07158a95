"""The reading side of a WebSocket, whatever brings its messages."""

import asyncio
from collections.abc import Awaitable

import pytest

from testkit import Run, each_loop
from treadle_server._websocket.queue import AnyMessage
from treadle_server._websocket.reader import MessageReader
from treadle_websocket import WebSocketSession, WSMessageBinary, WSMessageClose, WSMsgType


class Reader(MessageReader[WebSocketSession[AnyMessage]]):
    """Messages from a list."""

    def __init__(self) -> None:
        session: WebSocketSession[AnyMessage] = WebSocketSession(decode_text=bool(1))
        super().__init__(session, asyncio.get_running_loop())
        self.calls: list[str] = []

    def answer_close(self) -> None:
        self.calls.append("answer")

    def _read_on(self) -> None:
        self.calls.append("read on")

    def _pause(self) -> None:
        self.calls.append("pause")

    def feed(self, *sizes: int) -> None:
        self._add([WSMessageBinary(WSMsgType.BINARY, b"x" * size) for size in sizes])

    def end(self) -> None:
        self.session.receive_eof()
        self._last = WSMessageClose(WSMsgType.CLOSE, 1000, "")
        self._wake()


async def receive(
    reader: Reader, timeout: float | None = 5, *, autoclose: bool = True, iterating: bool = False
) -> AnyMessage:
    return await reader.receive(timeout, autoclose, iterating)


@each_loop
def test_the_order_of_messages_and_the_end(run: Run) -> None:
    async def main() -> None:
        reader = Reader()
        waiting = asyncio.ensure_future(receive(reader))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="Concurrent call"):
            await receive(reader)
        reader.feed(1, 2)
        assert (await waiting).data == b"x"
        reader.end()
        assert (await receive(reader)).data == b"xx"
        assert (await receive(reader)).type is WSMsgType.CLOSE
        assert reader.calls == ["answer"]
        with pytest.raises(StopAsyncIteration):
            await anext_of(reader)
        for _ in range(3):
            assert (await receive(reader)).type is WSMsgType.CLOSED
        with pytest.raises(RuntimeError, match="look at the type"):
            await receive(reader)

    run(main())


async def anext_of(reader: Reader) -> AnyMessage:
    """Iterate by hand: a coroutine may not raise StopAsyncIteration, an iteration does."""

    class Iteration:
        def __aiter__(self) -> "Iteration":
            return self

        def __anext__(self) -> Awaitable[AnyMessage]:
            return reader.receive(5, autoclose=True, iterating=True)

    return await anext(Iteration())


@each_loop
def test_a_full_queue_pauses_and_reads_on(run: Run) -> None:
    async def main() -> None:
        reader = Reader()
        reader.feed(300_000, 1)
        assert reader.calls == ["pause"]
        assert (await receive(reader)).data == b"x" * 300_000
        assert reader.calls == ["pause", "read on"]

    run(main())


@each_loop
def test_a_wait_that_is_broken_off_loses_nothing(run: Run) -> None:
    async def main() -> None:
        reader = Reader()
        with pytest.raises(TimeoutError):
            await receive(reader, 0.001)
        waiting = asyncio.ensure_future(receive(reader))
        await asyncio.sleep(0)
        reader.feed(3)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert (await receive(reader, autoclose=False)).data == b"xxx"

    run(main())
