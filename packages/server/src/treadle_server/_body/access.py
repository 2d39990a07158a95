"""Reading a body as a whole, as text or as JSON, with the answers to bodies that are not.

Functions over a ``StreamReader`` and values; ``BaseRequest`` has the methods that users call.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from treadle_responses import (
    HTTPBadRequest,
    HTTPRequestEntityTooLarge,
    HTTPUnsupportedMediaType,
)

from .stream import StreamReader

__all__ = ["decode_text", "join_pieces", "load_json", "pieces_of"]


async def join_pieces(stream: StreamReader, announced: int | None, limit: int) -> bytes:
    """Return the rest of a body of at most ``limit`` bytes (0: any number).

    ``announced`` is its Content-Length. Raises ``HTTPRequestEntityTooLarge`` at once when that is
    too much, otherwise as soon as too many bytes have arrived.
    """
    if limit and announced is not None and announced > limit:
        raise HTTPRequestEntityTooLarge(limit, announced)
    parts: list[bytes] = []
    size = 0
    while piece := await stream.readany():
        size += len(piece)
        if limit and size > limit:
            raise HTTPRequestEntityTooLarge(limit, size)
        parts.append(piece)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def pieces_of(stream: StreamReader, read_before: bytes | None) -> Callable[[], Awaitable[bytes]]:
    """Return a function that reads the body piece by piece, from memory if it was read before."""
    if read_before is None:
        return stream.readany
    left = [read_before]

    async def read() -> bytes:
        return left.pop() if left else b""

    return read


def decode_text(body: bytes, charset: str | None) -> str:
    """Return ``body`` as text, UTF-8 without a ``charset``.

    Raises ``HTTPUnsupportedMediaType`` for an unknown charset and ``HTTPBadRequest`` for bytes that
    are not valid in it.
    """
    encoding = charset or "utf-8"
    if not _is_text_encoding(encoding):
        raise HTTPUnsupportedMediaType(text="415: The body's charset is not supported")
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        raise HTTPBadRequest(
            text=f"400: The body is not valid {error.encoding} (byte {error.start})"
        ) from error


def load_json(text: str, loads: Callable[[str], Any]) -> Any:
    """Return ``loads(text)``; raises ``HTTPBadRequest`` that tells where it stops being JSON."""
    try:
        return loads(text)
    except json.JSONDecodeError as error:
        raise HTTPBadRequest(
            text=f"400: The body is not valid JSON: {error.msg} "
            f"(line {error.lineno}, column {error.colno})"
        ) from error
    except (ValueError, RecursionError) as error:
        raise HTTPBadRequest(text="400: The body is not valid JSON") from error


def _is_text_encoding(charset: str) -> bool:
    """Return True if ``charset`` names a text encoding that Python knows."""
    try:
        "".encode(charset)
    except (LookupError, ValueError):
        return False
    return True
