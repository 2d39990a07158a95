"""``MultipartWriter``: write multipart bodies, with the methods of aiohttp's class.

It is a payload made of payloads. The lines between the parts come from the encoder of
``treadle_multipart``, which refuses data that would break out of a header or a part. Parts with a
coding are encoded piece by piece on their way to the sink.
"""

import binascii
import contextlib
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from types import TracebackType
from typing import Any, Final, NamedTuple, Protocol, Self, TypeVar, final
from urllib.parse import urlencode

from multidict import CIMultiDict

from treadle_multipart import (
    MultipartEncoder,
    content_disposition_filename,
    parse_content_disposition,
    quote_name,
)
from treadle_responses import (
    JsonPayload,
    Payload,
    PayloadLookupError,
    StringPayload,
    get_payload,
)

from .payload import Sink

__all__ = ["MultipartWriter"]

_T = TypeVar("_T")

#: Fields for the coding of a part, which parts of a form must not have (RFC 7578 section 4.7).
_CODINGS: Final = ("Content-Encoding", "Content-Length", "Content-Transfer-Encoding")
#: Bytes that make a line of base64 (RFC 2045 section 6.8: 76 characters at most).
_LINE: Final = 57


class Stage(Protocol):
    """A coding: bytes in, encoded bytes out."""

    def encode(self, data: bytes) -> bytes:
        """Return the encoded bytes that ``data`` completes."""

    def finish(self) -> bytes:
        """Return the rest."""


class Part(NamedTuple):
    """A part and its codings; ``""`` means that it has none."""

    payload: Payload
    encoding: str
    transfer: str


