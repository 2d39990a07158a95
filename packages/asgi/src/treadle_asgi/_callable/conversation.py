"""One request of an application over ASGI: from its scope to the end of its response.

A handler that does not wait has answered when ``begin_http`` returns: the callable sends two
messages, and there was no task but the eager one of the handler. Everything else is for handlers
that wait: a ``Conversation`` that a stopping server ends, and the end of a callable that is
cancelled.
"""

import asyncio
from collections.abc import Coroutine
from typing import Final, final

from treadle_asgi._types import Receive, Scope, Send
from treadle_http_parser import Framing
from treadle_http_parser import Request as Head
from treadle_server import StreamReader
from treadle_server.interfaces import (
    EMPTY_PAYLOAD,
    NEVER,
    Exchange,
    RequestBody,
    ServerState,
    make_exchange,
)

from .channel import ScopeChannel
from .scope import BODILESS, PLAIN, BadHostError, ScopeInfo, read_head, read_mount
from .websocket import WebSocketScopeChannel

__all__ = ["BrokenResponseError", "Conversation", "begin_http", "converse_websocket"]

_new: Final = object.__new__
_BAD_HOST: Final = b"400: Host is not valid"
_TEXT: Final = b"text/plain; charset=utf-8"


class BrokenResponseError(RuntimeError):
    """A response was cut off before its end: the server in front must close its connection."""


@final
class Conversation:
    """A request with a handler that waits: a ``Connection`` that a stop ends."""

    __slots__ = ("_state", "channel", "deadline", "exchange")

    def __init__(self, state: ServerState, channel: ScopeChannel, exchange: Exchange) -> None:
        self._state: Final = state
        self.channel: Final = channel
        #: The exchange of the request.
        self.exchange: Final = exchange
        self.deadline = NEVER

    def on_deadline(self) -> None:
        """Do nothing: deadlines are the server's in front."""

    @property
    def busy(self) -> bool:
        """True while a handler runs or a response is sent."""
        return self.exchange.request is not None

    @property
    def lasting(self) -> bool:
        """True for a WebSocket or an open stream."""
        channel = self.channel
        is_open = isinstance(channel, WebSocketScopeChannel) and channel.websocket is not None
        return is_open or channel in self._state.streams

    def shut_down(self) -> None:
        """Do nothing: the connection is the server's in front."""

    def shut_down_upgraded(self) -> None:
        """Close the WebSocket, if this is one."""
        if isinstance(self.channel, WebSocketScopeChannel):
            self.channel.shut_down()

    def cancel(self) -> None:
        """Cancel the handler."""
        self.exchange.cancel()

    def abort(self) -> None:
        """Cut the response off."""
        self.channel.abort()
        if not self.busy:
            # The callable waits for the server in front.
            self._state.remove(self)

    def abandon(self) -> None:
        """Give up a handler that does not end although it was cancelled."""
        self.channel.abort()
        self.exchange.forget()
        self._state.remove(self)
        self.channel.end_exchange()

    def describe(self) -> str:
        """Return the request for a log line."""
        request = self.exchange.request
        return "" if request is None else f"{request.method} {request.raw_path}"

    async def run(self) -> None:
        """Send the response until the exchange has ended; if cancelled, end the handler first."""
        state, channel, exchange = self._state, self.channel, self.exchange
        state.add(self)
        if state.config.handler_cancellation:
            channel.on_left = exchange.cancel
            channel.intake.watch()
        try:
            await channel.serve()
        except asyncio.CancelledError:
            channel.lose()
            exchange.cancel()
            try:
                await channel.wait_over()
            except asyncio.CancelledError:
                # Cancelled again: do not wait for a handler that does not end.
                exchange.forget()
            raise
        finally:
            state.remove(self)
            await channel.close()


