"""Adapters: every kind of input gives the same form; what fails is cleaned up."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from io import BytesIO
from pathlib import Path

import pytest

from treadle_multipart import (
    Event,
    FormFile,
    MalformedError,
    MultipartBody,
    MultipartError,
    MultipartLimits,
    MultipartParser,
    SpoolPolicy,
    TotalTooLargeError,
    UsageError,
    aiter_events,
    iter_events,
    parse_asgi_form,
    parse_form,
    parse_form_async,
    parse_wsgi_form,
)

Run = Callable[[Awaitable[object]], object]

body = MultipartBody(boundary="x")
body.add_field("a", "1")
body.add_file("up", b"z" * 200_000, filename="f.bin")
TYPE = body.content_type
BODY = b"".join(body)
PIECES = [BODY[at : at + 1000] for at in range(0, len(BODY), 1000)]


def check(form: object) -> None:
    items = getattr(form, "items")()  # noqa: B009  # from a coroutine run as object
    assert items[0] == ("a", "1")
    assert isinstance(items[1][1], FormFile)
    assert items[1][1].read() == b"z" * 200_000
    items[1][1].close()


async def chunks(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@pytest.mark.parametrize(
    "source",
    [BODY, bytearray(BODY), BytesIO(BODY), PIECES, iter(PIECES)],
    ids=lambda s: type(s).__name__,
)
def test_parse_form(source: bytes) -> None:
    check(parse_form(TYPE, source))


def test_parse_form_async(run: Run) -> None:
    check(run(parse_form_async(TYPE, chunks(PIECES))))


def test_offload_gets_the_chunks_that_may_block(run: Run) -> None:
    offloaded: list[int] = []

    async def offload(call: Callable[[bytes], None], data: bytes, /) -> None:
        offloaded.append(len(data))
        call(data)

    spool = SpoolPolicy(threshold=150_000)
    check(run(parse_form_async(TYPE, chunks(PIECES), spool=spool, offload=offload)))
    # Memory first, then disk to the end.
    assert 50 <= len(offloaded) <= 52
    offloaded.clear()
    check(run(parse_form_async(TYPE, chunks(PIECES), offload=offload)))
    assert offloaded == []


def test_events(run: Run) -> None:
    whole = list(iter_events(MultipartParser("x"), BODY))
    assert b"".join(getattr(event, "data", b"") for event in whole) == b"1" + b"z" * 200_000

    async def collect() -> list[Event]:
        return [event async for event in aiter_events(MultipartParser("x"), chunks([BODY]))]

    assert run(collect()) == list(iter_events(MultipartParser("x"), [BODY]))


@pytest.mark.parametrize(
    "extra",
    [
        {"CONTENT_LENGTH": str(len(BODY)), "wsgi.input": BytesIO(BODY + b"next request")},
        {"wsgi.input_terminated": True, "wsgi.input": BytesIO(BODY)},
        {"CONTENT_LENGTH": "", "wsgi.input_terminated": True, "wsgi.input": BytesIO(BODY)},
    ],
)
def test_wsgi(extra: dict[str, object]) -> None:
    check(parse_wsgi_form({"CONTENT_TYPE": TYPE, **extra}))
    stream = extra["wsgi.input"]
    assert isinstance(stream, BytesIO)
    assert stream.read() in (b"next request", b"")


@pytest.mark.parametrize("length", ["-1", "+1", "1_0", "\u0661", "1 ", "9" * 19, "x"])
def test_wsgi_bad_length(length: str) -> None:
    environ = {"CONTENT_TYPE": TYPE, "CONTENT_LENGTH": length, "wsgi.input": BytesIO(BODY)}
    with pytest.raises(MalformedError, match="CONTENT_LENGTH"):
        parse_wsgi_form(environ)


@pytest.mark.parametrize(
    ("content_type", "data"),
    [("application/x-www-form-urlencoded", b"price=100"), (TYPE, BODY + b"epilogue")],
)
def test_wsgi_client_leaves(content_type: str, data: bytes) -> None:
    """What has come may be a whole form, but the client has announced more."""
    environ = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(data))}
    parse_wsgi_form({**environ, "wsgi.input": BytesIO(data)}).close()
    with pytest.raises(MalformedError, match=f"left before the end.*: 1 of {len(data)} bytes"):
        parse_wsgi_form({**environ, "wsgi.input": BytesIO(data[:-1])})


def test_wsgi_without_length_reads_nothing() -> None:
    stream = BytesIO(BODY)
    with pytest.raises(MalformedError):
        parse_wsgi_form({"CONTENT_TYPE": TYPE, "wsgi.input": stream})
    assert stream.tell() == 0
    with pytest.raises(UsageError):
        parse_wsgi_form({"CONTENT_TYPE": TYPE})
    with pytest.raises(MultipartError):
        parse_wsgi_form({"wsgi.input": stream})


def receiver(messages: list[Mapping[str, object]]) -> Callable[[], Awaitable[Mapping[str, object]]]:
    queue = iter(messages)

    async def receive() -> Mapping[str, object]:
        return next(queue)

    return receive


SCOPE = {"type": "http", "headers": [(b"host", b"h"), (b"content-type", TYPE.encode())]}


def test_asgi(run: Run) -> None:
    messages: list[Mapping[str, object]] = [
        {"type": "http.request", "body": piece, "more_body": True} for piece in PIECES
    ]
    messages.append({"type": "http.request"})
    check(run(parse_asgi_form(SCOPE, receiver(messages))))


def test_asgi_client_leaves(run: Run) -> None:
    messages: list[Mapping[str, object]] = [
        {"type": "http.request", "body": PIECES[0], "more_body": True},
        {"type": "http.disconnect"},
    ]
    with pytest.raises(MalformedError, match="left"):
        run(parse_asgi_form(SCOPE, receiver(messages)))
    with pytest.raises(MalformedError):
        run(parse_asgi_form({}, receiver([])))


def failing(pieces: Iterable[bytes]) -> Iterable[bytes]:
    yield from pieces
    raise ConnectionError("gone")


def test_input_that_fails_leaves_nothing(tmp_path: Path, run: Run) -> None:
    # A named file shows on disk what an unnamed one would hide.
    made = []

    def open_file() -> object:
        made.append((tmp_path / "upload").open("w+b"))
        return made[-1]

    spool = SpoolPolicy(threshold=0, open_file=open_file)  # type: ignore[arg-type]  # typed loosely
    with pytest.raises(ConnectionError):
        parse_form(TYPE, failing(PIECES[:3]), spool=spool)
    with pytest.raises(ConnectionError):
        run(parse_form_async(TYPE, chunks(failing(PIECES[:3])), spool=spool))
    with pytest.raises(TotalTooLargeError):
        parse_form(TYPE, PIECES, spool=spool, limits=MultipartLimits(max_total=5000))
    assert [file.closed for file in made] == [True, True, True]


def test_misuse() -> None:
    with pytest.raises(UsageError, match="body is str"):
        parse_form(TYPE, "text")  # type: ignore[arg-type]  # on purpose

    class Text:
        def read(self, size: int, /) -> str:
            return "text"

    with pytest.raises(UsageError, match=r"read\(\) returned str"):
        parse_form(TYPE, Text())  # type: ignore[arg-type]  # on purpose
