"""``BodyPartReader``: one part of a multipart body, with the methods of aiohttp's class.

It takes events from a ``PartStream``. A piece is returned as it came if it fits, and cut once if it
does not. At most one piece waits in memory.
"""

import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, Self

from multidict import CIMultiDict, CIMultiDictProxy

from treadle_multipart import (
    MultipartError,
    MultipartLimits,
    PartBegin,
    PartData,
    PartDecoder,
    UndecodableTextError,
    content_disposition_filename,
    parse_content_disposition,
    parse_urlencoded,
    safe_filename,
    text_codec,
)

from .base64 import shorten, take_groups
from .errors import PartJSONError
from .events import PartStream
from .lone import LonePart, length_of

__all__ = ["BodyPartReader"]

#: The bytes that ``BodyPartReader.decode`` inflates at most, as in aiohttp.
_MAX_DECODED: Final = 256 * 1024
#: The number of pairs costs more than their bytes, which ``client_max_size`` limits.
_PAIRS: Final = MultipartLimits.unlimited().replace(max_fields=MultipartLimits().max_fields)


class BodyPartReader:
    """One part of a multipart body: its headers, and its data as it arrives.

    ``MultipartReader.next`` returns a reader. It can also be made from a ``boundary`` (with its two
    hyphens) and a ``content`` that begins behind the part's headers, or None to look only at the
    headers. Such a reader accepts a content that ends right behind the boundary, and puts the
    boundary and the bytes behind it back with ``content.unread_data()``, if there is that method.
    The part has as many bytes as its Content-Length says; the parts of forms have none.

    Raises ``ValueError`` for a malformed boundary or Content-Length.
    """

    #: The bytes that ``read_chunk`` returns at most by default.
    chunk_size: ClassVar[int] = 8192

    def __init__(
        self,
        boundary: bytes | str,
        headers: Mapping[str, str],
        content: Any,
        *,
        subtype: str = "mixed",
        default_charset: str | None = None,
        max_decompress_size: int = _MAX_DECODED,
        client_max_size: int = sys.maxsize,
        max_size_error_cls: Callable[[int], Exception] = ValueError,
    ) -> None:
        self.headers: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict(headers))
        self._is_form_data: Final = subtype == "form-data"
        self._stream: PartStream | LonePart
        if isinstance(content, PartStream):
            self._stream = content
            begin = content.begin
        else:
            length = "" if self._is_form_data else length_of(self.headers)
            self._stream, begin = LonePart(boundary, content, length), None
        self._begin: Final = begin or _begin_of(self.headers)
        self._default_charset: Final = default_charset
        self._max_decompress_size: Final = max_decompress_size
        self._max_size: Final = client_max_size
        self._max_size_error_cls: Final = max_size_error_cls
        # The current piece, and the position up to which it is read.
        self._piece = b""
        self._at = 0
        # True if the piece is the last one.
        self._ended = False
        transfer = self.headers.get("Content-Transfer-Encoding", "").strip().lower()
        self._in_groups: Final = transfer == "base64"

    # The headers.

    @property
    def name(self) -> str | None:
        """The name of the form field, None without one."""
        return self._begin.name

    @property
    def filename(self) -> str | None:
        """The file name, None without one: **raw**, as the client sent it, paths included."""
        return self._begin.filename

    @property
    def safe_filename(self) -> str | None:
        """The last component of ``filename``, made safe to create in a folder."""
        return None if self.filename is None else safe_filename(self.filename)

    def get_charset(self, default: str) -> str:
        """Return the charset of the part, else that of the form, else ``default``."""
        return self._begin.charset or self._default_charset or default

    # Reading.

    def at_eof(self) -> bool:
        """Return True if the whole part has been read."""
        return self._ended and self._at >= len(self._piece)

    async def _advance(self) -> bool:
        """Go to the next piece; False at the end of the part."""
        if self._ended:
            self._piece, self._at = b"", 0
            return False
        event = await self._stream.next()
        if type(event) is PartData:
            self._piece, self._at = event.data, 0
            self._ended = await self._stream.ends_part()
            return True
        # Another event ends the part too: a caller may have read past its end.
        self._piece, self._at = b"", 0
        self._ended = True
        return False

    async def readany(self) -> bytes:
        """Return the next piece as it came, of any size; ``b""`` at the end."""
        at = self._at
        if at >= len(self._piece):
            if not await self._advance():
                return b""
            at = 0
        piece = self._piece
        self._at = len(piece)
        # Slicing all of a bytes object gives the object itself.
        return piece[at:]

    async def read_chunk(self, size: int = chunk_size) -> bytes:
        """Return up to ``size`` bytes as they were sent; ``b""`` at the end.

        Chunks of base64 have whole groups of four characters, so that each can be decoded alone;
        long runs of blanks may be left out.
        """
        at = self._at
        end = at + size
        if end < len(self._piece) and size > 0 and not self._in_groups:
            self._at = end
            return self._piece[at:end]
        if size < 1:
            raise ValueError(f"size must be at least 1, got {size}")
        if self._in_groups:
            return await self._read_groups(max(size, 4))
        if at >= len(self._piece):
            if not await self._advance():
                return b""
            at = 0
        piece = self._piece
        self._at = min(at + size, len(piece))
        # Slicing all of a bytes object gives the object itself.
        return piece[at : self._at]

    async def _read_groups(self, size: int) -> bytes:
        """Return whole groups of base64 from the current piece, or from the next that has one."""
        while True:
            if self._ended and len(self._piece) - self._at <= size:
                # The end of the part, even if its last group is cut off.
                return await self.readany()
            chunk, self._at = take_groups(self._piece, self._at, size)
            if chunk:
                return chunk
            rest = shorten(self._piece[self._at :])
            if not await self._advance():
                return rest
            self._piece = rest + self._piece

    async def readline(self) -> bytes:
        """Return the next line with its line end; ``b""`` at the end of the part.

        Raises ``max_size_error_cls`` if the line is longer than ``client_max_size``.
        """
        parts: list[bytes] = []
        size = 0
        while self._at < len(self._piece) or await self._advance():
            at = self._at
            end = self._piece.find(b"\n", at) + 1
            self._at = end or len(self._piece)
            part = self._piece[at : self._at]
            size += len(part)
            self._check_size(size)
            parts.append(part)
            if end:
                break
        return b"".join(parts)

    async def read(self, *, decode: bool = False) -> bytes:
        """Return the rest of the part; with ``decode``, undo its codings.

        Raises ``max_size_error_cls`` as soon as that is more than ``client_max_size`` bytes.
        """
        decoder = self._decoder() if decode else None
        parts: list[bytes] = []
        size = 0
        if decoder is None or decoder.identity:
            while piece := await self.readany():
                size += len(piece)
                self._check_size(size)
                parts.append(piece)
        else:
            started = False
            while coded := await self.readany():
                started = True
                size = self._collect(decoder.decode(coded), parts, size)
            # No bytes are valid in every coding: the part may have been read before.
            if started:
                self._collect(decoder.finish(), parts, size)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _collect(self, pieces: Iterator[bytes], parts: list[bytes], size: int) -> int:
        for piece in self._guarded(pieces):
            size += len(piece)
            self._check_size(size)
            parts.append(piece)
        return size

    def _guarded(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Iterate over ``pieces``; translate the decoder's errors as the stream does."""
        try:
            yield from pieces
        except MultipartError as error:
            self._stream.fail(error)

    def _check_size(self, size: int) -> None:
        if size > self._max_size:
            raise self._max_size_error_cls(self._max_size)

    async def text(self, *, encoding: str | None = None) -> str:
        """Return the decoded part as text, in UTF-8 unless a charset is given.

        Raises ``LookupError`` for an unknown charset and ``UnicodeDecodeError`` for bytes outside
        the charset; both are ``ValueError`` too.
        """
        data = await self.read(decode=True)
        return self._text(data, encoding)

    def _text(self, data: bytes, encoding: str | None) -> str:
        codec = self._codec(encoding)
        try:
            return data.decode(codec)
        except UnicodeDecodeError as error:
            message = f"{self._title()} is not {error.encoding}: {error.reason}"
            self._stream.fail(UndecodableTextError(message, error, field=self.name))

    def _codec(self, encoding: str | None) -> str:
        label = self.get_charset("utf-8")
        # ``text(encoding=part.get_charset("utf-8"))`` passes on the label of the peer.
        if encoding and encoding != label:
            return encoding
        try:
            return text_codec(label, field=self.name)
        except MultipartError as error:
            self._stream.fail(error)

    def _title(self) -> str:
        return f"field {(self.name or '')[:40]!a}"

    async def json(self, *, encoding: str | None = None) -> Any:
        """Return the part as JSON, None if it is empty.

        Raises ``json.JSONDecodeError`` for invalid JSON, and what ``text`` raises.
        """
        data = await self.read(decode=True)
        if not data:
            return None
        text = self._text(data, encoding)
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            cause = error if isinstance(error, json.JSONDecodeError) else None
            cause = cause or json.JSONDecodeError(str(error), text, 0)
            message = f"{self._title()} is not valid JSON: {error}"
            self._stream.fail(PartJSONError(message, cause, self.name))

    async def form(self, *, encoding: str | None = None) -> list[tuple[str, str]]:
        """Return the pairs of an urlencoded part, blank values included; 1,000 at most.

        Raises ``ValueError`` for more pairs, and what ``text`` raises.
        """
        data = await self.read(decode=True)
        codec = self._codec(encoding)
        try:
            return parse_urlencoded(data.rstrip(), charset=codec, limits=_PAIRS)
        except UndecodableTextError as error:
            message = f"data cannot be decoded with {codec} encoding: {error}"
            self._stream.fail(UndecodableTextError(message, error, field=self.name))
        except MultipartError as error:
            self._stream.fail(error)

    async def release(self) -> None:
        """Read and drop the rest of the part."""
        self._at = len(self._piece)
        while await self._advance():
            pass
        self._at = len(self._piece)

    # Codings.

    def _decoder(self) -> PartDecoder:
        # RFC 7578 has no content encoding for the fields of a form.
        coding = None if self._is_form_data else self.headers.get("Content-Encoding")
        transfer = self.headers.get("Content-Transfer-Encoding")
        try:
            return PartDecoder(transfer, coding, field=self.name)
        except MultipartError as error:
            self._stream.fail(error)

    async def iter_decoded(self) -> AsyncGenerator[bytes, None]:
        """Iterate over the rest of the part in bounded pieces, with its codings undone."""
        decoder = self._decoder()
        started = False
        while coded := await self.readany():
            started = True
            for piece in self._guarded(decoder.decode(coded)):
                yield piece
        if started:
            for piece in self._guarded(decoder.finish()):
                yield piece

    def decode(self, data: bytes) -> bytes:
        """Return ``data``, the whole part or a chunk of it, with the part's codings undone.

        Raises ``ValueError`` if a coding is unknown or the data is cut off, and
        ``max_size_error_cls`` if the result is larger than ``max_decompress_size`` bytes and ten
        times ``data``. For parts of any size use ``decode_iter`` or ``read(decode=True)``.
        """
        limit = max(self._max_decompress_size, 10 * len(data))
        pieces: list[bytes] = []
        size = 0
        for piece in self._run(bytes(data)):
            size += len(piece)
            if size > limit:
                raise self._max_size_error_cls(limit)
            pieces.append(piece)
        return b"".join(pieces)

    async def decode_iter(self, data: bytes) -> AsyncIterator[bytes]:
        """Iterate over ``data``, the whole part, in bounded pieces, with its codings undone."""
        for piece in self._run(bytes(data)):
            yield piece

    def _run(self, data: bytes) -> Iterator[bytes]:
        decoder = self._decoder()
        if data:
            yield from self._guarded(decoder.decode(data))
            yield from self._guarded(decoder.finish())

    # Iteration returns the whole part once.

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        part = await self.next()
        if part is None:
            raise StopAsyncIteration
        return part

    async def next(self) -> bytes | None:
        """Return the rest of the part; None at its end."""
        return None if self.at_eof() else await self.read()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {dict(self.headers)!r}>"


def _begin_of(headers: CIMultiDictProxy[str]) -> PartBegin:
    kind, params = parse_content_disposition(headers.get("Content-Disposition"))
    # As the parser does: ``name*`` only without a plain ``name``.
    name = params.get("name") or content_disposition_filename(params, "name")
    filename = content_disposition_filename(params)
    return PartBegin(tuple(headers.items()), kind, name, filename)
