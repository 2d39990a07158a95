"""The push parser: bytes of a multipart body in, events out (RFC 2046 section 5.1, RFC 7578).

Strategy. A body is preamble, parts and epilogue, cut by delimiter lines. In the preamble and in the
data of parts, each chunk is searched once with ``bytes.find`` for the needle: CRLF, two hyphens and
the boundary. The bytes before it are returned as they are, without a copy if the whole chunk is
data of one part. CR occurs only at the start of the needle (no boundary contains one), so at most
one position at the end of a chunk can be the start of a delimiter; only those few bytes are kept
for the next chunk. Header blocks are collected up to ``max_header_size``. Nothing else is stored:
memory is one chunk, one delimiter line and one header block, for any input.

The parser does no I/O, decodes no data (``PartDecoder`` does) and keeps no parts (``FormParser``
does).
"""

from collections.abc import Iterable
from typing import final

from ._bytes import as_bytes
from ._charset import text_codec
from ._delimiter import CLOSE, DATA, DELIMITER_GOES_ON, PART, UNDECIDED, Delimiter
from ._errors import (
    HeaderTooLargeError,
    Leniency,
    MalformedError,
    MultipartError,
    NestedTooDeepError,
    PartTooLargeError,
    TotalTooLargeError,
    UsageError,
    leniencies,
)
from ._events import End, Event, PartBegin, PartData, PartEnd
from ._head import HeadReader
from ._limits import MultipartLimits, bound
from ._options import boundary_of, check_boundary
from ._state import State
from ._tally import Tally

__all__ = ["MultipartParser"]

# Globals: reading a member of an enum takes longer, before Python 3.12 much longer.
_PREAMBLE, _HEAD, _BODY = State.PREAMBLE, State.HEAD, State.BODY
_EPILOGUE, _CLOSED, _FAILED = State.EPILOGUE, State.CLOSED, State.FAILED

_PART_END = PartEnd()
_END = End()