class MultipartWriter(Payload):
    """A multipart body to append parts to; ``Response(body=writer)`` sends it.

    Raises ``ValueError`` for a subtype that is not a token and for a boundary with characters that
    are not safe in a line; the boundary is random unless given. Each part is read when it is
    written, so a writer that contains iterables or received parts can be written only once.
    """

    def __init__(self, subtype: str = "mixed", boundary: str | None = None) -> None:
        encoder = MultipartEncoder(subtype, boundary=boundary)
        self._subtype: Final = subtype
        self._boundary: Final = encoder.boundary
        self._is_form_data: Final = subtype == "form-data"
        self._parts: Final[list[Part]] = []
        super().__init__(None, content_type=encoder.content_type)

    @property
    def boundary(self) -> str:
        """The boundary, without hyphens."""
        return self._boundary.decode("ascii")

    # Parts.

    def append(self, obj: object, headers: Mapping[str, str] | None = None) -> Payload:
        """Append any object that has a registered payload class, and return its payload.

        A Content-Disposition of ``headers`` stays as it is, in a form too. Raises ``TypeError`` for
        an unregistered type, and the errors of ``append_payload``.
        """
        given = CIMultiDict(headers or {})
        if isinstance(obj, Payload):
            payload = obj
            payload.headers.update(given)
        else:
            try:
                payload = get_payload(obj, headers=given)
            except PayloadLookupError as error:
                raise TypeError(str(error)) from error
        return self._append(payload, disposed="Content-Disposition" in given)

    def append_json(self, obj: object, headers: Mapping[str, str] | None = None) -> Payload:
        """Append a value as JSON, with the Content-Type of ``headers`` if they have one."""
        return self.append_payload(JsonPayload(obj, headers=CIMultiDict(headers or {})))

    def append_form(
        self,
        obj: Mapping[str, Any] | Sequence[tuple[str, Any]],
        headers: Mapping[str, str] | None = None,
    ) -> Payload:
        """Append pairs as ``application/x-www-form-urlencoded``, or as ``headers`` say."""
        pairs = list(obj.items()) if isinstance(obj, Mapping) else obj
        return self.append_payload(
            StringPayload(
                urlencode(pairs, doseq=True),
                headers=CIMultiDict(headers or {}),
                content_type="application/x-www-form-urlencoded",
            )
        )

    def append_payload(self, payload: Payload) -> Payload:
        """Append a payload unchanged, and return it.

        A part of a form without a name gets the name ``section-N``. Its Content-Disposition becomes
        ``form-data``, which RFC 7578 section 4.2 demands: payloads of files and of received parts
        say ``attachment``. Raises ``ValueError`` for a coding in a form, ``RuntimeError`` for an
        unknown coding.
        """
        return self._append(payload, disposed=False)

    def _append(self, payload: Payload, *, disposed: bool) -> Payload:
        """Append a payload; with ``disposed``, its Content-Disposition is the caller's."""
        headers = payload.headers
        if self._is_form_data:
            for field in _CODINGS:
                if field in headers:
                    raise ValueError(f"A part of a form has no {field} (RFC 7578 section 4.7)")
            if not disposed:
                _become_form_data(headers, f"section-{len(self._parts)}")
            self._parts.append(Part(payload, "", ""))
            return payload
        encoding = _coding(headers, "Content-Encoding", ("deflate", "gzip"), ("identity",))
        transfer = _coding(
            headers,
            "Content-Transfer-Encoding",
            ("base64", "quoted-printable"),
            ("binary", "8bit", "7bit"),
        )
        if payload.size is not None and not encoding and not transfer:
            headers["Content-Length"] = str(payload.size)
        self._parts.append(Part(payload, encoding, transfer))
        return payload

    def __iter__(self) -> Iterator[tuple[Payload, str, str]]:
        """Iterate over payload, Content-Encoding and Content-Transfer-Encoding of the parts."""
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Do nothing: the server closes the parts when it has written the body."""

    # The payload.

    @property
    def size(self) -> int | None:
        """The number of bytes of the body; None if a part is encoded or has an unknown size.

        Raises ``ValueError`` for control characters in the headers of a part.
        """
        total: int | None = len(self._boundary) + 6
        for part in self._parts:
            head = len(self._encoder().begin_part(part.payload.headers.items()))
            size = None if part.encoding or part.transfer else part.payload.size
            total = None if total is None or size is None else total + head + size + 2
        return total

    @property
    def consumed(self) -> bool:
        """True if a part was written that cannot be written again."""
        return any(part.payload.consumed for part in self._parts)

    @property
    def autoclose(self) -> bool:
        """True if no part has to be closed."""
        return all(part.payload.autoclose for part in self._parts)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text, without the codings of parts; ``TypeError`` for streams."""
        text = ""
        for part in self._parts:
            head = self._encoder().begin_part(part.payload.headers.items())
            text += f"{head.decode(encoding, errors)}{part.payload.decode(encoding, errors)}\r\n"
        return f"{text}--{self.boundary}--\r\n"

    async def as_bytes(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:  # noqa: ARG002
        """Return the body as ``write`` writes it."""
        sink = _Collected()
        await self.write(sink)
        return b"".join(sink.pieces)

    async def write(self, writer: Sink, close_boundary: bool = True) -> None:
        """Write all parts and, with ``close_boundary``, the line that ends the body.

        Raises ``ValueError`` for headers with control characters and data that contains the
        boundary.
        """
        for part in self._parts:
            encoder = self._encoder()
            await writer.write(encoder.begin_part(part.payload.headers.items()))
            stages = _stages(part)
            sink = _PartSink(writer, encoder, stages)
            # A file may have grown since its size was announced.
            size = None if stages else part.payload.size
            await part.payload.write_with_length(sink, size)
            await sink.finish()
            await writer.write(b"\r\n")
        if close_boundary:
            await writer.write(self._encoder().end())

    async def write_with_length(self, writer: Sink, content_length: int | None) -> None:
        """Write the body, but at most ``content_length`` bytes of it."""
        if content_length is None or content_length == self.size:
            await self.write(writer)
        else:
            await super().write_with_length(writer, content_length)

    def _encoder(self) -> MultipartEncoder:
        # One for each part: a line end follows every part, the last one too.
        return MultipartEncoder(self._subtype, boundary=self._boundary)

    async def close(self) -> None:
        """Close the parts, all of them even if closing one raises; then raise that error."""
        async with contextlib.AsyncExitStack() as stack:
            for part in reversed(self._parts):
                stack.push_async_callback(part.payload.close)

    def close_now(self) -> None:
        """Close the parts as ``close`` does."""
        with contextlib.ExitStack() as stack:
            for part in reversed(self._parts):
                stack.callback(part.payload.close_now)


def _become_form_data(headers: CIMultiDict[str], default_name: str) -> None:
    disposition = headers.get("Content-Disposition")
    kind, params = parse_content_disposition(disposition)
    if kind == "form-data" or (disposition and kind is None):
        return
    name = content_disposition_filename(params, "name")
    value = f"form-data; name={quote_name(default_name if name is None else name)}"
    filename = content_disposition_filename(params)
    if filename is not None:
        value += f"; filename={quote_name(filename)}"
    headers["Content-Disposition"] = value


def _coding(
    headers: CIMultiDict[str], field: str, known: tuple[str, ...], none: tuple[str, ...]
) -> str:
    coding = headers.get(field, "").lower()
    if not coding or coding in none:
        return ""
    if coding not in known:
        name = field.lower().replace("-", " ")
        raise RuntimeError(f"unknown {name} {coding!r}: use one of {(*known, *none)}")
    return coding


def _stages(part: Part) -> list[Stage]:
    stages: list[Stage] = []
    if part.encoding:
        stages.append(_Deflate(part.encoding))
    if part.transfer == "base64":
        stages.append(_Base64())
    elif part.transfer:
        stages.append(_QuotedPrintable())
    return stages


@final
class _Collected:
    """A sink that collects the pieces."""

    def __init__(self) -> None:
        self.pieces: Final[list[bytes]] = []

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))


