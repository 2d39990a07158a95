"""The transport of a request over ASGI: it knows addresses and TLS, and writes nothing."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, final

from treadle_asgi._types import Scope

__all__ = ["ScopeTransport"]

#: The names of extra information, and the keys of a scope that have it.
_ADDRESSES: Final = {"peername": "client", "sockname": "server"}


@final
class ScopeTransport(asyncio.Transport):
    """The connection of the server in front, as far as a scope tells of it.

    ``get_extra_info`` has ``peername``, ``sockname``, ``asgi_scope`` (the scope), and with the TLS
    extension ``tls`` (its dict).
    """

    def __init__(self, scope: Scope, abort: Callable[[], None]) -> None:
        super().__init__()
        self._scope: Final = scope
        self._abort: Final = abort
        self._closing = False

    def get_extra_info(self, name: str, default: object = None) -> Any:
        """Return what the scope has of ``name``, else ``default``."""
        if name == "asgi_scope":
            return self._scope
        if name == "tls":
            return (self._scope.get("extensions") or {}).get("tls", default)
        key = _ADDRESSES.get(name)
        value = None if key is None else self._scope.get(key)
        return default if value is None else tuple(value)

    def is_closing(self) -> bool:
        """Return True once the response was cut off."""
        return self._closing

    def get_write_buffer_size(self) -> int:
        """Return 0: the server in front has the buffer."""
        return 0

    def close(self) -> None:
        """Cut the response off."""
        self.abort()

    def abort(self) -> None:
        """Cut the response off."""
        self._closing = True
        self._abort()

    def write(self, data: object) -> None:  # noqa: ARG002  # the base's
        """Raise ``RuntimeError``: the connection is the server's."""
        raise RuntimeError(
            "Over ASGI the connection is the server's: write to the response instead"
        )