@final
class MultipartParser:
    """Parse one multipart body, fed in chunks of any size.

    Events come in this order: any number of times one ``PartBegin``, zero or more ``PartData`` and
    one ``PartEnd``, then exactly one ``End``.

    Call ``receive_data`` with each chunk as it arrives, and ``receive_eof`` when the input has
    ended: only then is it known if the body was complete. After an error the parser cannot be used.

    ``boundary`` is the parameter of the Content-Type (see ``boundary_of``). With ``strict=False``
    the deviations listed in ``Leniency`` pass, otherwise those in ``accept``, of which
    ``COMMON_LENIENCIES`` is a choice; ``tolerated`` tells which of them were met. Headers
    are decoded with ``header_charset``.

    Raises ``MalformedError`` for a bad boundary, ``UnsupportedError`` for a bad ``header_charset``.
    """

    __slots__ = (
        "_accept",
        "_base",
        "_delimiter",
        "_head",
        "_head_reader",
        "_header_charset",
        "_level",
        "_limits",
        "_lookback",
        "_max_header_size",
        "_max_part_size",
        "_max_total",
        "_name",
        "_needle",
        "_part_size",
        "_received",
        "_state",
        "_strict",
        "_tail",
        "_tally",
        "_tolerated",
    )

    def __init__(
        self,
        boundary: bytes | str,
        limits: MultipartLimits = MultipartLimits(),  # noqa: B008  # frozen, safe to share
        *,
        strict: bool = True,
        accept: Iterable[Leniency] = (),
        header_charset: str = "utf-8",
    ) -> None:
        # Settings
        self._header_charset = text_codec(header_charset)
        self._limits = limits
        self._level = 1
        self._accept = leniencies(strict, accept)
        # Of the grammar of lines, on which the parsers of the next chunk and of heads depend.
        self._strict = "lf-line-ends" not in self._accept
        self._max_total = bound(limits.max_total)
        self._max_part_size = bound(limits.max_part_size)
        self._max_header_size = bound(limits.max_header_size)
        # Position
        self._state = State.PREAMBLE
        # The first delimiter needs no line end before it: start as if there had been one.
        self._tail = b"\r\n"
        # The number of bytes before the data that may be the line end of a delimiter: those of
        # ``_tail`` here, those of the blank line behind a header block.
        self._lookback = 2
        self._head: bytearray | None = None
        self._base = 0  # offset in the body of the first byte of the buffer being parsed
        self._received = 0
        # Current part
        self._name: str | None = None
        self._part_size = 0
        # Counts
        self._tally = Tally(limits)
        self._tolerated: set[Leniency] = set()
        # Grammar
        self._delimiter = Delimiter(check_boundary(boundary), self._strict, self._tolerated)
        self._needle = self._delimiter.needle
        self._head_reader = HeadReader(
            self._header_charset, bound(limits.max_part_headers), self._accept, self._tolerated
        )

    @property
    def tolerated(self) -> frozenset[Leniency]:
        """The deviations met so far; empty if none are accepted."""
        return frozenset(self._tolerated)

    @property
    def part_ending(self) -> bool:
        """True in the data of a part if a delimiter has begun, and its line end will tell.

        The data before it was returned, but not yet the ``PartEnd``.
        """
        return self._state is _BODY and self._delimiter.cut_off(self._tail)

    def nested(self, part: PartBegin) -> "MultipartParser":
        """Return a parser for ``part``, which is itself multipart: feed it the part's data.

        It is one level deeper (``max_depth``) and counts its parts together with this one. Raises
        ``MalformedError`` if the part is not multipart, ``NestedTooDeepError`` beyond the limit.
        """
        limits = self._limits
        depth = limits.max_depth
        if depth is not None and self._level >= depth:
            raise NestedTooDeepError(depth, field=part.name)
        inner = MultipartParser(
            boundary_of(part.header("content-type") or "text/plain"),
            limits,
            accept=self._accept,
            header_charset=self._header_charset,
        )
        inner._level = self._level + 1
        inner._tally = self._tally
        return inner

    # -- Input ------------------------------------------------------------------------------------

    def receive_data(self, data: bytes) -> list[Event]:
        """Take the next bytes of the body and return the events that they complete.

        Raises a subclass of ``MultipartError``; events of the same chunk before the error are
        dropped. Raises ``UsageError`` after an error or after ``receive_eof``.
        """
        found = -2
        if self._state is _BODY and self._strict and type(data) is bytes:
            # A chunk from the middle of an upload is all data. Nearly every chunk of a large body
            # is; this path adds little to the search itself (``random`` and ``crlf`` in
            # tools/bench/bench_multipart.py). The general path below returns the same events.
            if self._tail:
                inside = self._continue_data(data)
                if inside is not None:
                    return inside
            else:
                needle = self._needle
                found = data.find(needle)
                if found < 0:
                    end = size = len(data)
                    edge = data.rfind(b"\r", -len(needle))
                    if edge >= 0 and needle.startswith(data[edge:]):
                        end = edge
                    received = self._received + size
                    part_size = self._part_size + end
                    if end and received <= self._max_total and part_size <= self._max_part_size:
                        self._received = received
                        self._part_size = part_size
                        if end == size:
                            return [PartData(data)]
                        self._tail = data[end:]
                        return [PartData(data[:end])]
        return self._receive(data, found)

    def receive_eof(self) -> list[Event]:
        """Return the last events: the input has ended.

        Raises ``MalformedError`` if the body is not complete.
        """
        if self._state is _CLOSED or self._state is _FAILED:
            raise self._spent()
        events: list[Event] = []
        state = self._state
        self._state = _CLOSED
        if state is not _EPILOGUE:
            try:
                self._finish(state, events)
            except MultipartError:
                self._state = _FAILED
                raise
        return events

    def _spent(self) -> UsageError:
        after = "an error" if self._state is _FAILED else "receive_eof()"
        return UsageError(f"the parser cannot be used after {after}; make a new one for each body")

    def _receive(self, data: bytes, found: int) -> list[Event]:
        """Take the next bytes in any state; ``found`` is the first needle in them, if known."""
        if self._state is _CLOSED or self._state is _FAILED:
            raise self._spent()
        if type(data) is not bytes:
            data = as_bytes(data, "receive_data()")
        base = self._received
        self._received = base + len(data)
        events: list[Event] = []
        try:
            if self._received > self._max_total:
                raise TotalTooLargeError(self._max_total, field=self._name, offset=self._max_total)
            if self._head is not None:
                self._continue_head(data, base, events)
            elif self._state is not _EPILOGUE:
                self._base = base
                if self._tail:
                    data = self._join(data, events)
                line_end = self._read_body(data, self._lookback, events, found)
                if line_end >= 0:
                    self._read_parts(data, line_end, events)
        except MultipartError:
            self._state = _FAILED
            raise
        return events

    def _continue_data(self, data: bytes) -> list[Event] | None:
        """Return the events of a chunk that is all data, and that of the kept end before it.

        None if it may not be: then nothing has changed.
        """
        needle = self._needle
        tail = self._tail
        # A needle has one CR, so one that begins in the tail begins at its first byte.
        rest = needle[len(tail) :]
        end = size = len(data)
        if not rest or size < len(needle) or data.startswith(rest) or needle in data:
            return None
        edge = data.rfind(b"\r", -len(needle))
        if edge >= 0 and needle.startswith(data[edge:]):
            end = edge
        before = tail[self._lookback :]
        received = self._received + size
        part_size = self._part_size + len(before) + end
        if received > self._max_total or part_size > self._max_part_size:
            return None
        self._received = received
        self._part_size = part_size
        self._tail = data[end:]
        self._lookback = 0
        events: list[Event] = [PartData(before)] if before else []
        # ``end`` is not 0: the chunk is longer than any start of a needle.
        events.append(PartData(data[:end]))
        return events

    # -- Reading ----------------------------------------------------------------------------------

    def _read_parts(self, buf: bytes, pos: int, events: list[Event]) -> None:
        """Alternate between heads and bodies until the buffer is used up."""
        while pos >= 0:
            pos = self._read_head(buf, pos, events)
            if pos >= 0:
                pos = self._read_body(buf, pos, events)

    def _join(self, data: bytes, events: list[Event]) -> bytes:
        """Return ``data`` behind the kept end of the last chunk, if that may be a delimiter.

        Most often it is not: then it becomes an event of its own, and ``data`` is not copied.
        """
        tail = self._tail
        needle = self._needle
        self._tail = b""
        if len(data) < len(needle) or needle in tail + data[: len(needle)]:
            self._base -= len(tail)
            return tail + data
        if self._state is _BODY and len(tail) > self._lookback:
            self._emit(tail[self._lookback :], events)
        self._lookback = 0
        return data

    def _read_body(self, buf: bytes, start: int, events: list[Event], found: int = -2) -> int:
        """Read data from ``start`` up to the next delimiter line; return the line end's position.

        -1 means that no part follows, or that the buffer ends first. ``found`` is the position of
        the first needle in ``buf`` if the caller knows it: -1 for none, -2 for unknown.
        """
        delimiter = self._delimiter
        needle = self._needle
        search = start - self._lookback
        while True:
            index = buf.find(needle, search) if found == -2 else found
            if index < 0:
                end = delimiter.edge(buf, search)
                break
            found = -2
            search = index + len(needle)
            if buf.startswith(b"\r\n", search):  # as it nearly always is
                kind, line_end = PART, search
            elif search < len(buf) and buf[search] not in DELIMITER_GOES_ON:
                continue  # data, as ``classify`` would say
            else:
                kind, line_end = delimiter.classify(buf, search, self._base)
            if kind is DATA:
                continue
            end = index if self._strict else delimiter.line_start(buf, index)
            if kind is UNDECIDED:
                break
            if self._state is _BODY:
                if end > start:
                    self._part_size += end - start
                    if self._part_size > self._max_part_size:
                        raise PartTooLargeError(self._max_part_size, field=self._name)
                    events.append(PartData(buf[start:end]))
                events.append(_PART_END)
            if kind is CLOSE:
                events.append(_END)
                self._state = _EPILOGUE
                return -1
            self._state = _HEAD
            self._name = None
            return line_end
        # The buffer ends first. Slicing all of a bytes object gives the object itself.
        if end > start and self._state is _BODY:
            self._emit(buf[start:end], events)
        # Bytes before ``start`` are kept only as the start of a delimiter.
        self._tail = buf[end:]
        self._lookback = start - end if start > end else 0
        return -1

    def _emit(self, data: bytes, events: list[Event]) -> None:
        self._part_size += len(data)
        if self._part_size > self._max_part_size:
            raise PartTooLargeError(self._max_part_size, field=self._name)
        events.append(PartData(data))

    # -- Header blocks ----------------------------------------------------------------------------

    def _read_head(self, buf: bytes, pos: int, events: list[Event], seen: int = 0) -> int:
        """Read the header block behind the delimiter line that ends at ``pos``.

        Return the start of the data, -1 if the buffer ends first. ``buf`` has no blank line before
        ``seen``.
        """
        # The line end of the delimiter may be the first half of the blank line: a part without
        # headers.
        if self._strict:
            end = buf.find(b"\r\n\r\n", seen or pos)
            body = end + 4
        else:
            end, body = self._head_reader.find_end(buf, seen or pos)
        if end < 0:
            self._head = bytearray(buf[pos:])
            self._base += pos
            self._check_head_size(len(self._head))
            return -1
        start = pos + (2 if buf[pos] == 0x0D else 1)
        if end - start > self._max_header_size:
            raise HeaderTooLargeError(self._max_header_size, offset=self._base + start)
        part = self._head_reader.read(buf[start:end], self._base + start)
        self._tally.count(part)
        self._name = part.name
        self._part_size = 0
        self._state = _BODY
        # RFC 2046 allows a part without data: the blank line then starts the next delimiter.
        self._lookback = 2 if buf[body - 2] == 0x0D else 1
        events.append(part)
        return body

    def _continue_head(self, data: bytes, base: int, events: list[Event]) -> None:
        """Read on in a header block that an earlier chunk has begun."""
        head = self._head
        assert head is not None  # the only caller has checked
        # Up to three bytes of the blank line may have come before.
        seen = max(0, len(head) - 3)
        head += data
        if self._head_reader.find_end(head, seen)[0] < 0:
            self._check_head_size(len(head))
            return
        self._head = None
        self._base = base + len(data) - len(head)
        buf = bytes(head)
        body = self._read_head(buf, 0, events, seen)
        self._read_parts(buf, self._read_body(buf, body, events), events)

    def _check_head_size(self, size: int) -> None:
        # Not counted: the line end before the block, and up to three bytes of the blank line.
        if size - 5 > self._max_header_size:
            raise HeaderTooLargeError(self._max_header_size, offset=self._base)

    # -- The end ----------------------------------------------------------------------------------

    def _finish(self, state: State, events: list[Event]) -> None:
        tail = self._tail
        if state is not _HEAD and self._delimiter.closes(tail):
            # RFC 2046 requires no line end behind the close delimiter.
            if state is _BODY:
                events.append(_PART_END)
            events.append(_END)
            return
        offset = self._received
        if state is _PREAMBLE:
            boundary = self._delimiter.boundary.decode("ascii")
            raise MalformedError(
                f"no line --{boundary} in all {offset} bytes of the body", offset=offset
            )
        if state is _HEAD or "missing-final-boundary" not in self._accept:
            raise MalformedError(
                f"the body ends at offset {offset} inside the "
                f"{'headers' if state is _HEAD else 'data'} of a part, before the final boundary",
                field=self._name,
                offset=offset,
                leniency="missing-final-boundary" if state is _BODY else None,
            )
        self._tolerated.add("missing-final-boundary")
        if len(tail) > self._lookback and not self._delimiter.cut_off(tail):
            self._emit(tail[self._lookback :], events)
        events += [_PART_END, _END]
