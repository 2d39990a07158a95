"""What a response needs of the server that sends it: two protocols.

Any server can send these responses by satisfying them; ``treadle_server`` is one that does.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Protocol, TypeVar

from multidict import CIMultiDict

__all__ = ["RequestFor", "ResponseWriter", "run_blocking"]

_T = TypeVar("_T")
_R_contra = TypeVar("_R_contra", contravariant=True)


class ResponseWriter(Protocol):
    """Sends one response: one head, any number of pieces, one end.

    The writer owns framing and the connection: it writes ``Content-Length`` or chunks, adds the
    fields of the connection, and sends no body where the request or the status allows none.

    Responses read files and compress large bodies through one more method, if the writer has it::

        async def run_blocking(self, call, executor=None): ...

    It returns what ``call()`` returns, without holding up other connections (in a thread of
    ``executor``, None for the server's own). Without the method the call is simply made.
    """

    def write_head(
        self, status: int, reason: str, headers: CIMultiDict[str], *, body_follows: bool
    ) -> None:
        """Take the head; with ``body_follows`` it may wait for the first piece of the body.

        Responses check what has a setter of its own (reason, media type, cookies, entity tag).
        Other names and values come as the user gave them: the writer must refuse CR, LF and NUL.
        """

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece of the body; returns when the peer keeps up."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the last piece and end the response."""


async def run_blocking(
    writer: object, call: Callable[[], _T], executor: Executor | None = None
) -> _T:
    """Return ``call()``, made the way that ``writer`` makes calls that block."""
    run = getattr(writer, "run_blocking", None)
    if run is None:
        return call()
    result: _T = await run(call, executor)
    return result


class RequestFor(Protocol[_R_contra]):
    """What responses of the class ``_R_contra`` look at in the request that they answer.

    ``_R_contra`` is a parameter because the class is defined in a module above this one;
    ``RequestInfo`` is this with ``StreamResponse``.
    """

    @property
    def method(self) -> str:
        """The request method, upper-case."""

    @property
    def version(self) -> tuple[int, int]:
        """The HTTP version of the request."""

    @property
    def keep_alive(self) -> bool:
        """Whether the client wants to keep the connection."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's fields."""

    @property
    def response_writer(self) -> ResponseWriter:
        """Where this request's response is written."""

    async def _prepare_hook(self, response: _R_contra) -> None:
        """Run before the head is sent, when every header is in place."""