@final
class _PartSink:
    """Encodes the data of one part on its way to the sink of the body."""

    __slots__ = ("_encoder", "_sink", "_stages")

    def __init__(self, sink: Sink, encoder: MultipartEncoder, stages: list[Stage]) -> None:
        self._sink: Final = sink
        self._encoder: Final = encoder
        self._stages: Final = stages

    async def write(self, data: bytes | bytearray | memoryview) -> None:
        """Encode and write a piece."""
        await self._pass_on(bytes(data), 0)

    async def finish(self) -> None:
        """Write the bytes that the codings have kept."""
        for index, stage in enumerate(self._stages):
            await self._pass_on(stage.finish(), index + 1)

    async def _pass_on(self, data: bytes, first: int) -> None:
        for stage in self._stages[first:]:
            data = stage.encode(data)
        if data:
            await self._sink.write(self._encoder.data(data))

    async def run_blocking(self, call: Callable[[], _T], executor: Executor | None = None) -> _T:
        """Return ``call()``, run by the sink's ``run_blocking`` if it has that method."""
        run: Callable[..., Awaitable[_T]] | None = getattr(self._sink, "run_blocking", None)
        return call() if run is None else await run(call, executor)


@final
class _Deflate:
    """gzip, or deflate with the zlib wrapper that RFC 9110 asks for."""

    def __init__(self, coding: str) -> None:
        wbits = zlib.MAX_WBITS + (16 if coding == "gzip" else 0)
        self._compressor = zlib.compressobj(wbits=wbits)

    def encode(self, data: bytes) -> bytes:
        return self._compressor.compress(data)

    def finish(self) -> bytes:
        return self._compressor.flush()


@final
class _Base64:
    """Lines of 76 characters."""

    def __init__(self) -> None:
        self._rest = b""

    def encode(self, data: bytes) -> bytes:
        data = self._rest + data
        end = len(data) - len(data) % _LINE
        self._rest = data[end:]
        return b"".join(_base64_line(data[at : at + _LINE]) for at in range(0, end, _LINE))

    def finish(self) -> bytes:
        return _base64_line(self._rest) if self._rest else b""


def _base64_line(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False) + b"\r\n"


@final
class _QuotedPrintable:
    """Quoted-printable for binary data: line ends are escaped, so that every byte is kept."""

    def __init__(self) -> None:
        self._started = False

    def encode(self, data: bytes) -> bytes:
        if not data:
            return b""
        # A soft line break between pieces: no line is longer than the longest line of a piece.
        start = b"=\r\n" if self._started else b""
        self._started = True
        return start + binascii.b2a_qp(data, istext=False).replace(b"=\n", b"=\r\n")

    def finish(self) -> bytes:
        return b""
