"""The contract between a response and the server that sends it.

A server, whether it speaks HTTP/1.1, HTTP/2 or ASGI or only fills a buffer, provides two objects:
a request (``RequestInfo``), which responses read, and a writer (``ResponseWriter``), which they
write to. It sends a response in one of two ways:

1. ``await response.prepare(request)``, then ``await response.write_eof()``. This works for every
   response. The server sees these calls, in this order: ``request.on_prepare``,
   ``writer.write_head``, any number of ``writer.write``, one ``writer.write_eof``.
2. ``response.as_single_write()``, which needs no coroutine. If it returns a tuple, the server
   writes its parts and calls ``response.mark_sent``. This is allowed if ``on_prepare`` has nothing
   to do and the response's class overrides none of ``prepare``, ``write`` and ``write_eof``.

The server's other duties: a handler may have sent its response itself, wholly or in part, so ask
``response.prepared`` first; call ``response.release_body()`` if a response is not sent or fails.

A response class that sends its head or body by other means (an upgrade, a file sent by the kernel)
overrides ``prepare`` and ``write_eof``, and keeps the response's state with ``complete_headers``,
``run_on_prepare``, ``begin_sending``, ``count_body`` and ``end_sending`` of ``StreamResponse``.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import BinaryIO, Protocol, TypeVar, runtime_checkable

from multidict import CIMultiDict

__all__ = [
    "RequestFor",
    "ResponseWriter",
    "Sendable",
    "WholeFileSender",
    "refuse_second_use",
    "run_blocking",
]

_T = TypeVar("_T")
R_contra = TypeVar("R_contra", contravariant=True)
Q_contra = TypeVar("Q_contra", contravariant=True)


class ResponseWriter(Protocol):
    """Sends one response: one head, any number of pieces, one end.

    The writer owns framing and the connection: it writes ``Content-Length`` or chunks, adds the
    fields of the connection, and sends no body if the request or the status allows none.

    Responses read files and compress large bodies through one more method, if the writer has it::

        async def run_blocking(self, call, executor=None): ...

    It returns the result of ``call()`` without holding up other connections: it runs the call in a
    thread of ``executor`` (None: the server's own). The calls of one response run one after the
    other, in order, and a cancelled one ends before the next begins. Without the method, the
    response calls ``call()`` directly.

    At the end, ``body_length`` of the response becomes ``output_size`` of the writer, if it has
    that: the bytes of the response that were sent, head and framing included.
    """

    def write_head(
        self, status: int, reason: str, headers: CIMultiDict[str], *, body_follows: bool
    ) -> None:
        """Send the head; if ``body_follows``, it may wait for the first piece of the body.

        Responses check the values that have a setter (reason, media type, cookies, entity tag).
        Other names and values come as the user gave them: the writer must refuse CR, LF and NUL.
        """

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send a piece of the body; return when the peer keeps up."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Send the last piece and end the response."""


async def run_blocking(
    writer: object, call: Callable[[], _T], executor: Executor | None = None
) -> _T:
    """Return ``call()``, run by ``writer.run_blocking`` if the writer has that method."""
    run = getattr(writer, "run_blocking", None)
    if run is None:
        return call()
    result: _T = await run(call, executor)
    return result


class RequestFor(Protocol[R_contra]):
    """The part of a request that responses of the class ``R_contra`` use.

    ``R_contra`` is a parameter because the class is defined in a module above this one;
    ``RequestInfo`` is this protocol with ``StreamResponse``.
    """

    @property
    def method(self) -> str:
        """The request method, upper-case."""

    @property
    def version(self) -> tuple[int, int]:
        """The HTTP version of the request."""

    @property
    def keep_alive(self) -> bool:
        """True if the client wants to keep the connection."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's fields."""

    @property
    def response_writer(self) -> ResponseWriter:
        """The writer for the response to this request."""

    @property
    def task(self) -> object | None:
        """The server's task that runs the handler; None if the server has no tasks."""

    async def on_prepare(self, response: R_contra) -> None:
        """Run the application's hooks: every field is in place, and the head is not sent yet."""


@runtime_checkable
class WholeFileSender(Protocol):
    """A ``ResponseWriter`` that may have its server send a whole file by better means."""

    async def send_whole_file(self, file: BinaryIO, length: int) -> bool:
        """Send all ``length`` bytes of an open file behind the head, and then close the file.

        Return False, with nothing done, if the server cannot.
        """


class Sendable(Protocol[Q_contra]):
    """The part of a response that sends it to requests of the class ``Q_contra``."""

    @property
    def prepared(self) -> bool:
        """True if the head was sent."""

    def as_single_write(self) -> tuple[int, str | None, bytes, bytes] | None:
        """Return a response that fits in one write; None if it must be sent with ``prepare``."""

    def mark_sent(self, body_length: int) -> None:
        """Note that the server has sent the result of ``as_single_write``."""

    async def prepare(self, request: Q_contra) -> object:
        """Send the head."""

    async def write_eof(self) -> None:
        """Send the body and end the response."""

    def release_body(self) -> None:
        """Close the body's files and streams."""


def refuse_second_use(response: Sendable[Q_contra]) -> None:
    """Raise ``RuntimeError`` if the response was sent before, or its handler has begun to."""
    if response.prepared:
        raise RuntimeError(
            f"{response!r} was sent before, and a response is sent once: make one for each request"
        )
