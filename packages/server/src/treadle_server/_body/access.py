"""Reading a body as a whole, as text or as JSON, with the answers to bodies that are not.

Functions over a ``StreamReader`` and values; ``BaseRequest`` has the methods that users call.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from treadle_responses import HTTPRequestEntityTooLarge

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

    Raises ``HTTPUnsupportedMediaType`` (also a ``LookupError``) for an unknown charset and
    ``HTTPBadRequest`` (also a ``UnicodeDecodeError``) for bytes that are not valid in it.
    """
    codec = "utf-8" if not charset or charset.lower() == "utf-8" else _codec(charset)
    try:
        return body.decode(codec)
    except UnicodeDecodeError as error:
        from treadle_server._forms.refusals import BadTextError

        text = f"400: The body is not valid {error.encoding} (byte {error.start})"
        raise BadTextError(error, text) from error


def _codec(charset: str) -> str:
    # The only list of charsets. Imported with the first body that is not UTF-8: servers without
    # forms start without that package.
    from treadle_multipart import UnsupportedError, text_codec
    from treadle_server._forms.refusals import UnknownCharsetError

    try:
        return text_codec(charset)
    except UnsupportedError as error:
        raise UnknownCharsetError(text=f"415: The body's charset {error}") from error


def load_json(text: str, loads: Callable[[str], Any]) -> Any:
    """Return ``loads(text)``.

    Raises ``HTTPBadRequest`` that tells where it stops being JSON, and that is also a
    ``json.JSONDecodeError`` and an instance of the class of the ``ValueError`` that ``loads``
    raises.
    """
    try:
        return loads(text)
    except (ValueError, RecursionError) as error:
        from treadle_server._forms.refusals import json_refusal

        answer = "400: The body is not valid JSON"
        if isinstance(error, json.JSONDecodeError):
            answer += f": {error.msg} (line {error.lineno}, column {error.colno})"
        raise json_refusal(error, text, answer) from error
