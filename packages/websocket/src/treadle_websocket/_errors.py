"""The errors of the package: the peer's faults and the caller's mistakes.

Every module of the package uses them; this one imports none of those. A session reports the peer's
faults as values, in a message, and answers the peer itself. It raises only for mistakes of the
caller.

    WSError
    |-- WebSocketError          the peer broke the protocol; ``code`` is the close code for it
    |   `-- WSLimitError        the peer exceeded a limit
    |-- WSHandshakeError        the peer's opening handshake was refused
    |-- WSMessageTypeError      the caller passed or expected another type (also a TypeError)
    |-- WSStateError            the caller sends after the close (also a RuntimeError)
    `-- WSValueError            the caller passed a value that a frame cannot hold
"""

__all__ = [
    "WSError",
    "WSHandshakeError",
    "WSLimitError",
    "WSMessageTypeError",
    "WSStateError",
    "WSValueError",
    "WebSocketError",
    "check_number",
    "wrong_type",
]


class WSError(Exception):
    """The base of all exceptions that this package raises on purpose."""


class WebSocketError(WSError):
    """The peer broke RFC 6455 or RFC 7692.

    ``code`` and ``message`` are the code (RFC 6455 section 7.4.1) and the reason of the close frame
    that the peer gets.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class WSLimitError(WebSocketError):
    """The peer exceeded ``limit``; ``size`` is the size that it sent or announced."""

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


def wrong_type(place: str, wanted: str, value: object) -> WSMessageTypeError:
    """Return the error for a ``value`` that is not of a ``wanted`` type at ``place``."""
    return WSMessageTypeError(f"{place} takes {wanted}, not {type(value).__name__}")


class WSStateError(WSError, RuntimeError):
    """The caller tried to send after the close frame."""


class WSValueError(WSError, ValueError):
    """The caller passed a value that is not valid in a frame or in the settings."""


def check_number(name: str, value: object) -> None:
    """Raise ``WSMessageTypeError`` if the option ``name`` is not a number."""
    if not isinstance(value, (int, float)):
        raise wrong_type(f"{name}={value!r}", "a number", value)
