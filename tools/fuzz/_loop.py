"""An event loop without a clock and without sockets, and a transport to a peer in memory.

Time passes when the program says so, calls in threads are made at once, and a turn of the loop does
not ask the operating system: the same input always runs the same way, thousands of times a second.
The transport behaves as asyncio's does, rule by rule, because the server relies on those rules.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final, cast, final

__all__ = ["MemoryLoop", "MemoryTransport"]

#: Above the first number of bytes the protocol is told to pause, at the second to resume.
_HIGH: Final = 64 * 1024


class _NoSelector:
    """Finds nothing to read or write, at once."""

    def select(self, timeout: float | None) -> list[Any]:
        """Return no event."""
        del timeout
        return []


@final
class MemoryLoop(asyncio.BaseEventLoop):
    """asyncio's loop with a clock of its own: ``now``, which ``advance`` moves."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _NoSelector()
        self.now = 1000.0
        #: The contexts that were given to the exception handler.
        self.failures: Final[list[dict[str, Any]]] = []
        self.set_exception_handler(lambda _, context: self.failures.append(context))

    def time(self) -> float:
        """Return ``now``."""
        return self.now

    def _process_events(self, event_list: list[Any]) -> None:
        """Do nothing: ``select`` returns no event."""

    def _write_to_self(self) -> None:
        """Do nothing: the loop never sleeps."""

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]  # typeshed's has type variables of its own
        """Call at once, and return a future that is done."""
        del executor
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  # for the future, whatever it is
            future.set_exception(error)
        return future

    @property
    def timers(self) -> int:
        """The timers that are set and not cancelled."""
        scheduled = cast("list[asyncio.TimerHandle]", self._scheduled)  # type: ignore[attr-defined]  # asyncio has no public name
        return sum(not timer.cancelled() for timer in scheduled)

    async def turns(self, count: int) -> None:
        """Run everything that is due, ``count`` times."""
        for _ in range(count):
            await asyncio.sleep(0)

    async def advance(self, seconds: float) -> None:
        """Let time pass, second by second, as the sweeper of deadlines sees it."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(self.now + 1.0, end)
            await self.turns(4)


@final
class MemoryTransport(asyncio.Transport):
    """The server's end of a connection; the other methods below are those of its peer."""

    def __init__(self, loop: MemoryLoop, protocol: asyncio.BaseProtocol) -> None:
        super().__init__({"peername": ("192.0.2.7", 1234), "sockname": ("192.0.2.1", 80)})
        self._loop: Final = loop
        self._protocol = cast("asyncio.Protocol", protocol)
        self._high, self._low = _HIGH, _HIGH // 4
        self._unsent = bytearray()
        self._paused_writing = False
        self._paused_reading = False
        self._closing = False
        self._eof = False
        # Bytes of the peer that the protocol has not got, and the end of input behind them.
        self._incoming = bytearray()
        self._incoming_eof = False
        self._eof_told = False
        #: False while the peer does not read.
        self.peer_reads = True
        #: All that the peer has read.
        self.output = bytearray()
        #: True if the connection has ended, and if it was cut rather than closed.
        self.lost = False
        self.cut = False
        self._call(self._protocol.connection_made, self)

    # The peer.

    def send(self, data: bytes) -> None:
        """Send bytes to the protocol, which gets them when it reads."""
        self._incoming += data
        self._loop.call_soon(self._deliver)

    def send_eof(self) -> None:
        """End the peer's sending side."""
        self._incoming_eof = True
        self._loop.call_soon(self._deliver)

    def read(self, size: int | None = None) -> None:
        """Read ``size`` bytes of what waits, or everything from now on."""
        if size is None:
            self.peer_reads = True
            size = len(self._unsent)
        self.output += self._unsent[:size]
        del self._unsent[:size]
        self._loop.call_soon(self._progress)

    def lose(self, error: Exception | None = None) -> None:
        """End the connection as a reset does."""
        if not self.lost:
            self._closing = self.cut = True
            self._unsent.clear()
            self._loop.call_soon(self._end, error)

    def _deliver(self) -> None:
        if self._paused_reading or self._closing:
            return
        if self._incoming:
            data = bytes(self._incoming)
            self._incoming.clear()
            self._call(self._protocol.data_received, data)
        if self._incoming_eof and not self._incoming and not self._eof_told and not self._closing:
            if self._paused_reading:
                return
            self._eof_told = True
            if not self._call(self._protocol.eof_received):
                self.close()

    def _progress(self) -> None:
        if self._paused_writing and len(self._unsent) <= self._low:
            self._paused_writing = False
            self._call(self._protocol.resume_writing)
        if self._closing and not self._unsent and not self.lost:
            self._end(None)

    def _end(self, error: Exception | None) -> None:
        if not self.lost:
            self.lost = True
            self._call(self._protocol.connection_lost, error)

    def _call(self, callback: Callable[..., Any], *arguments: object) -> Any:
        """Call the protocol as asyncio does: what it raises ends the connection, and is told."""
        try:
            return callback(*arguments)
        except Exception as error:  # noqa: BLE001  # as asyncio does
            self._loop.call_exception_handler({"message": str(callback), "exception": error})
            self.abort()
            return None

    # asyncio's transport.

    def write(self, data: Any) -> None:
        """Take bytes for the peer."""
        assert isinstance(data, (bytes, bytearray, memoryview)), data
        if self._eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self.cut or self.lost or not data:
            return
        if self.peer_reads:
            self.output += data
            return
        self._unsent += data
        if len(self._unsent) > self._high and not self._paused_writing:
            self._paused_writing = True
            self._call(self._protocol.pause_writing)

    def writelines(self, list_of_data: Any) -> None:
        """Take pieces for the peer."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Return True."""
        return True

    def write_eof(self) -> None:
        """Close the sending side."""
        self._eof = True

    def close(self) -> None:
        """Close once everything is written."""
        if not self._closing:
            self._closing = True
            if not self._unsent:
                self._loop.call_soon(self._end, None)

    def abort(self) -> None:
        """Close at once."""
        self.lose()

    def is_closing(self) -> bool:
        """Return True once closing."""
        return self._closing

    def pause_reading(self) -> None:
        """Keep what the peer sends."""
        self._paused_reading = True

    def resume_reading(self) -> None:
        """Deliver in the next turn."""
        self._paused_reading = False
        self._loop.call_soon(self._deliver)

    def is_reading(self) -> bool:
        """Return True unless paused or closing."""
        return not self._paused_reading and not self._closing

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Change the protocol."""
        self._protocol = cast("asyncio.Protocol", protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return the protocol."""
        return self._protocol

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Change the bounds, as ``asyncio.WriteTransport`` documents them."""
        self._high = _HIGH if high is None else high
        self._low = self._high // 4 if low is None else low

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """Return the low and the high bound."""
        return self._low, self._high

    def get_write_buffer_size(self) -> int:
        """Return the bytes that the peer has not read."""
        return len(self._unsent)
