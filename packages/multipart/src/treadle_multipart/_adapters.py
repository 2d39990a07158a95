"""Drive the parsers from files, iterables, WSGI and ASGI.

Each adapter is a loop over chunks. If the loop fails, it discards the form: targets are aborted and
temporary files removed. The asynchronous ones await only their input and ``offload``, so that they
run under asyncio and trio.
"""

from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from typing import Protocol

from ._errors import Leniency, MalformedError, UsageError
from ._events import Event
from ._form import Form
from ._formparser import FormParser, TargetFor
from ._limits import MultipartLimits
from ._parser import MultipartParser
from ._spool import SpoolPolicy

__all__ = [
    "Offload",
    "Readable",
    "aiter_events",
    "iter_events",
    "parse_asgi_form",
    "parse_form",
    "parse_form_async",
    "parse_wsgi_form",
]

# Large enough to make the cost per chunk small, small enough for a thousand uploads at once.
_CHUNK = 64 * 1024


class Readable(Protocol):
    """A blocking binary file."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, ``b""`` at the end."""


class Offload(Protocol):
    """Runs a call in a thread: ``asyncio.to_thread``, ``trio.to_thread.run_sync`` ..."""

    def __call__(self, call: Callable[[bytes], None], data: bytes, /) -> Awaitable[None]:
        """Return when ``call(data)`` has returned, or raise its exception."""


# -- Events ---------------------------------------------------------------------------------------


def iter_events(
    parser: MultipartParser, body: bytes | Readable | Iterable[bytes]
) -> Iterator[Event]:
    """Iterate over the events of a whole body; chunks are read when their events are needed."""
    for chunk in _chunks(body):
        yield from parser.receive_data(chunk)
    yield from parser.receive_eof()


async def aiter_events(parser: MultipartParser, body: AsyncIterable[bytes]) -> AsyncIterator[Event]:
    """``iter_events`` for an asynchronous iterable of chunks."""
    async for chunk in body:
        for event in parser.receive_data(chunk):
            yield event
    for event in parser.receive_eof():
        yield event


# -- Forms ----------------------------------------------------------------------------------------


def parse_form(
    content_type: str,
    body: bytes | Readable | Iterable[bytes],
    *,
    limits: MultipartLimits = MultipartLimits(),  # noqa: B008  # frozen, safe to share
    strict: bool = True,
    accept: Iterable[Leniency] = (),
    spool: SpoolPolicy = SpoolPolicy(),  # noqa: B008  # frozen, safe to share
    target_for: TargetFor | None = None,
) -> Form:
    """Read a form from bytes, a blocking file or an iterable of chunks.

    ``content_type`` is the header of the request. The arguments and errors are those of
    ``FormParser``. Close the form to remove temporary files. Any exception, of the body or of
    ``target_for`` too, aborts the targets.
    """
    with FormParser(
        content_type,
        limits=limits,
        strict=strict,
        accept=accept,
        spool=spool,
        target_for=target_for,
    ) as parser:
        for chunk in _chunks(body):
            parser.receive_data(chunk)
        return parser.receive_eof()


async def parse_form_async(
    content_type: str,
    body: AsyncIterable[bytes],
    *,
    limits: MultipartLimits = MultipartLimits(),  # noqa: B008  # frozen, safe to share
    strict: bool = True,
    accept: Iterable[Leniency] = (),
    spool: SpoolPolicy = SpoolPolicy(),  # noqa: B008  # frozen, safe to share
    target_for: TargetFor | None = None,
    offload: Offload | None = None,
) -> Form:
    """``parse_form`` for an asynchronous iterable of chunks.

    Writing to disk blocks. Pass ``offload=asyncio.to_thread`` (or ``trio.to_thread.run_sync``) to
    handle the chunks that may be written to disk or to a target in a thread, and to close or abort
    targets there. A cancelled task aborts them too. ``asyncio.to_thread`` does not wait for its
    thread then: if that still writes a chunk, it aborts the targets when it has done.
    """
    with FormParser(
        content_type,
        limits=limits,
        strict=strict,
        accept=accept,
        spool=spool,
        target_for=target_for,
    ) as parser:
        if offload is not None:
            return await _parse_in_threads(parser, body, offload)
        async for chunk in body:
            parser.receive_data(chunk)
        return parser.receive_eof()


async def _parse_in_threads(
    parser: FormParser, body: AsyncIterable[bytes], offload: Offload
) -> Form:
    try:
        async for chunk in body:
            if parser.would_block(len(chunk)):
                await offload(parser.receive_data, chunk)
            else:
                parser.receive_data(chunk)
        if not parser.would_block(0):
            return parser.receive_eof()
        forms: list[Form] = []
        await offload(lambda _: forms.append(parser.receive_eof()), b"")
        return forms[0]
    except GeneratorExit:
        raise  # nothing can be awaited any more: the caller closes the parser
    except BaseException as reason:
        if parser.would_block(0):
            error = reason
            await offload(lambda _: parser.close(error), b"")
        raise


