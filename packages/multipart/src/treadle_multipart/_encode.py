"""Write multipart bodies: the mirror of ``_parser``, values in and bytes out.

``MultipartEncoder`` turns calls into bytes one piece at a time. ``MultipartBody`` uses it for a
list of parts, and knows its size for Content-Length if all parts know theirs. Both refuse whatever
would break out of a header or a part: control characters in headers, delimiter lines in data.
"""

import enum
import os
import re
from collections.abc import Iterable, Iterator
from typing import final

from ._adapters import Readable
from ._bytes import as_bytes
from ._delimiter import DATA, Delimiter
from ._errors import MalformedError, MultipartError, UsageError
from ._options import check_boundary

__all__ = ["MultipartBody", "MultipartEncoder", "quote_name"]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_NAME_ESCAPES = {'"': "%22", "\r": "%0D", "\n": "%0A", "\\": "\\\\"}
_NAME_ESCAPED = re.compile(r'["\r\n\\]|[\ud800-\udfff]')
_CHUNK = 64 * 1024

Headers = Iterable[tuple[str, str]]


def quote_name(text: str) -> str:
    r"""Return a field or file name as a quoted-string, as browsers write it into form-data.

    Quotes and line ends are percent-encoded (WHATWG HTML, "multipart/form-data encoding
    algorithm"), lone surrogates become U+FFFD. A literal ``%22`` stays, and is
    read as a quote. Backslashes are doubled, though browsers do not: otherwise a reader of RFC 9110
    would take the last one of ``a\`` for an escape.
    """
    return '"' + _NAME_ESCAPED.sub(_name_escape, text) + '"'


def _name_escape(match: re.Match[str]) -> str:
    return _NAME_ESCAPES.get(match[0], "\ufffd")


class Place(enum.Enum):
    """The states of an encoder: ``BETWEEN`` and ``IN_PART`` in turn, then ``ENDED``."""

    BETWEEN = "outside a part"
    IN_PART = "inside a part"
    ENDED = "after end()"


@final
class MultipartEncoder:
    """Encodes a multipart body piece by piece.

    For each part call ``begin_part``, ``data`` any number of times and ``end_part``, then ``end``
    once, and send the results in order. ``content_type`` is the header to send with them. The
    boundary is random unless given.

    Raises ``UsageError`` for a wrong order, bad headers, a bad subtype or boundary, and data with a
    line that a reader takes for the boundary (seen if it is within one call).
    """

    __slots__ = ("_at_line_start", "_delimiter", "_place", "_started", "boundary", "subtype")

    def __init__(self, subtype: str = "form-data", *, boundary: str | bytes | None = None) -> None:
        if _TOKEN.fullmatch(subtype) is None:
            raise UsageError(
                f"{subtype!r} is not a multipart subtype; pass a token such as form-data"
            )
        self.subtype: str = subtype
        try:
            self.boundary: bytes = check_boundary(boundary or "treadle-" + os.urandom(16).hex())
        except MultipartError as exc:
            raise UsageError(str(exc)) from exc
        self._delimiter = b"--" + self.boundary
        self._started = False
        # True if the next data of the part begins a line.
        self._at_line_start = True
        self._place = Place.BETWEEN

    @property
    def content_type(self) -> str:
        """The value for the Content-Type header of the body."""
        boundary = self.boundary.decode("ascii")
        if _TOKEN.fullmatch(boundary) is None:
            boundary = '"' + re.sub(r'(["\\])', r"\\\1", boundary) + '"'
        return f"multipart/{self.subtype}; boundary={boundary}"

    def begin_part(self, headers: Headers = ()) -> bytes:
        """Start a part with these headers, unchanged."""
        self._expect(Place.BETWEEN, "begin_part()")
        self._place = Place.IN_PART
        start = b"\r\n" if self._started else b""
        self._started = self._at_line_start = True
        lines = [start + self._delimiter]
        lines += [_header_line(name, value) for name, value in headers]
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def begin_field(
        self,
        name: str,
        *,
        filename: str | None = None,
        content_type: str | None = None,
        headers: Headers = (),
    ) -> bytes:
        """Start a part of a form: a file if it has a file name."""
        disposition = f"form-data; name={quote_name(name)}"
        if filename is not None:
            disposition += f"; filename={quote_name(filename)}"
            content_type = content_type or "application/octet-stream"
        first = [("Content-Disposition", disposition)]
        if content_type is not None:
            first.append(("Content-Type", content_type))
        return self.begin_part([*first, *headers])

    def data(self, data: bytes) -> bytes:
        """Return data of the current part unchanged, after checking it for the boundary."""
        self._expect(Place.IN_PART, "data()")
        if type(data) is not bytes:
            data = as_bytes(data, "data()")
        if self._delimiter in data and self._ends_part(data):
            raise UsageError(
                f"the data contains the boundary {self.boundary!r}; leave the boundary random"
            )
        if data:
            self._at_line_start = data.endswith(b"\n")
        return data

    def _ends_part(self, data: bytes) -> bool:
        """Return True if a reader of any kind may take a line of ``data`` for a delimiter.

        A text that has the boundary within a line, and the delimiters of a nested body whose
        boundary starts with this one, are no such lines.
        """
        line_end = b"\n" if self._at_line_start else b""
        delimiter = Delimiter(self.boundary, False, set())
        buf = line_end + data
        at = 0
        while (at := buf.find(delimiter.needle, at)) >= 0:
            at += len(delimiter.needle)
            try:
                kind, _ = delimiter.classify(buf, at, 0)
            except MalformedError:
                return True
            if kind is not DATA:
                return True
        return False

    def end_part(self) -> bytes:
        """End the current part; returns ``b""``, since the next delimiter ends it on the wire."""
        self._expect(Place.IN_PART, "end_part()")
        self._place = Place.BETWEEN
        return b""

    def end(self) -> bytes:
        """End the body."""
        self._expect(Place.BETWEEN, "end()")
        self._place = Place.ENDED
        return (b"\r\n" if self._started else b"") + self._delimiter + b"--\r\n"

    def _expect(self, place: Place, call: str) -> None:
        if self._place is not place:
            raise UsageError(
                f"{call} {self._place.value}: "
                "the order is begin_part, data ..., end_part for each part, then end"
            )


