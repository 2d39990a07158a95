"""The opening handshake, RFC 6455 section 4.2: the fields of a request in, a decision out.

Make one ``ServerHandshake`` per endpoint and call its ``parse()`` for every request, with the
method, version and fields of an HTTP parser, or its ``decide()`` with the head that
``HandshakeReader`` has read. Every refusal is a ``Reject`` value with the status to send, never an
exception, whatever bytes the client sent.
"""

import binascii
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias, final

from ._decision import Accept, Decision, Reject, bad_request, quote, reject
from ._deflate import DeflatePolicy
from ._errors import WSValueError, wrong_type
from ._fields import group_fields, is_token, parse_extensions, split_list
from ._head import HandshakeRequest
from ._origins import AllowedOrigins

__all__ = ["ServerHandshake"]

# 7 and 8 are the last drafts; on the wire they differ from 13 only in the name of Origin.
_VERSIONS: Final = ("13", "8", "7")
_UPGRADE: Final = (("Upgrade", "websocket"), ("Connection", "Upgrade"))
_VERSION: Final = ("Sec-WebSocket-Version", "13")
_DEFAULT_DEFLATE: Final = DeflatePolicy()

_Fields: TypeAlias = Mapping[str, list[str]]


@final
class ServerHandshake:
    """Accepts or rejects requests to open a WebSocket.

    ``subprotocols`` are the names that this endpoint supports; the first name in the client's list
    that is among them is chosen. ``deflate`` is the compression to offer, None for no compression.
    ``origins`` restricts the web pages that may connect; None allows all, see ``AllowedOrigins``
    for when that is not enough. Raises ``WSValueError`` for a subprotocol that is not a token.
    """

    __slots__ = ("_deflate", "_origins", "_subprotocols")

    def __init__(
        self,
        *,
        subprotocols: Iterable[str] = (),
        deflate: DeflatePolicy | None = _DEFAULT_DEFLATE,
        origins: AllowedOrigins | None = None,
    ) -> None:
        if isinstance(subprotocols, str):
            raise WSValueError(f"subprotocols must be a list of names, [{subprotocols!r}] for one")
        self._subprotocols = frozenset(subprotocols)
        for name in self._subprotocols:
            if not is_token(name):
                raise WSValueError(f"subprotocol {name!r} must be a token, for example 'chat.v1'")
        self._deflate = deflate
        self._origins = origins

    def decide(self, request: HandshakeRequest | Reject) -> Decision:
        """Return ``Accept`` or ``Reject`` for the head that a ``HandshakeReader`` has returned.

        A head that was refused already stays so.
        """
        if isinstance(request, Reject):
            return request
        if not isinstance(request, HandshakeRequest):
            raise wrong_type("decide()", "the result of HandshakeReader.receive_data()", request)
        return self.parse(request.headers, method=request.method, http_version=request.http_version)

    def parse(
        self,
        headers: Iterable[tuple[str | bytes, str | bytes]],
        *,
        method: str = "GET",
        http_version: tuple[int, int] = (1, 1),
    ) -> Decision:
        """Return ``Accept`` or ``Reject`` for a request with these fields.

        Fields given as bytes are decoded as Latin-1. No request of a client raises an exception;
        ``WSMessageTypeError`` is for arguments of another type.
        """
        if not isinstance(method, str):
            raise wrong_type(f"parse(method={method!r})", "text", method)
        if not isinstance(http_version, tuple) or len(http_version) != 2:
            raise wrong_type(
                f"parse(http_version={http_version!r})", "two numbers, such as (1, 1)", http_version
            )
        fields = group_fields(headers)
        refusal = _check_request(fields, method, http_version) or self._check_origin(fields)
        if refusal is not None:
            return refusal
        subprotocol, offered = self._choose(fields)
        offers = parse_extensions(fields.get("sec-websocket-extensions", ()))
        if offers is None:
            return bad_request("Sec-WebSocket-Extensions is malformed")
        response = [
            *_UPGRADE,
            ("Sec-WebSocket-Accept", _accept_token(fields["sec-websocket-key"][0])),
        ]
        if subprotocol is not None:
            response.append(("Sec-WebSocket-Protocol", subprotocol))
        agreed = None
        if self._deflate is not None:
            # RFC 7692 section 5: offers are in the client's order of preference.
            agreed = next(filter(None, map(self._deflate.negotiate, offers)), None)
        if agreed is not None:
            response.append(("Sec-WebSocket-Extensions", str(agreed)))
        extensions = () if agreed is None else (agreed,)
        return Accept(tuple(response), subprotocol, extensions, offered)

    def negotiate(self, headers: Iterable[tuple[str | bytes, str | bytes]]) -> Decision:
        """Return the decision on a handshake that a server in front has checked.

        Only the origin and the subprotocol are left; the server in front has agreed on extensions,
        and sends the response: ``headers`` of an ``Accept`` are empty.
        """
        fields = group_fields(headers)
        refusal = self._check_origin(fields)
        if refusal is not None:
            return refusal
        subprotocol, offered = self._choose(fields)
        return Accept((), subprotocol, (), offered)

    def _choose(self, fields: _Fields) -> tuple[str | None, tuple[str, ...]]:
        """Return the subprotocol, and those that the client offers."""
        offered = tuple(split_list(fields.get("sec-websocket-protocol", ())))
        return next((name for name in offered if name in self._subprotocols), None), offered

    def _check_origin(self, fields: _Fields) -> Reject | None:
        if self._origins is None:
            return None
        origins = [*fields.get("origin", ()), *fields.get("sec-websocket-origin", ())]
        hosts = fields.get("host", [])
        origin = ", ".join(dict.fromkeys(origins)) if origins else None
        # Two different origins are joined to a text that is not an origin: no policy allows it.
        if self._origins.allows(origin, hosts[0] if hosts else None):
            return None
        return reject(403, "Forbidden", f"Origin {quote(origin)} may not connect here")


