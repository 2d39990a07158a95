"""One http conversation of an ASGI application: messages of the application out, bytes in.

``HttpConversation`` is the response to one request, as the application sends it with its messages.
``send`` follows the table of ``Step``; a head waits for the first message behind it, so that a
whole response leaves in one write, and an error before it still gets an answer of its own.
"""

import asyncio
import enum
import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NoReturn, final

from multidict import CIMultiDict

from treadle_asgi._types import Message
from treadle_http_parser import LocalProtocolError
from treadle_responses import HTTPRequestEntityTooLarge, StreamResponse
from treadle_server import (
    BaseRequest,
    ClientConnectionResetError,
    PayloadAccessError,
    RequestPayloadError,
)
from treadle_server.interfaces import (
    EMPTY_PAYLOAD,
    FileSender,
    OpenFile,
    RequestBody,
    TrailerSender,
    open_file,
    shown,
)

from .fields import EncodedFields, decode_fields, encode_fields

__all__ = ["HttpConversation", "Step"]


@final
class Step(enum.Enum):
    """The progress of a response: the messages that the application may send next."""

    #: ``http.response.start``
    START = enum.auto()
    #: The head is known, and waits: the first ``http.response.body`` or ``http.response.pathsend``.
    HEAD = enum.auto()
    #: The head is sent: further ``http.response.body``.
    BODY = enum.auto()
    #: ``http.response.trailers``
    TRAILERS = enum.auto()
    #: Nothing: the response is complete.
    ENDED = enum.auto()


# A member looked up in its class would make a hello 1 % slower.
_START, _HEAD, _BODY, _TRAILERS, _ENDED = Step

_EXPECTED: Final = {
    _START: "'http.response.start'",
    _HEAD: "'http.response.body'",
    _BODY: "'http.response.body'",
    _TRAILERS: "'http.response.trailers'",
    _ENDED: "nothing, because the response is complete",
}

#: Statuses of responses without a body; their framing is the connection's business.
_BODILESS: Final = frozenset((204, 205, 304))

#: Bytes of a file that are read at a time where the kernel cannot send it.
_CHUNK: Final = 256 * 1024

_GONE: Final = "Cannot send: the client has closed the connection"

_NO_FIELDS: Final[EncodedFields] = (b"", None, False)


