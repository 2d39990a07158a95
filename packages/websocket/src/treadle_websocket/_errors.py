"""What can go wrong, split by whose fault it is.

Raised or handed out by every module of the package; imports none of them. Faults of the peer are
values first: a session reports them in a message and answers the peer by itself. Only mistakes of
the caller are raised at the caller.

    WSError
    |-- WebSocketError          the peer broke the protocol; ``code`` is what it is told
    |   `-- WSLimitError        the peer went over a limit of ours
    |-- WSHandshakeError        the peer's opening handshake was refused
    |-- WSMessageTypeError      the caller passed or expected another type (also a TypeError)
    |-- WSStateError            the caller sends after the close (also a RuntimeError)
    `-- WSValueError            the caller passed a value that has no place in a frame
"""

__all__ = [
    "WSError",
    "WSHandshakeError",
    "WSLimitError",
    "WSMessageTypeError",
    "WSStateError",
    "WSValueError",
    "WebSocketError",
]


class WSError(Exception):
    """Base of everything this package raises on purpose."""


class WebSocketError(WSError):
    """The peer broke RFC 6455 or RFC 7692.

    ``code`` is the close code (RFC 6455 section 7.4.1) that tells it so, ``message`` the sentence.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class WSLimitError(WebSocketError):
    """The peer went over ``limit``; ``size`` is the size that it sent or announced, if known."""

    def __init__(self, code: int, message: str, *, limit: int, size: int) -> None:
        super().__init__(code, message)
        self.limit = limit
        self.size = size


class WSHandshakeError(WSError):
    """The opening handshake was refused with HTTP ``status``."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class WSMessageTypeError(WSError, TypeError):
    """The caller passed, or expected, a message of another type."""


class WSStateError(WSError, RuntimeError):
    """The caller wants to send on a session whose sending side is closed."""


class WSValueError(WSError, ValueError):
    """The caller passed a value that the protocol or the configuration cannot hold."""
