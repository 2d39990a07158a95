"""The answer to an opening handshake: accept it, or reject it with an HTTP response."""

from dataclasses import dataclass
from typing import ClassVar, TypeAlias, final

from ._deflate import PerMessageDeflate
from ._errors import WSHandshakeError

__all__ = ["Accept", "Decision", "Headers", "Reject", "bad_request", "quote", "reject"]

Headers: TypeAlias = tuple[tuple[str, str], ...]


@final
@dataclass(frozen=True, slots=True)
class Accept:
    """Send ``headers`` with status 101, then speak WebSocket."""

    headers: Headers
    subprotocol: str | None = None
    extensions: tuple[PerMessageDeflate, ...] = ()
    # The client's list: a server may want to log that no name matched.
    offered_subprotocols: tuple[str, ...] = ()

    status: ClassVar[int] = 101
    reason: ClassVar[str] = "Switching Protocols"

    @property
    def deflate(self) -> PerMessageDeflate | None:
        """The agreed compression, for ``WebSocketSession``."""
        return self.extensions[0] if self.extensions else None

    def to_bytes(self) -> bytes:
        """Return the whole HTTP/1.1 response."""
        return _to_bytes(self.status, self.reason, self.headers, b"")


@final
@dataclass(frozen=True, slots=True)
class Reject:
    """Send this HTTP response and continue with HTTP; ``body`` is a sentence of ASCII text."""

    status: int
    reason: str
    headers: Headers
    body: bytes

    def to_bytes(self) -> bytes:
        """Return the whole HTTP/1.1 response, with ``Connection: close``."""
        length = ("Content-Length", str(len(self.body)))
        headers = (*self.headers, length, ("Connection", "close"))
        return _to_bytes(self.status, self.reason, headers, self.body)

    def error(self) -> WSHandshakeError:
        """Return the refusal as an exception, for callers that prefer to raise."""
        return WSHandshakeError(self.body.decode("ascii"), status=self.status)


#: The answer to a handshake: it is accepted, or refused.
Decision: TypeAlias = Accept | Reject


def _to_bytes(status: int, reason: str, headers: Headers, body: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


def bad_request(text: str) -> Reject:
    """Return a 400 with this sentence."""
    return reject(400, "Bad Request", text)


def reject(status: int, reason: str, text: str, *headers: tuple[str, str]) -> Reject:
    """Return a refusal with this sentence of ASCII text."""
    plain = ("Content-Type", "text/plain; charset=utf-8")
    return Reject(status, reason, (*headers, plain), text.encode("ascii"))


def quote(text: str | None) -> str:
    """Return text of a client as a short ASCII literal, safe in a body or a log."""
    return ascii(text if text is None else text[:80])
