"""Send a response as an ASGI application does: the request and the writer of one scope.

Nothing here knows an event loop: only ``send`` and the caller's ``offload`` are awaited. The
program's ``receive`` is never called, so that a body that it has not read stays unread.
"""

import functools
import os
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from typing import BinaryIO, Final, Protocol, TypeVar, final

from multidict import CIMultiDict

from ._fields import asgi_fields, from_bytes, joined_fields
from ._status import must_be_empty
from ._types import ResponseWriter, Sendable, refuse_second_use

__all__ = [
    "ASGIReceive",
    "ASGIRequest",
    "ASGIScope",
    "ASGISend",
    "Offload",
    "asgi_lines",
    "send_asgi",
]

_T = TypeVar("_T")

#: The facts about a connection, of an ASGI server.
ASGIScope = Mapping[str, object]
#: Returns the next event of an ASGI server.
ASGIReceive = Callable[[], Awaitable[Mapping[str, object]]]
#: Sends an event to an ASGI server.
ASGISend = Callable[[dict[str, object]], Awaitable[None]]

#: Field lines that are cached: each type of content with each length is an entry.
_CACHED_LINES: Final = 512
_PATHSEND: Final = "http.response.pathsend"
_DENIAL: Final = "websocket.http.response"


class Offload(Protocol):
    """Makes a blocking call in a thread: ``asyncio.to_thread``, ``trio.to_thread.run_sync`` ..."""

    def __call__(self, call: Callable[[], _T], /) -> Awaitable[_T]:
        """Return the result of ``call()``."""


@final
class ASGIRequest:
    """The request of a scope, through which any response is sent: a ``RequestInfo``.

    An application that writes a ``StreamResponse`` piece by piece makes one:
    ``await response.prepare(ASGIRequest(scope, send))``, then ``write`` and ``write_eof``. The head
    leaves with the first piece, which may be empty. ``offload`` runs blocking calls; without it
    they run where they are.

    Raises ``ValueError`` for a scope that takes no HTTP response.
    """

    __slots__ = ("_headers", "_scope", "_writer", "method", "version")

    def __init__(self, scope: ASGIScope, send: ASGISend, *, offload: Offload | None = None) -> None:
        self._scope: Final = scope
        self._headers: CIMultiDict[str] | None = None
        #: The request method, upper-case; that of a WebSocket handshake is GET.
        self.method: Final = str(scope.get("method", "GET"))
        #: The HTTP version; 1.1 for HTTP/1.0 too, because framing is left to the server.
        self.version: Final = (2, 0) if str(scope.get("http_version", "1.1")) >= "2" else (1, 1)
        self._writer: Final = _Writer(scope, send, self.method, offload, self.version < (2, 0))

    @property
    def keep_alive(self) -> bool:
        """True: the connection is the server's."""
        return True

    @property
    def headers(self) -> Mapping[str, str]:
        """The request's fields."""
        if self._headers is None:
            raw = self._scope.get("headers", ())
            self._headers = joined_fields(
                (from_bytes(bytes(name)), from_bytes(bytes(value)))
                for name, value in raw  # type: ignore[attr-defined]  # a scope's values are objects
            )
        return self._headers

    @property
    def response_writer(self) -> ResponseWriter:
        """The writer for the response to this request."""
        return self._writer

    @property
    def task(self) -> None:
        """None: the task is the server's."""
        return

    async def on_prepare(self, response: object) -> None:
        """Do nothing: an application has no hooks here."""


async def send_asgi(
    response: Sendable[ASGIRequest],
    scope: ASGIScope,
    send: ASGISend,
    offload: Offload | None,
    *,
    at_once: bool,
) -> None:
    """Send a whole response; ``at_once`` allows the way without ``prepare``.

    Raises ``RuntimeError`` for a response that was sent before, and the exceptions of its body and
    of ``send``. The body is released on every path.
    """
    try:
        refuse_second_use(response)
        if at_once and scope.get("type") == "http":
            # Fast path of ``asgi text`` in tools/bench/bench_responses.py: no request, no writer.
            method = scope.get("method")
            whole = response.as_single_write() if method != "CONNECT" else None
            if whole is not None and (whole[3] or method != "HEAD"):
                status, _, lines, body = whole
                response.mark_sent(len(body))
                headers = [*asgi_lines(lines)]
                await send({"type": "http.response.start", "status": status, "headers": headers})
                if method == "HEAD":
                    body = b""
                await send({"type": "http.response.body", "body": body})
                return
        await response.prepare(ASGIRequest(scope, send, offload=offload))
        await response.write_eof()
    except BaseException:
        response.release_body()
        raise


