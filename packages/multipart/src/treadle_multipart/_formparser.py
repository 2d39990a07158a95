"""Turn the bytes of a form, multipart or urlencoded, into a ``Form``, within all limits.

``FormParser`` is a push parser like those it uses. After an error it leaves no file behind. Its
only I/O is writing uploads: to a temporary file beyond the spool's threshold, and to the targets of
the caller. ``would_block`` tells an asynchronous caller beforehand if a chunk may touch the disk.
The adapters and servers call it.

A caller that feeds the parser in threads may be cancelled while a thread still works. ``close``
then returns at once, and that thread discards the form when it has done. Each side first says what
it does and then looks at the other, so that at least one of them discards; each file and target is
taken out of its collection before it is closed, so that no two close it.
"""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self, final

from ._charset import text_codec
from ._decode import PartDecoder
from ._errors import (
    Leniency,
    MalformedError,
    MemoryLimitError,
    UndecodableTextError,
    UnsupportedError,
    UsageError,
    leniencies,
)
from ._events import Event, PartBegin, PartData, PartEnd
from ._form import Form, FormFile, FormValue, StreamedPart, Target
from ._limits import MultipartLimits, bound
from ._options import boundary_of, parse_options_header
from ._parser import MultipartParser
from ._spool import Spool, SpoolPolicy
from ._targets import OwnedTargets, note, refuse_awaitable
from ._urlencoded import Pair, UrlencodedParser

__all__ = ["FormParser", "TargetFor"]

#: Returns where the data of a part goes; None to have the form keep it.
TargetFor = Callable[[PartBegin], Target | None]

_FORM_DATA = "multipart/form-data"
_URLENCODED = "application/x-www-form-urlencoded"