@final
class MultipartBody:
    """A multipart body as an iterable of bytes.

    Add parts, send ``content_type`` and, if ``size`` is not None, that as Content-Length, then the
    chunks that iterating gives. A body that holds files or iterables can be iterated once.
    """

    __slots__ = ("_encoder", "_parts", "_size", "_spent")

    def __init__(self, subtype: str = "form-data", *, boundary: str | bytes | None = None) -> None:
        self._encoder = MultipartEncoder(subtype, boundary=boundary)
        self._parts: list[tuple[bytes, bytes | Readable | Iterable[bytes]]] = []
        self._size: int | None = 0
        self._spent = False

    @property
    def boundary(self) -> bytes:
        """The boundary between the parts."""
        return self._encoder.boundary

    @property
    def content_type(self) -> str:
        """The value for the Content-Type header of the body."""
        return self._encoder.content_type

    @property
    def size(self) -> int | None:
        """The length of the body in bytes, None if a part has an unknown size."""
        if self._size is None:
            return None
        # A delimiter line is CRLF, two hyphens and the boundary. The first has no CRLF; the last
        # has two more hyphens and a CRLF at its end.
        last = len(self.boundary) + 6 + (2 if self._parts else 0)
        return self._size + last

    def add_field(self, name: str, value: str | bytes, *, content_type: str | None = None) -> None:
        """Add a form field. Text is sent as UTF-8. Raises ``UsageError``."""
        data = value.encode() if isinstance(value, str) else value
        self._add(self._encoder.begin_field(name, content_type=content_type), data, len(data))

    def add_file(
        self,
        name: str,
        content: bytes | Readable | Iterable[bytes],
        *,
        filename: str,
        content_type: str | None = None,
        size: int | None = None,
    ) -> None:
        """Add a file from bytes, an open binary file or an iterable of chunks.

        ``size`` is the number of bytes, if it is known; the content must then have that size.
        Raises ``UsageError``.
        """
        head = self._encoder.begin_field(name, filename=filename, content_type=content_type)
        self._add(head, content, len(content) if isinstance(content, bytes) else size)

    def add_part(
        self,
        content: bytes | Readable | Iterable[bytes],
        headers: Headers = (),
        *,
        size: int | None = None,
    ) -> None:
        """Add a part with headers of any kind (multipart/mixed, related ...)."""
        head = self._encoder.begin_part(headers)
        self._add(head, content, len(content) if isinstance(content, bytes) else size)

    def _add(
        self, head: bytes, content: bytes | Readable | Iterable[bytes], size: int | None
    ) -> None:
        if isinstance(content, bytes):
            self._encoder.data(content)
        self._encoder.end_part()
        self._parts.append((head, content))
        self._size = None if size is None or self._size is None else self._size + len(head) + size

    def __iter__(self) -> Iterator[bytes]:
        if self._spent:
            raise UsageError("the body was sent already and its files are read; make a new one")
        encoder = MultipartEncoder(self._encoder.subtype, boundary=self.boundary)
        for head, content in self._parts:
            encoder.begin_part()
            yield head
            if isinstance(content, bytes):
                yield content
            else:
                self._spent = True
                for chunk in _pieces(content):
                    yield encoder.data(chunk)
            encoder.end_part()
        yield encoder.end()


def _pieces(content: Readable | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(content, Iterable) and not hasattr(content, "read"):
        yield from content
    else:
        read = content.read
        while chunk := read(_CHUNK):
            yield chunk


def _header_line(name: str, value: str) -> bytes:
    if _TOKEN.fullmatch(name) is None:
        raise UsageError(f"header name {name!r} is not a token")
    if _CONTROL.search(value) is not None:
        raise UsageError(f"header {name} has a control character: {value!r}")
    return f"{name}: {value}".encode()
