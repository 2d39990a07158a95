"""``WebSocketResponse``: a WebSocket as the response to a request.

The handshake and the protocol are ``treadle_websocket``'s, the transport is that of
``_websocket.connection``; here is what handlers call, and what a message in the queue means to the
one who receives. This module is imported with the first use of one of its names: programs without
WebSockets pay nothing.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Generic,
    Literal,
    NoReturn,
    Self,
    TypedDict,
    Unpack,
    final,
    overload,
)

from treadle_responses import RequestInfo, StreamResponse
from treadle_server._http.request import BaseRequest
from treadle_server._http.writer import StreamWriter
from treadle_websocket import (
    AllowedOrigins,
    DeflatePolicy,
    Message,
    PreparedMessage,
    RawMessage,
    Reject,
    State,
    WebSocketSession,
    WSCloseCode,
    WSMessageTypeError,
    WSMsgType,
    WSStateError,
)

from .connection import AnyMessage, WebSocketConnection
from .handshake import decide, make_handshake, make_settings, refusal, warn_of_no_overlap

if TYPE_CHECKING:
    # A default for the parameter (PEP 696), so that ``WebSocketResponse`` alone means "decoded
    # text".
    from typing_extensions import TypeVar

    _DecodeText_co = TypeVar("_DecodeText_co", bound=bool, covariant=True, default=Literal[True])
else:
    from typing import TypeVar

    _DecodeText_co = TypeVar("_DecodeText_co", bound=bool, covariant=True)

__all__ = ["WebSocketReady", "WebSocketResponse"]

_CLOSED: Final = (State.CLOSE_SENT, State.CLOSED)

_NOT_PREPARED: Final = "The WebSocket is not open yet: await prepare(request) first"

Bytes = bytes | bytearray | memoryview


@final
@dataclass(frozen=True, slots=True)
class WebSocketReady:
    """What ``WebSocketResponse.can_prepare`` finds; true if the request opens a WebSocket."""

    ok: bool
    protocol: str | None

    def __bool__(self) -> bool:
        return self.ok


class _Options(TypedDict, total=False):
    """What overloads of the constructor have in common."""

    timeout: float
    receive_timeout: float | None
    autoclose: bool
    autoping: bool
    heartbeat: float | None
    protocols: Iterable[str]
    compress: bool | DeflatePolicy
    max_msg_size: int
    max_fragments: int
    writer_limit: int
    origins: AllowedOrigins | Iterable[str] | None


class WebSocketResponse(StreamResponse, Generic[_DecodeText_co]):
    """A WebSocket: ``await ws.prepare(request)``, iterate it for messages, send, return it.

    ``timeout``: seconds that the peer has to answer our close frame. ``receive_timeout``: seconds
    that ``receive`` waits, None for ever. ``autoclose``: answer the peer's close frame when
    it is received. ``autoping``: answer pings, and keep pings and pongs from the reader.
    ``heartbeat``: seconds of silence after which the peer is pinged; one that then stays silent for
    half that time is given up. ``protocols``: the subprotocols that the server speaks.
    ``compress``: agree on permessage-deflate where the client offers it; a ``DeflatePolicy`` says
    how. ``max_msg_size``: bytes of the largest message, after decompression; 0 for any.
    ``max_fragments``: frames that a message may come in; 0 for any.
    ``writer_limit``: bytes that may wait for a slow peer before ``send_*`` waits. ``decode_text``:
    give text as ``str``, or as the bytes that came.

    ``origins``: the web pages that may connect, ``["https://example.com"]`` or an
    ``AllowedOrigins``; None lets all in. Browsers let any page open a WebSocket to any server,
    with the server's cookies: pass it where the socket trusts cookies or the network.

    A handler that returns closes with code 1000, one that raises with 1011, one that is cancelled
    with 1001; a server that stops closes all with 1001. Raises ``ValueError`` for options that
    cannot be.
    """

    _ws: WebSocketConnection | None = None
    _protocol: str | None = None

    @overload
    def __init__(
        self: "WebSocketResponse[Literal[True]]",
        *,
        decode_text: Literal[True] = ...,
        **options: Unpack[_Options],
    ) -> None: ...
    @overload
    def __init__(
        self: "WebSocketResponse[Literal[False]]",
        *,
        decode_text: Literal[False],
        **options: Unpack[_Options],
    ) -> None: ...
    @overload
    def __init__(
        self: "WebSocketResponse[bool]", *, decode_text: bool, **options: Unpack[_Options]
    ) -> None: ...
    def __init__(
        self,
        *,
        timeout: float = 10.0,
        receive_timeout: float | None = None,
        autoclose: bool = True,
        autoping: bool = True,
        heartbeat: float | None = None,
        protocols: Iterable[str] = (),
        compress: bool | DeflatePolicy = True,
        max_msg_size: int = 4 * 1024 * 1024,
        max_fragments: int = 1024,
        writer_limit: int = 256 * 1024,
        decode_text: bool = True,
        origins: AllowedOrigins | Iterable[str] | None = None,
    ) -> None:
        super().__init__(status=101)
        if writer_limit < 0:
            raise ValueError(f"writer_limit={writer_limit!r} must be at least 0")
        self._handshake = make_handshake(protocols, compress, origins)
        self._settings = make_settings(max_msg_size, max_fragments, autoping, timeout, heartbeat)
        self._receive_timeout = receive_timeout
        self._autoclose = autoclose
        self._writer_limit = writer_limit
        self._decode_text = decode_text
        self._compress = compress is not False

    # The handshake.

    def can_prepare(self, request: BaseRequest) -> WebSocketReady:
        """Tell whether ``request`` opens a WebSocket, and with which subprotocol.

        Raises ``RuntimeError`` once the WebSocket is open.
        """
        if self._ws is not None:
            raise RuntimeError("Already started: the WebSocket is open")
        decision = decide(self._handshake, request)
        if isinstance(decision, Reject):
            return WebSocketReady(False, None)
        return WebSocketReady(True, decision.subprotocol)

    async def prepare(self, request: RequestInfo) -> StreamWriter:
        """Open the WebSocket; a second call does nothing.

        Raises the response that tells the client what is wrong with its handshake
        (``HTTPBadRequest``, ``HTTPForbidden``, ``HTTPMethodNotAllowed``, ``HTTPUpgradeRequired``)
        and ``ConnectionResetError`` when the client has left.
        """
        if not isinstance(request, BaseRequest):
            raise TypeError(f"A WebSocket needs a request of this server, not {request!r}")
        writer = request.response_writer
        if self._ws is not None:
            return writer
        decision = decide(self._handshake, request)
        if isinstance(decision, Reject):
            raise refusal(decision, request)
        warn_of_no_overlap(request, decision)
        self.complete_headers(request)
        # After the fields, so that it adds none: an upgraded connection serves no next request.
        self.force_close()
        self.headers.update(decision.headers)
        await self.run_on_prepare(request)
        for name in ("Content-Length", "Transfer-Encoding", "Content-Type"):
            # What a signal may set for every response, and a 101 cannot have.
            self.headers.pop(name, None)
        loop = asyncio.get_running_loop()
        session = WebSocketSession(
            self._settings,
            deflate=decision.deflate,
            decode_text=self._decode_text,
            now=loop.time(),
        )
        ws = WebSocketConnection(session, loop, self._writer_limit)
        # What comes behind the request goes to ``ws`` from here on.
        writer.switch(self.headers, ws)
        self._ws = ws
        self._protocol = decision.subprotocol
        self.begin_sending(request, writer)
        return writer

    # What is known of it.

    @property
    def closed(self) -> bool:
        """Whether nothing can be sent any more: we have closed, or the connection is gone."""
        return self._ws is not None and self._ws.session.state in _CLOSED

    @property
    def close_code(self) -> int | None:
        """The peer's close code, 1005 where it gave none, 1006 where it sent no close frame.

        Where the peer broke the protocol, the code that it was told. None while open.
        """
        return None if self._ws is None else self._ws.session.close_code

    @property
    def ws_protocol(self) -> str | None:
        """The subprotocol that was agreed on, or None."""
        return self._protocol

    @property
    def compress(self) -> bool:
        """Whether messages may be compressed: what was asked for, once open what was agreed on."""
        return self._compress if self._ws is None else self._ws.session.deflate is not None

    def exception(self) -> BaseException | None:
        """Return what the WebSocket failed with: a ``WebSocketError``, a ``TimeoutError``, None."""
        return None if self._ws is None else self._ws.session.exception

    def get_extra_info(self, name: str, default: object = None) -> Any:
        """Return the transport's extra information, ``default`` without it or a transport."""
        transport = None if self._ws is None else self._ws.flow.transport
        return default if transport is None else transport.get_extra_info(name, default)

    # Sending. All wait while more than ``writer_limit`` bytes wait for the peer. They raise
    # RuntimeError before prepare(), TypeError for another type, and ClientConnectionResetError when
    # it is too late.

    async def send_str(self, data: str, compress: bool | None = None) -> None:
        """Send a text message; ``compress`` overrides what its size suggests."""
        ws = self._ws
        if ws is None:
            raise RuntimeError(_NOT_PREPARED)
        try:
            frame = None
            if ws.aside is not None and compress is not False and isinstance(data, str):
                frame = await ws.aside.encode(data)
            ws.write(frame or ws.session.send_text(data, compress=compress))
        except WSStateError as error:
            raise ws.lost() from error
        if ws.flow.write_paused:
            await ws.flow.drain()

    async def send_bytes(self, data: Bytes, compress: bool | None = None) -> None:
        """Send a binary message; ``compress`` overrides what its size suggests."""
        ws = self._ws
        if ws is None:
            raise RuntimeError(_NOT_PREPARED)
        try:
            frame = None
            if ws.aside is not None and compress is not False and isinstance(data, Bytes):
                frame = await ws.aside.encode(data)
            ws.write(frame or ws.session.send_bytes(data, compress=compress))
        except WSStateError as error:
            raise ws.lost() from error
        if ws.flow.write_paused:
            await ws.flow.drain()

    async def send_json(
        self,
        data: Any,
        compress: bool | None = None,
        *,
        dumps: Callable[[Any], str] = json.dumps,
    ) -> None:
        """Send ``dumps(data)`` as text."""
        await self.send_str(dumps(data), compress)

    async def send_json_bytes(
        self, data: Any, compress: bool | None = None, *, dumps: Callable[[Any], bytes]
    ) -> None:
        """Send ``dumps(data)``, which is bytes, as a binary message."""
        await self.send_bytes(dumps(data), compress)

    async def send_frame(
        self, message: Bytes, opcode: WSMsgType, compress: bool | None = None
    ) -> None:
        """Send a whole message from its payload; ``opcode`` is TEXT, BINARY, PING or PONG."""
        await self._wait_turn()
        await self._send(lambda session: session.send_frame(message, opcode, compress=compress))

    async def send_prepared(self, message: PreparedMessage, compress: bool | None = None) -> None:
        """Send a message that was encoded once for many; ``broadcast`` sends it to all."""
        await self._wait_turn()
        await self._send(lambda session: session.send_prepared(message, compress=compress))

    async def ping(self, message: str | Bytes = b"") -> None:
        """Send a ping of at most 125 bytes (``ValueError``)."""
        await self._send(lambda session: session.send_ping(message))

    async def pong(self, message: str | Bytes = b"") -> None:
        """Send a pong of at most 125 bytes (``ValueError``)."""
        await self._send(lambda session: session.send_pong(message))

    async def _wait_turn(self) -> None:
        ws = self._open()
        if ws.aside is not None:
            await ws.aside.encode(b"")

    async def _send(self, encode: Callable[[WebSocketSession[AnyMessage]], bytes]) -> None:
        ws = self._open()
        try:
            ws.write(encode(ws.session))
        except WSStateError as error:
            raise ws.lost() from error
        if ws.flow.write_paused:
            await ws.flow.drain()

    def _open(self) -> WebSocketConnection:
        if self._ws is None:
            raise RuntimeError(_NOT_PREPARED)
        return self._ws

    async def write(self, data: Bytes) -> NoReturn:  # noqa: ARG002  # the base's signature
        """Raise ``RuntimeError``: a WebSocket has no body."""
        raise RuntimeError("A WebSocket has no body to write: use send_str() or send_bytes()")

    # Receiving.

    @overload
    def receive(
        self: "WebSocketResponse[Literal[True]]", timeout: float | None = None
    ) -> Coroutine[Any, Any, Message]: ...
    @overload
    def receive(
        self: "WebSocketResponse[Literal[False]]", timeout: float | None = None
    ) -> Coroutine[Any, Any, RawMessage]: ...
    @overload
    def receive(
        self: "WebSocketResponse[bool]", timeout: float | None = None
    ) -> Coroutine[Any, Any, Message | RawMessage]: ...
    def receive(self, timeout: float | None = None) -> Coroutine[Any, Any, Any]:
        """Return the next message; for one task at a time, ``RuntimeError`` for another.

        Raises ``TimeoutError`` after ``timeout`` seconds (``receive_timeout`` where None). It may
        be cancelled: no message is lost. The end is a message too: CLOSE from the peer (answered
        with ``autoclose``), ERROR where it broke the protocol (answered with its code) or fell
        silent, CLOSED where it is gone, CLOSING where another task closes. Behind it comes CLOSED,
        and the fifth time ``RuntimeError``.
        """
        return self._receive(timeout)

    @overload
    def __anext__(
        self: "WebSocketResponse[Literal[True]]",
    ) -> Coroutine[Any, Any, Message]: ...
    @overload
    def __anext__(
        self: "WebSocketResponse[Literal[False]]",
    ) -> Coroutine[Any, Any, RawMessage]: ...
    @overload
    def __anext__(
        self: "WebSocketResponse[bool]",
    ) -> Coroutine[Any, Any, Message | RawMessage]: ...
    def __anext__(self) -> Coroutine[Any, Any, Any]:
        """Return the next message as ``receive`` does; ends with CLOSE, CLOSING and CLOSED."""
        ws = self._ws
        if ws is None:
            raise RuntimeError(_NOT_PREPARED)
        return ws.receive(self._receive_timeout, self._autoclose, True)

    def __aiter__(self) -> Self:
        """Return this: the messages."""
        return self

    @overload
    async def receive_str(
        self: "WebSocketResponse[Literal[True]]", *, timeout: float | None = None
    ) -> str: ...
    @overload
    async def receive_str(
        self: "WebSocketResponse[Literal[False]]", *, timeout: float | None = None
    ) -> bytes: ...
    @overload
    async def receive_str(
        self: "WebSocketResponse[bool]", *, timeout: float | None = None
    ) -> str | bytes: ...
    async def receive_str(self, *, timeout: float | None = None) -> str | bytes:
        """Return the text of the next message; ``WSMessageTypeError`` if it is another."""
        message = await self._receive(timeout)
        if message.type is not WSMsgType.TEXT:
            raise _unexpected(message, "TEXT")
        return message.data

    async def receive_bytes(self, *, timeout: float | None = None) -> bytes:
        """Return the bytes of the next message; ``WSMessageTypeError`` if it is another."""
        message = await self._receive(timeout)
        if message.type is not WSMsgType.BINARY:
            raise _unexpected(message, "BINARY")
        return message.data

    async def receive_json(
        self, *, loads: Callable[[Any], Any] = json.loads, timeout: float | None = None
    ) -> Any:
        """Return ``loads(text)`` of the next message; raises what it and ``receive_str`` raise."""
        message = await self._receive(timeout)
        if message.type is not WSMsgType.TEXT:
            raise _unexpected(message, "TEXT")
        return loads(message.data)

    def _receive(self, timeout: float | None) -> Coroutine[Any, Any, AnyMessage]:
        if timeout is None:
            timeout = self._receive_timeout
        return self._open().receive(timeout, self._autoclose, False)

    # The end.

    async def close(
        self,
        *,
        code: int = WSCloseCode.OK,
        message: str | bytes = b"",
        drain: bool = True,  # noqa: ARG002  # aiohttp's; there is nothing to choose
    ) -> bool:
        """Close, from any task; False if that was done before, or the peer is gone.

        Sends a close frame and waits at most ``timeout`` seconds for the peer's; without one the
        ``close_code`` is 1006. Messages that were not received yet are dropped. A reader that
        waits gets CLOSING. Raises ``ValueError`` for a code that must not be sent, and for a
        message of more than 123 bytes.
        """
        ws = self._open()
        if not ws.close(code, message):
            return False
        await ws.wait_closed()
        return True

    async def write_eof(self, data: bytes = b"") -> None:  # noqa: ARG002  # the base's signature
        """Close with code 1000, if nobody did, and wait until it is done (the server calls it)."""
        if self.eof_sent:
            return
        ws = self._open()
        ws.close(WSCloseCode.OK)
        await ws.wait_closed()
        self.end_sending()


def _unexpected(message: AnyMessage, wanted: str) -> WSMessageTypeError:
    return WSMessageTypeError(
        f"Received a message of type {message.type!r}, not {wanted}: {str(message.data)[:80]!r}"
    )