@final
class FormParser:
    """Parse one form body of either media type, fed in chunks of any size.

    Call ``receive_data`` with each chunk, then ``receive_eof`` once: it returns the ``Form``, which
    then owns the temporary files. Call ``close`` if you stop before that, or use the parser in
    ``with``; after an error it is closed.

    ``strict`` and ``accept`` are those of ``MultipartParser``.

    ``target_for`` is called at the start of each part. If it returns a target, the part's data is
    written there, and the form has a ``StreamedPart``. A target with ``abort`` (``UploadTarget``)
    is closed when the whole form was read, or aborted. Other targets are only written to.

    Raises ``UnsupportedError`` if ``content_type`` is not that of a form, ``MalformedError`` if it
    is malformed.
    """

    __slots__ = (
        "_accept",
        "_busy",
        "_charset",
        "_closed",
        "_decoder",
        "_held",
        "_limits",
        "_max_memory",
        "_memory",
        "_on_disk",
        "_pairs",
        "_parser",
        "_part",
        "_sink",
        "_spool",
        "_spools",
        "_target_for",
        "_targets",
        "_tolerated",
    )

    def __init__(
        self,
        content_type: str,
        *,
        limits: MultipartLimits = MultipartLimits(),  # noqa: B008  # frozen, safe to share
        strict: bool = True,
        accept: Iterable[Leniency] = (),
        spool: SpoolPolicy = SpoolPolicy(),  # noqa: B008  # frozen, safe to share
        target_for: TargetFor | None = None,
    ) -> None:
        self._limits = limits
        self._max_memory = bound(limits.max_memory)
        self._accept = leniencies(strict, accept)
        self._spool = spool
        self._target_for = target_for
        self._parser = _parser_for(content_type, limits, self._accept)
        self._tolerated: set[Leniency] = set()
        # Content so far
        self._pairs: list[tuple[str, FormValue]] = []
        self._spools: list[Spool] = []
        self._targets = OwnedTargets()
        self._memory = 0  # bytes of text
        self._held = 0  # bytes of files that are in memory
        self._on_disk = False  # True if any file is not in memory
        self._charset = "utf-8"  # until a ``_charset_`` field says otherwise
        # Progress
        self._busy = False  # True while a call takes input, perhaps in another thread
        self._closed = False
        # The current part
        self._part: PartBegin | None = None
        self._decoder = PartDecoder()
        self._sink: _Text | _Stream | Spool = _Text()

    @property
    def tolerated(self) -> frozenset[Leniency]:
        """The deviations met so far; empty if none are accepted."""
        return self._parser.tolerated | self._tolerated

    def would_block(self, size: int) -> bool:
        """Return True if a chunk of ``size`` bytes may be written to disk or to a target.

        Also return True while a finished file is on disk: an error in the chunk would remove it,
        which takes long if it is large. ``receive_eof`` and ``close`` end files and targets too:
        ask for them with a size of 0.
        """
        sink = self._sink
        if self._on_disk or self._targets or isinstance(sink, _Stream):
            return True
        if not size:
            return False
        in_file = sink.size if isinstance(sink, Spool) else 0
        return (
            self._target_for is not None
            or in_file + size > self._spool.threshold
            or self._is_full(size)
        )

    def receive_data(self, data: bytes) -> None:
        """Take the next bytes.

        Raises a ``MultipartError``, ``OSError`` from the disk and the exceptions of targets; the
        form is then discarded, as ``close`` does.
        """
        self._receive(data, last=False)

    def receive_eof(self) -> Form:
        """Close the targets and return the form: the input has ended.

        Raises as ``receive_data`` does.
        """
        self._receive(b"", last=True)
        self._spools = []
        return Form(self._pairs)

    def close(self, error: BaseException | None = None) -> None:
        """Discard an unfinished form: abort its targets, remove its temporary files.

        All of them, even if some fail. ``error`` is the reason: failures become notes of it;
        without one, the first failure is raised. Does nothing after ``receive_eof``, and nothing
        the second time. While another thread is in ``receive_data``, the form is discarded there.
        """
        self._closed = True
        if self._busy:
            return
        failures = self._discard()
        if error is not None:
            note(error, failures)
        elif failures:
            first, *others = failures
            note(first, others)
            raise first

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(error)

    def _receive(self, data: bytes, *, last: bool) -> None:
        """Take the next bytes, or with ``last`` the end of the input."""
        self._busy = True
        try:
            self._check_open()
            parser = self._parser
            if isinstance(parser, MultipartParser):
                self._handle(parser.receive_eof() if last else parser.receive_data(data))
            else:
                pairs = parser.receive_eof() if last else parser.receive_data(data)
                self._keep_pairs(pairs)
            if last:
                self._targets.close()
            self._busy = False
            self._check_open()  # another thread may have closed it
        except BaseException as error:
            self._busy = False
            self.close(error)
            raise

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the form was closed or has failed; make a new parser for each body")

    def _discard(self) -> list[Exception]:
        failures = self._targets.abort()
        while self._spools:
            spool = self._spools.pop()
            try:
                spool.abort()
            except Exception as failure:  # noqa: BLE001  # the other files are removed all the same
                failures.append(failure)
        self._sink = _Text()
        self._on_disk = False
        return failures

    # -- Events -----------------------------------------------------------------------------------

    def _keep_pairs(self, pairs: list[Pair]) -> None:
        for name, value in pairs:
            self._reserve(len(name) + len(value), name)
            self._pairs.append((name, value))

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, PartData):
                if self._decoder.identity:
                    self._write(event.data)
                else:
                    for piece in self._decoder.decode(event.data):
                        self._write(piece)
            elif isinstance(event, PartBegin):
                self._begin(event)
            elif isinstance(event, PartEnd):
                for piece in self._decoder.finish():
                    self._write(piece)
                self._end()

    def _begin(self, part: PartBegin) -> None:
        name = part.name
        if part.disposition != "form-data" or name is None:
            raise MalformedError(
                "Multipart field missing name: RFC 7578 requires a header "
                'Content-Disposition: form-data; name="..."'
            )
        if not part.filename and (part.content_type or "").startswith("multipart/"):
            raise MalformedError(
                f"field {name[:40]!a} is itself multipart, which RFC 7578 forbids", field=name
            )
        self._part = part
        self._reserve(len(name), name)
        self._decoder = PartDecoder(
            part.header("content-transfer-encoding"),
            max_size=self._limits.max_part_size,
            field=name,
        )
        target = None if self._target_for is None else self._target_for(part)
        if target is not None:
            self._targets.add(target)
            self._sink = _Stream(target)
        elif part.filename:
            self._sink = Spool(self._spool)
            self._spools.append(self._sink)
        else:
            self._sink = _Text()

    def _write(self, data: bytes) -> None:
        sink = self._sink
        if isinstance(sink, _Text):
            self._reserve(len(data), self._name())
        elif isinstance(sink, Spool) and sink.in_memory:
            size = len(data)
            if sink.size + size > self._spool.threshold or self._is_full(size):
                self._roll(sink)
            else:
                self._held += size
        sink.write(data)

    def _end(self) -> None:
        part = self._part
        assert part is not None  # PartEnd comes behind PartBegin
        self._part = None
        name = part.name or ""
        sink = self._sink
        value: FormValue
        if isinstance(sink, _Stream):
            value = StreamedPart(
                name, part.filename, part.content_type, part.headers, sink.target, sink.size
            )
        elif isinstance(sink, Spool):
            sink.file.seek(0)
            content_type = part.content_type or "application/octet-stream"
            value = FormFile(name, part.filename or "", content_type, part.headers, sink)
        else:
            value = self._text_value(part, name, sink)
        self._sink = _Text()
        self._pairs.append((name, value))

    def _text_value(self, part: PartBegin, name: str, sink: "_Text") -> str | bytes:
        data = bytes(sink.data)
        kind = part.content_type
        if kind is not None and not kind.startswith("text/"):
            return data
        label = part.charset
        codec = self._charset if label is None else text_codec(label, field=name)
        try:
            text = data.decode(codec)
        except UnicodeDecodeError as exc:
            if "undecodable-text" not in self._accept:
                raise UndecodableTextError(
                    f"the text of field {name[:40]!a} is not {codec}: {exc.reason}",
                    exc,
                    field=name,
                ) from exc
            self._tolerated.add("undecodable-text")
            text = data.decode(codec, "replace")
        if name == "_charset_":
            # RFC 7578 section 4.6: it applies to the fields behind it.
            self._charset = text_codec(text, field=name)
        return text

    # -- Memory -----------------------------------------------------------------------------------

    def _reserve(self, size: int, name: str) -> None:
        """Count text against the memory limit. Files make room: they can go to disk."""
        self._memory += size
        if self._memory > self._max_memory:
            raise MemoryLimitError(self._max_memory, field=name)
        if self._memory + self._held > self._max_memory:
            for spool in self._spools:
                self._roll(spool)

    def _is_full(self, size: int) -> bool:
        """Return True if ``size`` more bytes of files do not fit into memory."""
        held = self._held + size
        return held > self._spool.memory or self._memory + held > self._max_memory

    def _roll(self, spool: Spool) -> None:
        if spool.in_memory:
            spool.roll()
            self._held -= spool.size
            self._on_disk = True

    def _name(self) -> str:
        return "" if self._part is None else self._part.name or ""


@final
class _Text:
    """Collects a field that the form keeps in memory."""

    __slots__ = ("data",)

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> None:
        self.data += data


@final
class _Stream:
    """Writes a part to the caller's target."""

    __slots__ = ("size", "target")

    def __init__(self, target: Target) -> None:
        self.target = target
        self.size = 0

    def write(self, data: bytes) -> None:
        refuse_awaitable(self.target, "write", self.target.write(data))
        self.size += len(data)


def _parser_for(
    content_type: str, limits: MultipartLimits, accept: frozenset[Leniency]
) -> MultipartParser | UrlencodedParser:
    kind, params = parse_options_header(content_type)
    if kind == _FORM_DATA:
        return MultipartParser(boundary_of(content_type), limits, accept=accept)
    if kind == _URLENCODED:
        strict = "undecodable-text" not in accept
        return UrlencodedParser(limits, charset=params.get("charset") or "utf-8", strict=strict)
    raise UnsupportedError(f"{kind[:100]} is not a form; expected {_FORM_DATA} or {_URLENCODED}")
