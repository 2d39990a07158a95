"""``BasicAuth``: the credentials of Basic authentication (RFC 7617), as aiohttp 3 has them."""

import binascii
import warnings
from base64 import b64decode
from typing import NamedTuple, Self

from yarl import URL

from treadle_http_parser.fields import encode_basic_auth

__all__ = ["BasicAuth"]


class _Credentials(NamedTuple):
    login: str
    password: str
    encoding: str


class BasicAuth(_Credentials):
    """Login, password and their encoding; deprecated, as in aiohttp.

    ``decode`` reads a field Authorization, which a server needs; to write one use
    ``encode_basic_auth``.
    """

    __slots__ = ()

    def __new__(cls, login: str, password: str = "", encoding: str = "latin1") -> Self:
        """Raise ``ValueError`` for None, and for a login with a colon, which would end it."""
        if login is None:
            raise ValueError("None is not allowed as login value")
        if password is None:
            raise ValueError("None is not allowed as password value")
        if ":" in login:
            raise ValueError(
                f'A ":" is not allowed in login (RFC 7617 section 2): it would end {login!r} there'
            )
        warnings.warn(
            "BasicAuth is deprecated: use encode_basic_auth() for a field Authorization, and "
            "BasicAuth.decode() to read one",
            DeprecationWarning,
            stacklevel=2,
        )
        return super().__new__(cls, login, password, encoding)

    @classmethod
    def decode(cls, auth_header: str, encoding: str = "latin1") -> Self:
        """Return the credentials of a field Authorization.

        Raises ``ValueError`` for another scheme and for a value that is not base64 of a login, a
        colon and a password. The message has nothing of the credentials.
        """
        scheme, separator, encoded = auth_header.partition(" ")
        if not separator:
            raise ValueError("Could not parse authorization header: a space ends its scheme")
        if scheme.lower() != "basic":
            raise ValueError(f"Unknown authorization method {scheme[:20]!r}: expected Basic")
        try:
            decoded = b64decode(encoded.encode("ascii"), validate=True).decode(encoding)
        except binascii.Error:
            raise ValueError("Invalid base64 encoding of the credentials") from None
        login, separator, password = decoded.partition(":")
        if not separator:
            raise ValueError("Invalid credentials: there is no colon behind the login")
        return cls._silently(login, password, encoding)

    @classmethod
    def from_url(cls, url: URL, *, encoding: str = "latin1") -> Self | None:
        """Return the user and password of a URL, None without them.

        Raises ``TypeError`` unless ``url`` is a ``yarl.URL``.
        """
        if not isinstance(url, URL):
            raise TypeError(f"url should be yarl.URL instance, not {url!r}")
        if url.raw_user is None and url.raw_password is None:
            return None
        return cls._silently(url.user or "", url.password or "", encoding)

    @classmethod
    def _silently(cls, login: str, password: str, encoding: str) -> Self:
        return tuple.__new__(cls, (login, password, encoding))

    def encode(self) -> str:
        """Return the value of a field Authorization."""
        return encode_basic_auth(self.login, self.password, self.encoding)
