"""The form in which engines carry a message: one byte for its kind, then its payload.

Engines carry bytes, and a subscriber gets the type that was published. ``t`` is text in UTF-8,
``b`` is bytes.
"""

from typing import Final

from .errors import BackendError

__all__ = ["pack", "unpack"]

_TEXT: Final = b"t"
_BYTES: Final = b"b"


def pack(data: str | bytes) -> bytes:
    """Return the envelope of ``data``; raises ``ValueError`` for text that is not Unicode."""
    if isinstance(data, str):
        try:
            return _TEXT + data.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                f"A message has a lone surrogate at {error.start}: {data[:80]!r}; publish it as "
                "bytes, or encode it with errors='replace'"
            ) from error
    return _BYTES + data


def unpack(envelope: bytes) -> str | bytes:
    """Return the data in ``envelope``; raises ``BackendError`` if it is none of ours."""
    kind = envelope[:1]
    if kind == _TEXT:
        try:
            return envelope[1:].decode()
        except UnicodeDecodeError as error:
            raise BackendError(f"Text that is not UTF-8: {envelope[:80]!r}") from error
    if kind == _BYTES:
        return envelope[1:]
    raise BackendError(
        f"Not a message of treadle-channels: {envelope[:80]!r}; does another program publish here?"
    )