def parse_wsgi_form(
    environ: Mapping[str, object],
    *,
    limits: MultipartLimits = MultipartLimits(),  # noqa: B008  # frozen, safe to share
    strict: bool = True,
    accept: Iterable[Leniency] = (),
    spool: SpoolPolicy = SpoolPolicy(),  # noqa: B008  # frozen, safe to share
    target_for: TargetFor | None = None,
) -> Form:
    """Read the form of a WSGI request (PEP 3333), as ``parse_form`` does.

    Without a CONTENT_LENGTH the body is taken as empty, unless the server says that its input ends
    (``wsgi.input_terminated``): otherwise reading could block for ever. A client that leaves early
    is a ``MalformedError``.
    """
    stream = environ.get("wsgi.input")
    if stream is None or not hasattr(stream, "read"):
        raise UsageError("environ has no wsgi.input to read from; pass the environ of a request")
    length = str(environ.get("CONTENT_LENGTH") or "")
    if length and not (length.isascii() and length.isdigit() and len(length) <= 18):
        raise MalformedError(f"CONTENT_LENGTH {length[:40]!a} is not a number of bytes")
    if length:
        size: int | None = int(length)
    else:
        size = None if environ.get("wsgi.input_terminated") else 0
    return parse_form(
        str(environ.get("CONTENT_TYPE") or ""),
        _read_up_to(stream, size),
        limits=limits,
        strict=strict,
        accept=accept,
        spool=spool,
        target_for=target_for,
    )


async def parse_asgi_form(
    scope: Mapping[str, object],
    receive: Callable[[], Awaitable[Mapping[str, object]]],
    *,
    limits: MultipartLimits = MultipartLimits(),  # noqa: B008  # frozen, safe to share
    strict: bool = True,
    accept: Iterable[Leniency] = (),
    spool: SpoolPolicy = SpoolPolicy(),  # noqa: B008  # frozen, safe to share
    target_for: TargetFor | None = None,
    offload: Offload | None = None,
) -> Form:
    """Read the form of an ASGI request, as ``parse_form_async`` does.

    A client that leaves early is a ``MalformedError``.
    """
    return await parse_form_async(
        _asgi_content_type(scope),
        _asgi_body(receive),
        limits=limits,
        strict=strict,
        accept=accept,
        spool=spool,
        target_for=target_for,
        offload=offload,
    )


# -- Input ----------------------------------------------------------------------------------------


def _chunks(body: bytes | Readable | Iterable[bytes]) -> Iterator[bytes]:
    if isinstance(body, bytes | bytearray | memoryview):
        view = memoryview(body)
        return (bytes(view[at : at + _CHUNK]) for at in range(0, len(view), _CHUNK))
    if isinstance(body, str):
        raise UsageError("the body is str; pass bytes, a binary file or an iterable of bytes")
    if isinstance(body, Iterable) and not hasattr(body, "read"):
        return iter(body)
    return _read_up_to(body, None)


def _read_up_to(stream: object, size: int | None) -> Iterator[bytes]:
    """Read chunks of a blocking file: ``size`` bytes, or until it ends if that is None.

    Raises ``MalformedError`` if it ends earlier: a cut urlencoded body is well-formed.
    """
    read: Callable[[int], object] = getattr(stream, "read")  # noqa: B009  # the type is unknown
    left = size
    while left is None or left > 0:
        chunk = read(_CHUNK if left is None else min(_CHUNK, left))
        if not isinstance(chunk, bytes):
            raise UsageError(f"read() returned {type(chunk).__name__}; pass a binary file")
        if not chunk:
            if left is not None:
                raise MalformedError(
                    f"the client left before the end of the form: {left} of {size} bytes are "
                    "missing"
                )
            return
        if left is not None:
            left -= len(chunk)
        yield chunk


def _asgi_content_type(scope: Mapping[str, object]) -> str:
    headers = scope.get("headers")
    if isinstance(headers, Iterable):
        for name, value in headers:
            if name == b"content-type":
                return bytes(value).decode("latin-1")
    return ""


async def _asgi_body(
    receive: Callable[[], Awaitable[Mapping[str, object]]],
) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise MalformedError("the client left before the end of the form")
        body = message.get("body", b"")
        if isinstance(body, bytes) and body:
            yield body
        more = bool(message.get("more_body", False))