def _check_request(fields: _Fields, method: str, http_version: tuple[int, int]) -> Reject | None:
    """Check the requirements of section 4.2.1 in its order."""
    if method != "GET":
        text = f"method {quote(method)} cannot open a WebSocket; use GET"
        return reject(405, "Method Not Allowed", text, ("Allow", "GET"))
    if tuple(http_version) < (1, 1):
        return bad_request("a WebSocket needs HTTP/1.1 or later")
    upgrade = split_list(fields.get("upgrade", ()))
    if "websocket" not in map(str.lower, upgrade):
        return bad_request(f"Upgrade must be 'websocket', not {quote(', '.join(upgrade))}")
    connection = split_list(fields.get("connection", ()))
    if "upgrade" not in map(str.lower, connection):
        return bad_request(f"Connection must list 'Upgrade', not {quote(', '.join(connection))}")
    versions = fields.get("sec-websocket-version", [])
    if len(versions) != 1 or versions[0] not in _VERSIONS:
        # Section 4.2.2 asks for "an appropriate HTTP error code (such as 426 Upgrade Required) and
        # a |Sec-WebSocket-Version| header field indicating the version(s) the server is capable
        # of understanding"; RFC 9110 section 15.5.22 for the two that come with a 426.
        text = f"Sec-WebSocket-Version must be 13, not {quote(', '.join(versions))}"
        return reject(426, "Upgrade Required", text, *_UPGRADE, _VERSION)
    keys = fields.get("sec-websocket-key", [])
    if len(keys) != 1 or not _is_key(keys[0]):
        return bad_request("Sec-WebSocket-Key must be given once, 16 bytes in base64")
    return None


def _is_key(key: str) -> bool:
    # 16 bytes take 24 characters: do not decode a longer field.
    if len(key) != 24 or not key.isascii():
        return False
    try:
        return len(binascii.a2b_base64(key, strict_mode=True)) == 16
    except binascii.Error:
        return False


def _accept_token(key: str) -> str:
    # Imported with the first handshake: wsproto loads h11, which costs tens of milliseconds that a
    # program without WebSockets should not pay.
    from wsproto.utilities import generate_accept_token

    return generate_accept_token(key.encode("ascii")).decode("ascii")