def begin_http(
    state: ServerState, scope: Scope, receive: Receive, send: Send
) -> ScopeChannel | Coroutine[object, object, None]:
    """Start the answer to a request.

    Return the channel of a handler that has not waited: its ``whole`` is all that is to be sent.
    Else return the coroutine of the rest.
    """
    # Fast path of ``asgi_treadle`` in tools/bench/compare.py: the coroutine of the callable is the
    # only one.
    try:
        head = read_head(scope)
    except BadHostError:
        return _refuse(send)
    channel = ScopeChannel(scope, receive, send, state)
    body: StreamReader = EMPTY_PAYLOAD
    framing = head.framing
    if framing is not PLAIN:
        if framing.content_length != 0:
            body = _open_body(state, head, channel)
    elif head.method not in BODILESS:
        return _look_for_body(state, head, receive, channel)
    exchange = _start(state, head, body, channel)
    if exchange is None and channel.is_plain and channel.whole is not None:
        return channel
    return _finish(state, head, channel, exchange)


async def _refuse(send: Send) -> None:
    fields = [(b"content-type", _TEXT), (b"content-length", b"%d" % len(_BAD_HOST))]
    await send({"type": "http.response.start", "status": 400, "headers": fields})
    await send({"type": "http.response.body", "body": _BAD_HOST})


async def _look_for_body(
    state: ServerState, head: Head, receive: Receive, channel: ScopeChannel
) -> None:
    """Answer a request that should have no body: over HTTP/1 one has a field that says so.

    But the scopes of some test clients and gateways have not.
    """
    first = await receive()
    body: StreamReader = EMPTY_PAYLOAD
    if first.get("body") or first.get("more_body"):
        head = Head(
            head.method, head.target, head.authority, head.version, head.fields,
            Framing(True, None if first.get("more_body") else len(first["body"])),
        )  # fmt: skip
        body = _open_body(state, head, channel)
    channel.intake.take(first)
    await _finish(state, head, channel, _start(state, head, body, channel))


def _open_body(state: ServerState, head: Head, channel: ScopeChannel) -> RequestBody:
    body = channel.intake.open(state.config.read_bufsize)
    coding = head.framing.content_coding
    if coding and coding != "identity" and state.config.auto_decompress:
        body.decode(coding, state.config.max_expansion)
    return body


async def converse_websocket(
    state: ServerState, scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer the handshake of a WebSocket, and serve it."""
    if (await receive())["type"] != "websocket.connect":
        # The client has left already.
        return
    channel = WebSocketScopeChannel(scope, receive, send, state)
    try:
        head = read_head(scope)
    except BadHostError:
        channel.put_whole(400, [(b"content-type", _TEXT)], _BAD_HOST)
        await channel.flush()
        return
    exchange = _start(state, head, EMPTY_PAYLOAD, channel)
    await _finish(state, head, channel, exchange)


def _start(
    state: ServerState, head: Head, body: StreamReader, channel: ScopeChannel
) -> Exchange | None:
    """Start the handler; return its exchange if it waits."""
    scope = channel.scope
    # Not by a call of the class, which has slots: see ``ScopeChannel``.
    info = _new(ScopeInfo)
    info.scope, info.kept = scope, None
    request = state.request_factory(head, body, channel, info)
    scheme = scope.get("scheme")
    if scheme == "https" or scheme == "wss":
        request.believe(None, "https", None)
    if root_path := scope.get("root_path"):
        request.root_path = read_mount(root_path)
    if state.access_logger is None:
        exchange = Exchange(state, channel, channel.end_exchange)
    else:
        exchange = make_exchange(state, channel, channel.end_exchange)
    return None if exchange.start(request) else exchange


async def _finish(
    state: ServerState, head: Head, channel: ScopeChannel, exchange: Exchange | None
) -> None:
    """Send the rest of the response; ``exchange`` is that of a handler that waits."""
    if exchange is None:
        channel.over = True
        try:
            await channel.flush()
        finally:
            await channel.close()
    else:
        await Conversation(state, channel, exchange).run()
    if channel.broken:
        raise BrokenResponseError(
            f"The response to {head.method} {head.target} was broken off: the log has the reason"
        )
