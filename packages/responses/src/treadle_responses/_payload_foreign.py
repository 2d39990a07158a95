"""Payloads of other packages, such as those and the ``MultipartWriter`` of aiohttp's client.

They are known by what they have, so that their package need not be imported: ``headers``, ``size``
and a coroutine method ``write(writer)``.
"""

import inspect
from collections.abc import Mapping
from typing import Any, Protocol, TypeGuard

from ._head import LooseHeaders
from ._payload import Payload, Sink

__all__ = ["ForeignPayload", "is_foreign_payload"]


class _Foreign(Protocol):
    """The part of such a payload that is used."""

    @property
    def headers(self) -> Mapping[str, str]: ...

    @property
    def size(self) -> int | None: ...

    async def write(self, writer: Any, /) -> None: ...


def is_foreign_payload(value: object) -> TypeGuard[_Foreign]:
    """Return True if ``value`` describes and writes itself as a ``Payload`` does."""
    return (
        inspect.iscoroutinefunction(getattr(value, "write", None))
        and isinstance(getattr(value, "headers", None), Mapping)
        and isinstance(getattr(value, "size", ""), int | None)
    )


class ForeignPayload(Payload):
    """A payload of another package, as one of this package."""

    _value: _Foreign
    _autoclose = False

    def __init__(
        self, value: _Foreign, headers: LooseHeaders | None = None, **_others: object
    ) -> None:
        """Take over the fields of ``value``; those of ``headers`` replace them."""
        super().__init__(value, value.headers, filename=getattr(value, "filename", None))
        self._headers.update(headers or ())

    @property
    def value(self) -> object:
        """The payload of the other package."""
        return self._value

    @property
    def size(self) -> int | None:
        """The number of bytes that will be written, None if unknown."""
        return self._value.size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the payload as text, with the errors of its own method."""
        decode = getattr(self._value, "decode", None)
        if decode is None:
            raise TypeError(f"A {type(self._value).__name__} cannot be read as text")
        text: str = decode(encoding, errors)
        return text

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:  # noqa: ARG002
        """Return the bytes that are written."""
        return b"".join(await self._collect_pieces())

    async def write(self, writer: Sink) -> None:
        """Write all of the payload."""
        self._consumed = True
        await self._value.write(writer)

    async def close(self) -> None:
        """Close the payload, if it can be closed."""
        close = getattr(self._value, "close", None)
        if close is not None:
            result = close()
            if inspect.isawaitable(result):
                await result