@functools.lru_cache(_CACHED_LINES)
def asgi_lines(lines: bytes) -> tuple[tuple[bytes, bytes], ...]:
    """Return the field lines of ``as_single_write`` as the pairs of ASGI, names in lower case."""
    pairs = [line.split(b": ", 1) for line in lines.split(b"\r\n")[:-1]]
    return tuple((name.lower(), value) for name, value in pairs)


@final
class _Writer:
    """The ``ResponseWriter`` of one scope; the head waits for the first piece, which is awaited."""

    __slots__ = (
        "_ended", "_extensions", "_has_body", "_keep_connection", "_method", "_offload", "_prefix",
        "_send", "_start",
    )  # fmt: skip

    def __init__(
        self,
        scope: ASGIScope,
        send: ASGISend,
        method: str,
        offload: Offload | None,
        keep_connection: bool,
    ) -> None:
        kind = scope.get("type")
        extensions = scope.get("extensions")
        self._extensions: Final = extensions if isinstance(extensions, Mapping) else {}
        if kind == "http":
            self._prefix = ""
        elif kind == "websocket" and _DENIAL in self._extensions:
            self._prefix = "websocket."
        else:
            raise ValueError(
                f"A response answers a scope of the type 'http', not {kind!r}: look at "
                "scope['type'] before you send one"
            )
        self._send: Final = send
        self._method: Final = method
        self._offload: Final = offload
        self._keep_connection: Final = keep_connection
        self._start: dict[str, object] | None = None
        self._has_body = True
        self._ended = False

    def write_head(
        self,
        status: int,
        reason: str,  # noqa: ARG002  # ASGI has none
        headers: CIMultiDict[str],
        *,
        body_follows: bool,  # noqa: ARG002  # the head waits anyway
    ) -> None:
        self._has_body = not must_be_empty(self._method, status)
        self._start = {
            "type": f"{self._prefix}http.response.start",
            "status": status,
            "headers": asgi_fields(headers, keep_connection=self._keep_connection),
        }

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        await self._send_body(bytes(data), more=True)

    async def write_eof(self, data: bytes = b"") -> None:
        if not self._ended:
            self._ended = True
            await self._send_body(data, more=False)

    async def _send_body(self, data: bytes, *, more: bool) -> None:
        await self._send_head()
        await self._send(
            {
                "type": f"{self._prefix}http.response.body",
                "body": data if self._has_body else b"",
                "more_body": more,
            }
        )

    async def _send_head(self) -> None:
        start = self._start
        if start is not None:
            self._start = None
            await self._send(start)

    async def send_whole_file(self, file: BinaryIO, length: int) -> bool:  # noqa: ARG002
        """Have the server send a file by its path; False if it cannot (``WholeFileSender``)."""
        if self._prefix or _PATHSEND not in self._extensions:
            return False
        path = await self.run_blocking(lambda: _path_of(file))
        if path is None:
            return False
        await self._send_head()
        self._ended = True
        try:
            await self._send({"type": _PATHSEND, "path": path})
        finally:
            file.close()
        return True

    async def run_blocking(self, call: Callable[[], _T], executor: Executor | None = None) -> _T:
        """Return ``call()``, made by ``offload`` or here."""
        if executor is not None:
            inner, pool = call, executor
            # Only an event loop could wait for another thread without blocking one.
            call = lambda: pool.submit(inner).result()  # noqa: E731
        return call() if self._offload is None else await self._offload(call)


def _path_of(file: BinaryIO) -> str | None:
    """Return the absolute path of an open file; None if that is another file by now."""
    name = getattr(file, "name", None)
    if not isinstance(name, str):
        return None
    path = os.path.abspath(name)  # noqa: PTH100  # ASGI wants a str
    try:
        same = os.path.samestat(os.stat(path), os.fstat(file.fileno()))  # noqa: PTH116
    except (OSError, ValueError):
        return None
    return path if same else None
