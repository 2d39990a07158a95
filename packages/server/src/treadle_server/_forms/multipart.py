"""Multipart bodies part by part: aiohttp's ``MultipartReader`` over ``treadle_multipart``'s parser.

A ``MultipartReader`` returns the parts in turn and knows where each ends; the ``BodyPartReader`` of
``_forms.part`` reads one of them. This module is imported with the first form: a server without
forms starts without it.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Self

from multidict import CIMultiDict, CIMultiDictProxy

from treadle_multipart import (
    MalformedError,
    MultipartError,
    PartBegin,
    boundary_of,
    parse_options_header,
)

from .errors import DefaultCharsetError, form_answer
from .events import PartStream, Source, parser_for, source_of
from .limits import body_limits, reader_limits
from .lone import length_of
from .part import BodyPartReader
from .payload import BodyPartReaderPayload
from .refusals import NotMultipartError

__all__ = ["BodyPartReader", "BodyPartReaderPayload", "MultipartReader", "request_reader"]

#: The longest charset that the field ``_charset_`` may name, as with aiohttp.
_MAX_CHARSET: Final = 31


class MultipartReader:
    """The parts of a multipart body: iterate it, or call ``next``.

    ``headers`` contain the Content-Type; ``content`` has the bytes: a stream with ``readany`` or
    ``read``, or an asynchronous iterable. ``next`` drops the unread rest of the part before it.

    A reader that is made by hand accepts a ``content`` that ends right behind a boundary, even if
    that is not the final one. ``request.multipart()`` requires the final one.

    ``client_max_size`` limits the bytes that ``read()`` of a part returns, ``max_headers`` the
    header lines of a part, and twice ``max_field_size`` their bytes. A body has at most
    ``max_parts`` parts (None: any number), nested ones included, at most three levels deep.

    Raises ``ValueError`` if the Content-Type is not multipart or its boundary is malformed. The
    methods raise it for a malformed body, and ``max_size_error_cls`` for a part that is too large.
    """

    #: The class of nested readers, None for the reader's own.
    multipart_reader_cls: "ClassVar[type[MultipartReader] | None]" = None
    #: The class of parts.
    part_reader_cls: ClassVar[type[BodyPartReader]] = BodyPartReader

    def __init__(
        self,
        headers: Mapping[str, str],
        content: Any,
        *,
        client_max_size: int = sys.maxsize,
        max_field_size: int = 8190,
        max_headers: int = 128,
        max_size_error_cls: Callable[[int], Exception] = ValueError,
        max_parts: int | None = 1000,
    ) -> None:
        self.headers: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict(headers))
        content_type = self.headers.get("Content-Type", "")
        if isinstance(content, PartStream):
            self._stream = content
        else:
            limits = reader_limits(max_parts, max_headers, max_field_size)
            parser = parser_for(boundary_of(content_type), limits)
            self._stream = PartStream(parser, source_of(content), by_hand=True)
        self._is_form_data: Final = parse_options_header(content_type)[0] == "multipart/form-data"
        # Keyword arguments for the readers of parts.
        self._limits: Final[dict[str, Any]] = {
            "client_max_size": client_max_size,
            "max_size_error_cls": max_size_error_cls,
        }
        self._default_charset: str | None = None
        self._last_part: MultipartReader | BodyPartReader | None = None
        # The part that a nested reader reads: releasing it drops all parts inside.
        self._enclosing: BodyPartReader | None = None
        self._at_bof = True
        self._at_eof = False

    @classmethod
    def from_response(cls, response: Any) -> Self:
        """Return a reader for the body of a client's response."""
        return cls(response.headers, response.content)

    def at_eof(self) -> bool:
        """Return True if the final boundary was reached, or the rest was dropped."""
        return self._at_eof

    async def next(self) -> "MultipartReader | BodyPartReader | None":
        """Return a reader for the next part, None behind the last one.

        The reader of a part that is multipart itself is a ``MultipartReader``. If the first field
        of a form is ``_charset_``, it is not returned: it is the charset of the other fields (RFC
        7578 section 4.6).
        """
        last, self._last_part = self._last_part, None
        if last is not None:
            await last.release()
        part = await self.fetch_next_part()
        if self._at_bof:
            self._at_bof = False
            if self._is_form_data and isinstance(part, BodyPartReader) and part.name == "_charset_":
                self._default_charset = await self._read_charset(part)
                part = await self.fetch_next_part()
        self._last_part = part
        return part

    async def _read_charset(self, part: BodyPartReader) -> str:
        label = b""
        while (piece := await part.readany()) and len(label) <= _MAX_CHARSET:
            label += piece
        if len(label) > _MAX_CHARSET or not label.isascii():
            message = f"Invalid default charset {label[:40]!a} in the field '_charset_'"
            self._stream.fail(DefaultCharsetError(message))
        return label.decode("ascii").strip()

    async def fetch_next_part(self) -> "MultipartReader | BodyPartReader | None":
        """Return a reader for the part that begins next; call ``next`` instead."""
        if self._at_eof:
            return None
        begin = await self._stream.next()
        if type(begin) is not PartBegin:
            self._at_eof = True
            return None
        return self._reader_for(begin)

    def _reader_for(self, begin: PartBegin) -> "MultipartReader | BodyPartReader":
        headers = CIMultiDictProxy(CIMultiDict(begin.headers))
        # The boundary ends a part, so the length only has to be well-formed; forms must not have
        # it.
        if not self._is_form_data:
            try:
                length_of(headers)
            except MalformedError as error:
                self._stream.fail(error)
        part = self.part_reader_cls(
            b"",
            headers,
            self._stream,
            subtype="form-data" if self._is_form_data else "mixed",
            default_charset=self._default_charset,
            **self._limits,
        )
        if not (begin.content_type or "").startswith("multipart/"):
            return part
        if self._is_form_data and begin.filename:
            # A file in a multipart format, such as a saved web page: RFC 7578 has no nested forms.
            return part
        stream = self._stream.nested(begin, part.readany)
        nested = (self.multipart_reader_cls or type(self))(headers, stream, **self._limits)
        nested._enclosing = part  # noqa: SLF001  # another reader of this class
        return nested

    async def release(self) -> None:
        """Read and drop the rest of the body."""
        if self._enclosing is not None:
            await self._enclosing.release()
            self._at_eof = True
        while await self.next() is not None:
            pass

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> "MultipartReader | BodyPartReader":
        part = await self.next()
        if part is None:
            raise StopAsyncIteration
        return part


def request_reader(
    headers: Mapping[str, str],
    source: Source,
    *,
    client_max_size: int,
    max_parts: int,
    max_size_error_cls: Callable[[int], Exception],
) -> MultipartReader:
    """Return the reader for a request, whose errors are HTTP responses (400, 413, 415, 431).

    ``client_max_size`` and ``max_parts`` of 0 mean no limit.
    """
    limits = body_limits(max_parts)
    content_type = headers.get("Content-Type", "")
    if not content_type.lower().startswith("multipart/"):
        what = f"the body is {content_type[:100]!a}; expected multipart/*"
        raise NotMultipartError(text=f"415: {what}")
    try:
        parser = parser_for(boundary_of(content_type), limits)
    except MultipartError as error:
        raise form_answer(error) from error
    return MultipartReader(
        headers,
        PartStream(parser, source, form_answer),
        client_max_size=client_max_size or sys.maxsize,
        max_size_error_cls=max_size_error_cls,
    )