@final
class HttpConversation(StreamResponse):
    """The response of an application to one request, and the application's ends of its messages.

    ``max_body_size`` bounds the bytes of the body that ``receive`` returns; 0 for any number.
    """

    # Class attributes are the defaults of what most conversations do not set.
    _has_trailers: bool = False
    _trailer_fields: tuple[tuple[str, str], ...] = ()
    # Bytes of the body that ``receive`` has returned; -1 once it has returned the last of them.
    _received: int = 0
    #: The failure of the body: its answer, unless the application sends one.
    failure: Exception | None = None
    # The calls of ``receive`` that wait for the end.
    _waiters: "list[asyncio.Future[None]] | None" = None

    def __init__(self, request: BaseRequest, max_body_size: int = 0) -> None:
        super().__init__()
        self._request: Final = request
        self._channel: Final = request.response_writer
        #: The next message of the response.
        self.step: Step = _START
        # No default in the class: nearly all conversations set it, and the interpreter has no fast
        # way to an attribute that hides one of the class.
        self._fields: EncodedFields = _NO_FIELDS
        self._max_body_size: Final = max_body_size

    @property
    def headers(self) -> CIMultiDict[str]:
        """The fields, as the application has sent them."""
        headers = super().headers
        block = self._fields[0]
        if block:
            self._fields = _NO_FIELDS
            headers.extend(decode_fields(block))
        return headers

    # Receiving.

    async def receive(self) -> Message:
        """Return the next message for the application."""
        if self.step is _ENDED or self.failure is not None:
            return {"type": "http.disconnect"}
        if self._received >= 0:
            content = self._request.content
            if content is EMPTY_PAYLOAD:
                self._received = -1
                return {"type": "http.request", "body": b"", "more_body": False}
            return await self._receive_body()
        await self._wait_disconnect()
        return {"type": "http.disconnect"}

    async def _receive_body(self) -> Message:
        content = self._request.content
        data: bytes | None = None
        try:
            if type(content) is RequestBody:
                if not self._received and content.at_eof():
                    # A middleware has read it; ``read`` returns the same bytes again.
                    data = await self._request.read()
                    self._received = -1
                    return {"type": "http.request", "body": data, "more_body": False}
                data = content.take_whole()
            if data is None:
                data = await content.readany()
            more = bool(data) and not content.at_eof()
        except (RequestPayloadError, PayloadAccessError, ConnectionError) as error:
            if isinstance(error, RequestPayloadError):
                self.failure = error
            self._received = -1
            return {"type": "http.disconnect"}
        size = self._received + len(data)
        limit = self._max_body_size
        if limit and size > limit:
            self.failure = HTTPRequestEntityTooLarge(limit, size)
            return {"type": "http.disconnect"}
        self._received = size if more else -1
        return {"type": "http.request", "body": data, "more_body": more}

    async def _wait_disconnect(self) -> None:
        """Wait until the client has left or the response has ended."""
        if self._channel.client_left:
            return
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        if self._waiters is None:
            self._waiters = []
        self._waiters.append(waiter)
        watch = loop.create_task(self._channel.wait_client_left())
        watch.add_done_callback(functools.partial(_wake, waiter))
        try:
            await waiter
        finally:
            watch.cancel()

    # Sending.

    async def send(self, message: Message) -> None:
        """Take a message of the application; wait while the client is behind with reading.

        Raises ``RuntimeError`` for a message that may not come now, ``TypeError`` and
        ``ValueError`` for wrong values, and ``ClientConnectionResetError``, an ``OSError``, when
        the client has left.
        """
        kind = message["type"]
        step = self.step
        if kind == "http.response.body":
            body = message.get("body", b"")
            more = message.get("more_body", False)
            if type(body) is not bytes:
                body = _as_bytes(body)
            if step is _HEAD:
                if more or self._has_trailers:
                    await self._begin(body_follows=True)
                    await self._send_body(body, more)
                elif not self._send_whole(body):
                    self._announce(len(body))
                    await self._begin(body_follows=True)
                    await self._send_body(body, more)
            elif step is _BODY:
                await self._send_body(body, more)
            else:
                self._refuse(kind)
        elif kind == "http.response.start" and step is _START:
            self._take_start(message)
        else:
            await self._send_other(kind, message)

    def _take_start(self, message: Message) -> None:
        status = message.get("status")
        fields = message.get("headers", ())
        if status != 200:
            self._take_status(status)
        if type(fields) is not list:
            _check_fields(fields)
        self._fields = encode_fields(fields)
        if message.get("trailers", False):
            self._has_trailers = True
        self.step = _HEAD

    def _take_status(self, status: object) -> None:
        if isinstance(status, bool) or not isinstance(status, int):
            raise TypeError(
                "The status of http.response.start is an int such as 200, not "
                f"{shown(repr(status))}"
            )
        if not 200 <= status <= 999:
            fix = (
                ": a response has a final one (103 is http.response.early_hint)"
                if 100 <= status < 200 else ""
            )  # fmt: skip
            raise ValueError(
                f"The status of http.response.start is from 200 to 999, not {status}{fix}"
            )
        self.set_status(int(status))

    def _send_whole(self, body: bytes) -> bool:
        """Send a whole response in one write if it needs no decision; False for others."""
        block, length, for_server = self._fields
        status = self.status
        request = self._request
        if (
            for_server
            or status in _BODILESS
            or request.hooks is not None
            or request.answer_fields
            or request.head.method == "HEAD"
        ):
            return False
        if length is None:
            block = b"%bContent-Length: %d\r\n" % (block, len(body))
        elif length != len(body):
            raise _wrong_length(length, len(body))
        try:
            size = self._channel.write_whole(status, None, block, body)
        except LocalProtocolError as error:
            raise _other_response() from error
        if not size:
            raise ClientConnectionResetError(_GONE)
        self.mark_sent(size)
        self.step = _ENDED
        if self._waiters is not None:
            self._end()
        return True

    def _announce(self, size: int) -> None:
        """Set the length of a whole body, unless the application has decided on its framing."""
        headers = self.headers
        if (
            self.status not in _BODILESS
            and self._request.head.method != "HEAD"
            and "Transfer-Encoding" not in headers
        ):
            headers.setdefault("Content-Length", str(size))

    async def _begin(self, *, body_follows: bool) -> None:
        """Send the head, or have it wait for the first piece."""
        request, channel = self._request, self._channel
        headers = self.headers
        await request.on_prepare(self)
        try:
            channel.write_head(self.status, self.reason, headers, body_follows=body_follows)
        except LocalProtocolError as error:
            raise _other_response() from error
        self.begin_sending(request, channel)
        self.step = _BODY

    async def _send_body(self, body: bytes, more: bool) -> None:
        channel = self._channel
        if more:
            self.count_body(len(body))
            await channel.write(body)
        elif self._has_trailers:
            if body:
                self.count_body(len(body))
                await channel.write(body)
            self.step = _TRAILERS
        else:
            if channel.is_lost:
                raise ClientConnectionResetError(_GONE)
            ending = channel.write_eof(body)
            await self._finish(ending)

    async def _finish(self, ending: Any) -> None:
        """Await the end of the response; the step moves on before it waits for the client."""
        self.end_sending()
        self._end()
        try:
            await ending
        except RuntimeError:
            # The body is shorter than its Content-Length: the application has this error.
            self.step = _BODY
            raise
        finally:
            self.mark_sent(self._channel.output_size)

    def _end(self) -> None:
        self.step = _ENDED
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            _wake(waiter)

    # Messages of the extensions.

    async def _send_other(self, kind: object, message: Message) -> None:
        step = self.step
        if kind == "http.response.early_hint" and step in (_START, _HEAD, _BODY):
            self._send_hint(message, step)
        elif kind == "http.response.pathsend" and step is _HEAD:
            await self._send_path(message)
        elif kind == "http.response.trailers" and step is _TRAILERS:
            await self._send_trailers(message)
        else:
            self._refuse(kind)

    def _send_hint(self, message: Message, step: Step) -> None:
        links = message.get("links", ())
        if isinstance(links, (str, bytes)):
            raise TypeError(f"The links of http.response.early_hint are a list, not {links!r}")
        block = encode_fields([(b"Link", link) for link in links])[0]
        if step is not _BODY and self._request.head.version == (1, 1):
            # Behind the first bytes of the response a hint has no meaning.
            self._channel.write_informational(103, decode_fields(block))

    async def _send_path(self, message: Message) -> None:
        path = message.get("path")
        if not isinstance(path, str) or not Path(path).is_absolute():
            raise ValueError(
                f"The path of http.response.pathsend is an absolute path, not {shown(repr(path))}"
            )
        file = await self._channel.run_blocking(functools.partial(_open, path))
        try:
            size = file.facts.size
            length = self._fields[1]
            if length is None:
                self.headers["Content-Length"] = str(size)
            elif length != size:
                raise _wrong_length(length, size)
            await self._begin(body_follows=True)
            if self._request.head.method != "HEAD" and self.status not in _BODILESS:
                self.count_body(size)
                await self._send_file(file, size)
            await self._finish(self._channel.write_eof())
        finally:
            file.close()

    async def _send_file(self, file: OpenFile, size: int) -> None:
        channel = self._channel
        sock = channel.file_socket() if size and isinstance(channel, FileSender) else None
        if sock is not None and isinstance(channel, FileSender):
            with sock:
                await channel.send_file(sock, b"", file.fd, 0, size)
            return
        for offset in range(0, size, _CHUNK):
            read = functools.partial(file.read, offset, min(_CHUNK, size - offset))
            await channel.write(await channel.run_blocking(read))

    async def _send_trailers(self, message: Message) -> None:
        fields = message.get("headers", ())
        _check_fields(fields)
        self._trailer_fields += tuple(decode_fields(encode_fields(fields)[0]))
        if message.get("more_trailers", False):
            return
        channel = self._channel
        if channel.is_lost:
            raise ClientConnectionResetError(_GONE)
        if isinstance(channel, TrailerSender):
            # "The ASGI server will only send the trailing headers in case the client has sent the
            # TE: trailers header in the request."
            wanted = "trailers" in self._request.headers.get("TE", "").lower()
            channel.finish(trailers=self._trailer_fields if wanted else ())
            await self._finish(channel.drain())
        else:
            await self._finish(channel.write_eof())

    # Mistakes of the application.

    def _refuse(self, kind: object) -> NoReturn:
        raise RuntimeError(
            f"The application has sent {shown(repr(kind))} in answer to {self._named()}, where "
            f"ASGI expects {_EXPECTED[self.step]}"
        )

    def _named(self) -> str:
        return shown(f"{self._request.method} {self._request.raw_path}")

    def unfinished(self) -> Exception:
        """Return the error for an application that returns before its response is complete."""
        if self._channel.client_left:
            # It has seen that, or did not care.
            return ClientConnectionResetError(_GONE)
        what = {
            _START: "a response",
            _HEAD: "the 'http.response.body' behind its 'http.response.start'",
            _BODY: "a last 'http.response.body', which has no more_body",
            _TRAILERS: "the 'http.response.trailers' that it has announced",
        }[self.step]
        return RuntimeError(
            f"The application has returned without {what}, in answer to {self._named()}"
        )


