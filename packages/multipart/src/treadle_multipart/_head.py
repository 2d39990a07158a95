"""The header block of one part: bytes in, a ``PartBegin`` out.

``_parser`` passes the bytes between the delimiter line and the blank line. ``HeadReader`` refuses
headers that two readers could understand differently: names that are not tokens, control characters
in values, blanks before the colon, bytes outside the charset. It accepts folded lines, LF line
ends and undecodable bytes if they are among its leniencies, and notes them in ``tolerated``.
"""

import re
from typing import final

from ._disposition import read_disposition
from ._errors import Leniency, MalformedError, TooManyHeadersError
from ._events import Headers, PartBegin

__all__ = ["HeadReader"]

# RFC 9110 section 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# RFC 9110 section 5.5: "Field values containing CR, LF, or NUL characters are invalid and
# dangerous"; HTAB is the only control character that is allowed.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
# The whole block as browsers, curl and most libraries write it. Only a fast path: the rest of this
# module returns the same for such blocks, but takes three times as long (1 us of 3 for a small
# field, tools/bench/bench_multipart.py). Backslashes and percent signs may be escapes.
_TEXT = r'"([^"\\%\x00-\x1f\x7f]*+)"'
_USUAL = re.compile(
    f"Content-Disposition: (form-data; name={_TEXT}(?:; filename={_TEXT})?)"
    r"(?:\r\nContent-Type: ([^\s\x00-\x1f\x7f]++))?"
)
_LINE_END = re.compile(r"\r?\n")
_BLANK_LINE = re.compile(rb"\n\r?\n")
# RFC 9112 section 5.2: "replace each received obs-fold with one or more SP octets".
_FOLD = re.compile(r"\r\n[ \t]+")
_LF_FOLD = re.compile(r"\r?\n[ \t]+")


@final
class HeadReader:
    """Reads the header blocks of one body; holds the settings that they share."""

    __slots__ = ("_accept", "_charset", "_max_headers", "_strict", "_tolerated")

    def __init__(
        self,
        charset: str,
        max_headers: int,
        accept: frozenset[Leniency],
        tolerated: set[Leniency],
    ) -> None:
        self._charset = charset
        self._max_headers = max_headers
        self._accept = accept
        #: True if lines end with CRLF alone.
        self._strict = "lf-line-ends" not in accept
        self._tolerated = tolerated

    def find_end(self, buf: bytes | bytearray, pos: int) -> tuple[int, int]:
        """Return the end of the last header line and the start of the body; (-1, -1) if not there.

        ``pos`` is the line end of the delimiter line, or behind it.
        """
        if self._strict:
            end = buf.find(b"\r\n\r\n", pos)
            return end, end + 4
        match = _BLANK_LINE.search(buf, pos)
        if match is None:
            return -1, -1
        end = match.start()
        return (end - 1 if end > 0 and buf[end - 1] == 0x0D else end), match.end()

    def read(self, block: bytes, offset: int) -> PartBegin:
        """Return the part that ``block``, without its last line end, describes.

        ``offset`` is the position of the block in the body, for errors. Raises ``MalformedError``
        and ``TooManyHeadersError``.
        """
        if not block:
            return PartBegin(())
        text = self._decoded(block, offset)
        usual = _USUAL.fullmatch(text)
        if usual is not None and self._max_headers >= 2:
            disposition, name, filename, content_type = usual.groups()
            headers: Headers = (("Content-Disposition", disposition),)
            if content_type is not None:
                headers = (*headers, ("Content-Type", content_type))
            return PartBegin(headers, "form-data", name, filename)
        return self._read_lines(self._lines(text, offset), offset)

    def _read_lines(self, lines: list[str], offset: int) -> PartBegin:
        headers: list[tuple[str, str]] = []
        disposition: str | None = None
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or _TOKEN.fullmatch(name) is None:
                raise MalformedError(
                    f"{line[:100]!a} at offset {offset} is not a header line: "
                    "expected `Name: value`, the name a token",
                    offset=offset,
                    leniency="lf-line-ends" if "\n" in line and "\r" not in line else None,
                )
            if _CONTROL.search(value) is not None:
                raise MalformedError(
                    f"header {name} of the part at offset {offset} has a control character: "
                    f"{value[:100]!a}",
                    offset=offset,
                    leniency="lf-line-ends" if "\n" in value and "\r" not in value else None,
                )
            value = value.strip(" \t")
            headers.append((name, value))
            if name.lower() == "content-disposition":
                if disposition is None:
                    disposition = value
                else:
                    self._tolerate(
                        "repeated-disposition", "Content-Disposition is repeated", offset
                    )
        return self._part(tuple(headers), disposition, offset)

    def _part(self, headers: Headers, disposition: str | None, offset: int) -> PartBegin:
        if disposition is None:
            return PartBegin(headers)
        try:
            kind, name, filename = read_disposition(disposition, self._accept, self._tolerated)
        except MalformedError as exc:
            exc.offset = offset
            raise
        return PartBegin(headers, kind, name, filename)

    def _decoded(self, block: bytes, offset: int) -> str:
        try:
            return block.decode(self._charset)
        except UnicodeDecodeError:
            self._tolerate("undecodable-header", f"header bytes are not {self._charset}", offset)
            return block.decode(self._charset, "replace")

    def _lines(self, text: str, offset: int) -> list[str]:
        if "\n " in text or "\n\t" in text:
            self._tolerate("folded-header", "a header line starts with a blank", offset)
            text = (_FOLD if self._strict else _LF_FOLD).sub(" ", text)
        lines = text.split("\r\n") if self._strict else _LINE_END.split(text)
        if len(lines) > self._max_headers:
            raise TooManyHeadersError(self._max_headers, offset=offset)
        return lines

    def _tolerate(self, what: Leniency, sentence: str, offset: int) -> None:
        if what not in self._accept:
            raise MalformedError(
                f"{sentence} in the part at offset {offset}", offset=offset, leniency=what
            )
        self._tolerated.add(what)
