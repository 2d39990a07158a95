"""A WebSocket's opening handshake as part of HTTP: a request in, a decision or an exception out.

``treadle_websocket`` decides. This module gives it the request, and turns its refusals into
``HTTPException``. WebSockets with the same options share their handshake and settings, because a
handler makes a new ``WebSocketResponse`` with the same arguments for each request.
"""

import functools
import logging
from collections.abc import Iterable
from typing import Final

from treadle_responses import (
    HTTPBadRequest,
    HTTPException,
    HTTPForbidden,
    HTTPMethodNotAllowed,
    HTTPUpgradeRequired,
)
from treadle_server._core.logs import log_warning
from treadle_server._http.request import BaseRequest
from treadle_websocket import (
    Accept,
    AllowedOrigins,
    Decision,
    DeflatePolicy,
    Reject,
    ServerHandshake,
    SessionSettings,
)

from .channel import opener_of

__all__ = ["decide", "make_handshake", "make_settings", "refusal", "warn_of_no_overlap"]

_logger: Final = logging.getLogger("treadle.websocket")

_WITH_BODY: Final = Reject(400, "Bad Request", (), b"a request with a body cannot open a WebSocket")

_DEFLATE: Final = DeflatePolicy()

#: Sets of options that are cached; an application has a handful. Checking one anew takes 3 to 5 us,
#: beside some 13 us for the handshake itself.
_CACHED: Final = 64


@functools.lru_cache(_CACHED)
def make_settings(
    max_msg_size: int,
    max_fragments: int | None,
    autoping: bool,
    timeout: float,
    heartbeat: float | None,
) -> SessionSettings:
    """Return the settings of a session; the reader of messages answers the close frame itself."""
    return SessionSettings(
        max_msg_size=max_msg_size,
        max_fragments=max_fragments,
        autoping=autoping,
        autoclose=False,
        close_timeout=timeout,
        heartbeat=heartbeat,
    )


def make_handshake(
    protocols: Iterable[str],
    compress: bool | DeflatePolicy,
    origins: AllowedOrigins | Iterable[str] | None,
) -> ServerHandshake:
    """Return a handshake; raises ``ValueError`` for malformed subprotocols and origins."""
    deflate = _DEFLATE if compress is True else compress or None
    if not isinstance(protocols, str):
        protocols = tuple(protocols)
    if origins is not None and not isinstance(origins, (AllowedOrigins, str)):
        origins = tuple(origins)
    # ServerHandshake and AllowedOrigins refuse a str that stands for a list.
    return _make_handshake(protocols, deflate, origins)


@functools.lru_cache(_CACHED)
def _make_handshake(
    protocols: tuple[str, ...] | str,
    deflate: DeflatePolicy | None,
    origins: AllowedOrigins | tuple[str, ...] | str | None,
) -> ServerHandshake:
    if origins is not None and not isinstance(origins, AllowedOrigins):
        origins = AllowedOrigins(origins)
    return ServerHandshake(subprotocols=protocols, deflate=deflate, origins=origins)


def decide(handshake: ServerHandshake, request: BaseRequest) -> Decision:
    """Return the decision of ``handshake``; a body is refused, because its end would be unknown."""
    if request.body_exists:
        return _WITH_BODY
    fields = request.raw_headers
    if request.host_is_given:
        # The Origin is compared with the host that the client has asked for.
        others = (each for each in fields if each[0].lower() != b"host")
        fields = (*others, (b"Host", request.host.encode("utf-8", "surrogateescape")))
    if opener_of(request.response_writer) is not None:
        return handshake.negotiate(fields)
    return handshake.parse(fields, method=request.method, http_version=request.version)


def refusal(reject: Reject, request: BaseRequest) -> HTTPException:
    """Return the exception for a refusal; it names the WebSocket version that we speak."""
    text = f"{reject.status}: {reject.body.decode('ascii')}"
    headers = [("Sec-WebSocket-Version", "13")]
    if reject.status == 405:
        return HTTPMethodNotAllowed(request.method, ["GET"], headers=headers, text=text)
    if reject.status == 426:
        # RFC 9110 section 15.5.22: "The server MUST send an Upgrade header field in a 426 response
        # to indicate the required protocol(s)."
        return HTTPUpgradeRequired(headers=[*headers, ("Upgrade", "websocket")], text=text)
    cls = HTTPForbidden if reject.status == 403 else HTTPBadRequest
    return cls(headers=headers, text=text)


def warn_of_no_overlap(request: BaseRequest, decision: Accept) -> None:
    """Log a warning if the server speaks none of the subprotocols that the client offers."""
    if decision.offered_subprotocols and decision.subprotocol is None:
        log_warning(
            _logger,
            "%s: of the subprotocols %s that the client speaks the server has none",
            request.remote,
            decision.offered_subprotocols,
        )