def _wake(waiter: "asyncio.Future[None]", watch: "asyncio.Task[None] | None" = None) -> None:
    if watch is not None and not watch.cancelled():
        # A failure of the watch is the end of the connection too.
        watch.exception()
    if not waiter.done():
        waiter.set_result(None)


def _as_bytes(body: object) -> bytes:
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body)
    fix = "encode it" if isinstance(body, str) else "leave it out for no bytes"
    raise TypeError(f"The body of http.response.body is bytes, not {shown(repr(body))}: {fix}")


def _check_fields(fields: object) -> None:
    if isinstance(fields, (str, bytes, dict)) or not isinstance(fields, Iterable):
        fix = ": give list(headers.items())" if isinstance(fields, dict) else ""
        raise TypeError(
            f"The headers of a message are a list of pairs of bytes, not {shown(repr(fields))}{fix}"
        )


def _wrong_length(announced: int, size: int) -> RuntimeError:
    difference = abs(announced - size)
    which = "shorter" if size < announced else "longer"
    return RuntimeError(
        f"The body is {difference} bytes {which} than its Content-Length: {size} bytes for "
        f"{announced}"
    )


def _other_response() -> RuntimeError:
    return RuntimeError("The request has another response already")


def _open(path: str) -> OpenFile:
    return open_file(path, (), siblings=False)
