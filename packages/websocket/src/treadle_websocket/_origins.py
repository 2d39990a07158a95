"""The Origin check of RFC 6455 section 10.2: restrict the web pages that may open a WebSocket.

Browsers send cookies with the opening handshake of any page, and no same-origin policy keeps the
page from sending messages. If your WebSocket trusts cookies (or the network of the client), every
page that a user visits could use it in the user's name: pass an ``AllowedOrigins``. A WebSocket
that authenticates with a token inside its messages does not need one.
"""

import re
from collections.abc import Iterable
from typing import Final, final

from ._errors import WSValueError

__all__ = ["AllowedOrigins"]

_ORIGIN: Final = re.compile(r"([a-z][a-z0-9+.\-]*)://([^/?#@\s,:\[\]]+|\[[0-9a-f:.]+\])(?::(\d+))?")
_DEFAULT_PORTS: Final = {"http": "80", "ws": "80", "https": "443", "wss": "443"}


@final
class AllowedOrigins:
    """Allows the listed origins, such as ``https://example.com``, compared as browsers do.

    ``same_host`` also allows pages from the host and port that the request names. ``missing``
    allows requests without an Origin field: they come from programs, which could send any origin
    anyway. The opaque origin ``null`` is allowed only if it is listed. Raises ``WSValueError`` for
    an origin that is not ``scheme://host[:port]`` or ``null``.
    """

    __slots__ = ("_allowed", "_missing", "_same_host")

    def __init__(
        self, origins: Iterable[str] = (), *, same_host: bool = False, missing: bool = True
    ) -> None:
        if isinstance(origins, str):
            raise WSValueError(f"origins must be a list of origins, for example [{origins!r}]")
        self._same_host = same_host
        self._missing = missing
        self._allowed: set[tuple[str, str, str] | str] = set()
        for text in origins:
            origin = _parse(text)
            if origin is None:
                raise WSValueError(f"origin {text!r} must be 'scheme://host[:port]' without a path")
            self._allowed.add(origin)

    def allows(self, origin: str | None, host: str | None) -> bool:
        """Return True if a request with these Origin and Host fields may connect."""
        if origin is None:
            return self._missing
        parsed = _parse(origin)
        if parsed is None:
            return False
        if parsed in self._allowed:
            return True
        if not self._same_host or host is None or isinstance(parsed, str):
            return False
        scheme, name, port = parsed
        # The scheme is not compared: a proxy may have ended TLS, and the request does not name it.
        return (name, port) == _parse_host(host, scheme)


def _parse(text: str) -> tuple[str, str, str] | str | None:
    if text == "null":
        return text
    match = _ORIGIN.fullmatch(text.lower())
    if match is None:
        return None
    scheme, host, port = match.groups()
    return scheme, host, port or _DEFAULT_PORTS.get(scheme, "")


def _parse_host(host: str, scheme: str) -> tuple[str, str] | None:
    parsed = _parse(f"{scheme}://{host}")
    return None if parsed is None or isinstance(parsed, str) else parsed[1:]
