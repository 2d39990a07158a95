"""A transport without a socket: it notes what is written and what is called."""

import asyncio

__all__ = ["FakeTransport"]


class FakeTransport(asyncio.Transport):
    """Takes every write at once; ``unsent`` sets the bytes that wait for the peer."""

    def __init__(self, **extra: object) -> None:
        super().__init__(extra)
        #: The calls but for ``write``, in order.
        self.calls: list[str] = []
        self.writes: list[bytes] = []
        self.unsent = 0
        self._closing = False
        self.protocol: asyncio.BaseProtocol | None = None

    @property
    def written(self) -> bytes:
        """All bytes that were written."""
        return b"".join(self.writes)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Note a write; a peer that is behind does not get it yet."""
        if self.unsent:
            self.unsent += len(data)
        self.writes.append(bytes(data) if not isinstance(data, bytes) else data)

    def get_write_buffer_size(self) -> int:
        """Return ``unsent``."""
        return self.unsent

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Do nothing."""

    def is_closing(self) -> bool:
        """Return True after ``close`` or ``abort``."""
        return self._closing

    def close(self) -> None:
        """Note the call."""
        self.calls.append("close")
        self._closing = True

    def abort(self) -> None:
        """Note the call."""
        self.calls.append("abort")
        self._closing = True

    def pause_reading(self) -> None:
        """Note the call."""
        self.calls.append("pause_reading")

    def resume_reading(self) -> None:
        """Note the call."""
        self.calls.append("resume_reading")

    def can_write_eof(self) -> bool:
        """Return True."""
        return True

    def write_eof(self) -> None:
        """Note the call."""
        self.calls.append("write_eof")

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Note the call and the protocol."""
        self.calls.append("set_protocol")
        self.protocol = protocol
