"""``WebSocketResponse``: a WebSocket as the response to a request.

This module opens the WebSocket from a request and ends it as a response; ``_websocket.messages``
sends and receives in between. It is imported when one of its names is first used, so that programs
without WebSockets do not pay for it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import (
    Any,
    Final,
    Literal,
    NoReturn,
    TypedDict,
    Unpack,
    final,
    overload,
)

from treadle_responses import RequestInfo, StreamResponse
from treadle_server._http.interfaces import ResponseChannel
from treadle_server._http.request import BaseRequest
from treadle_websocket import (
    Accept,
    AllowedOrigins,
    DeflatePolicy,
    Reject,
    State,
    WebSocketSession,
    WSCloseCode,
)

from .channel import Bytes, extra_info, opener_of
from .connection import WebSocketConnection
from .handshake import decide, make_handshake, make_settings, refusal, warn_of_no_overlap
from .legacy import LegacyWebSocket
from .messages import DecodeText_co

__all__ = ["WebSocketReady", "WebSocketResponse"]

_CLOSED: Final = (State.CLOSE_SENT, State.CLOSED)


@final
@dataclass(frozen=True, slots=True)
class WebSocketReady:
    """The result of ``WebSocketResponse.can_prepare``; true if the request opens a WebSocket."""

    ok: bool
    protocol: str | None

    def __bool__(self) -> bool:
        return self.ok


class _Options(TypedDict, total=False):
    """The options that the overloads of the constructor share."""

    timeout: float
    receive_timeout: float | None
    autoclose: bool
    autoping: bool
    heartbeat: float | None
    protocols: Iterable[str]
    compress: bool | DeflatePolicy
    max_msg_size: int
    max_fragments: int | None
    writer_limit: int
    origins: AllowedOrigins | Iterable[str] | None


class WebSocketResponse(StreamResponse, LegacyWebSocket[DecodeText_co]):
    """A WebSocket: ``await ws.prepare(request)``, iterate it for messages, send, return it.

    ``timeout``: seconds that the peer has to answer our close frame. ``receive_timeout``: seconds
    that ``receive`` waits, None for ever. ``autoclose``: answer the peer's close frame when it is
    received. ``autoping``: answer pings, and do not return pings and pongs from ``receive``.
    ``heartbeat``: seconds of silence after which the peer is pinged; the connection is dropped if
    the peer stays silent for half that time more. ``protocols``: the subprotocols that the server
    speaks. ``compress``: agree on permessage-deflate if the client offers it; a ``DeflatePolicy``
    sets its parameters. ``max_msg_size``: bytes of the largest message, after decompression; 0 for
    no limit. ``max_fragments``: frames that a message may come in; None for 1,024 and one more for
    each of its bytes, 0 for any number. ``writer_limit``: bytes that may wait for a slow peer
    before ``send_*`` waits. ``decode_text``: return text as ``str``; if false, as the received
    bytes.

    ``origins``: the web pages that may connect, ``["https://example.com"]`` or an
    ``AllowedOrigins``; None allows all. Browsers let any page open a WebSocket to any server, with
    the server's cookies: pass ``origins`` if the socket trusts cookies or the network.

    The close code is 1000 if the handler returns, 1011 if it raises, and 1001 if it is cancelled or
    the server stops. Raises ``ValueError`` for an option out of its range.
    """

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
        max_fragments: int | None = None,
        writer_limit: int = 256 * 1024,
        decode_text: bool = True,
        origins: AllowedOrigins | Iterable[str] | None = None,
    ) -> None:
        super().__init__(status=101)
        if writer_limit < 0:
            raise ValueError(f"writer_limit={writer_limit!r} must be at least 0")
        self._ws = None
        self._handshake = make_handshake(protocols, compress, origins)
        self._settings = make_settings(max_msg_size, max_fragments, autoping, timeout, heartbeat)
        self._receive_timeout = receive_timeout
        self._autoclose = autoclose
        self._writer_limit = writer_limit
        self._decode_text = decode_text
        self._compress = compress is not False

    # The handshake.

    def can_prepare(self, request: BaseRequest) -> WebSocketReady:
        """Check if ``request`` opens a WebSocket, and with which subprotocol.

        Raises ``RuntimeError`` once the WebSocket is open.
        """
        if self._ws is not None:
            raise RuntimeError("Already started: the WebSocket is open")
        decision = decide(self._handshake, request)
        if isinstance(decision, Reject):
            return WebSocketReady(False, None)
        return WebSocketReady(True, decision.subprotocol)

    async def prepare(self, request: RequestInfo) -> ResponseChannel:
        """Open the WebSocket; a second call does nothing.

        Raises ``HTTPBadRequest``, ``HTTPForbidden``, ``HTTPMethodNotAllowed`` or
        ``HTTPUpgradeRequired`` to refuse a handshake, and ``ConnectionResetError`` if the client
        has closed the connection.
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
        # Whatever the handler has set: this is what is sent.
        self.set_status(101)
        self.complete_headers(request)
        # After the fields, so that it adds none: an upgraded connection serves no next request.
        self.force_close()
        self.headers.update(decision.headers)
        await self.run_on_prepare(request)
        for name in ("Content-Length", "Transfer-Encoding", "Content-Type"):
            # A 101 has no body; a signal that serves all responses may have set these.
            self.headers.pop(name, None)
        opener = opener_of(writer)
        if opener is None:
            self._ws = self._switch(writer, decision)
        else:
            self._ws = await opener.accept_websocket(
                decision.subprotocol,
                self.headers,
                self._settings,
                decode_text=self._decode_text,
                writer_limit=self._writer_limit,
            )
        self._protocol = decision.subprotocol
        self.begin_sending(request, writer)
        return writer

    def _switch(self, writer: ResponseChannel, decision: Accept) -> WebSocketConnection:
        """Send the 101, and let a session of our own have the connection."""
        loop = asyncio.get_running_loop()
        session = WebSocketSession(
            self._settings,
            deflate=decision.deflate,
            decode_text=self._decode_text,
            now=loop.time(),
        )
        ws = WebSocketConnection(session, loop, self._writer_limit)
        # From here on, ``ws`` gets the bytes behind the request.
        writer.switch(self.headers, ws)
        return ws

    # State.

    @property
    def closed(self) -> bool:
        """True if nothing can be sent any more: we have closed, or the connection is lost."""
        return self._ws is not None and self._ws.session.state in _CLOSED

    @property
    def close_code(self) -> int | None:
        """The peer's close code, 1005 if it gave none, 1006 if it sent no close frame.

        If the peer broke the protocol, the code that was sent to it. None while open.
        """
        return None if self._ws is None else self._ws.session.close_code

    @property
    def ws_protocol(self) -> str | None:
        """The agreed subprotocol, or None."""
        return self._protocol

    @property
    def compress(self) -> bool:
        """True if messages may be compressed: as requested; once open, as agreed with the peer."""
        return self._compress if self._ws is None else self._ws.session.deflate is not None

    def exception(self) -> BaseException | None:
        """Return the error that ended it: a ``WebSocketError``, a ``TimeoutError``, or None."""
        return None if self._ws is None else self._ws.session.exception

    def get_extra_info(self, name: str, default: object = None) -> Any:
        """Return the transport's extra information; ``default`` if it has none or is closed."""
        return extra_info(self._ws, name, default)

    async def write(self, data: Bytes) -> NoReturn:  # noqa: ARG002  # the base's signature
        """Raise ``RuntimeError``: a WebSocket has no body."""
        raise RuntimeError("A WebSocket has no body to write: use send_str() or send_bytes()")

    async def write_eof(self, data: bytes = b"") -> None:  # noqa: ARG002  # the base's signature
        """Close with code 1000 unless closed already, and wait for it; the server calls this."""
        if self.eof_sent:
            return
        ws = self._open()
        ws.close(WSCloseCode.OK)
        await ws.wait_closed()
        self.end_sending()
