"""The demands of PEP 3333 on a server, application by application: the answer, and the log."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from testkit import Run, serve
from treadle_server import Application

Environ = dict[str, Any]
Start = Callable[..., Callable[[bytes], object]]
App = Callable[[Environ, Start], Any]
TEXT = [("Content-Type", "text/plain")]


def fetch(run: Run, app: App, method: str = "GET") -> tuple[bytes, bytes]:
    """Return head and rest of the answer of ``app``, up to the end of the connection."""
    got: list[bytes] = []

    async def main() -> None:
        outer = Application()
        outer.router.mount_wsgi("/", app)
        async with serve(outer) as connect:
            peer = await connect()
            got.append(
                await peer.ask(
                    f"{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
                )
            )

    run(main())
    head, _, rest = got[0].partition(b"\r\n\r\n")
    return head, rest


def chunks(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def listing(environ: Environ, start: Start) -> list[bytes]:
    start("200 OK", TEXT)
    return [b"one", b"", b"two"]


def empty(environ: Environ, start: Start) -> list[bytes]:
    start("200 OK", TEXT)
    return []


def generator(environ: Environ, start: Start) -> Iterator[bytes]:
    # The head is known when the first piece is asked for.
    start("200 OK", TEXT)
    yield b""
    yield b"one"
    yield b"two"


def one_sized(environ: Environ, start: Start) -> Iterable[bytes]:
    class One:
        def __len__(self) -> int:
            return 1

        def __iter__(self) -> Iterator[bytes]:
            return iter([b"only"])

    start("200 OK", TEXT)
    return One()


def announced(environ: Environ, start: Start) -> Iterator[bytes]:
    start("200 OK", [*TEXT, ("Content-Length", "6")])
    yield b"one"
    yield b"two"


def written(environ: Environ, start: Start) -> list[bytes]:
    write = start("200 OK", TEXT)
    write(b"one")
    write(b"")
    write(b"two")
    return [b"three"]


def replaced(environ: Environ, start: Start) -> list[bytes]:
    start("200 OK", TEXT)
    try:
        int("late")
    except ValueError:
        start("500 Oops", TEXT, sys.exc_info())
    return [b"sorry"]


def late_start(environ: Environ, start: Start) -> Iterator[bytes]:
    yield b""
    start("200 OK", TEXT)
    yield b"late"


def cookies(environ: Environ, start: Start) -> list[bytes]:
    start("299 Fine", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Latin", "\xe9")])
    return [b"x"]


def empty_generator(environ: Environ, start: Start) -> Iterator[bytes]:
    start("200 OK", TEXT)
    return iter(())


ANSWERS: list[tuple[App, bytes, bytes]] = [
    (listing, b"Content-Length: 6", b"onetwo"),
    (empty, b"Content-Length: 0", b""),
    (empty_generator, b"Content-Length: 0", b""),
    (one_sized, b"Content-Length: 4", b"only"),
    (announced, b"Content-Length: 6", b"onetwo"),
    (replaced, b"HTTP/1.1 500 Oops", b"sorry"),
    (cookies, b"Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Latin: \xe9", b"x"),
    (cookies, b"HTTP/1.1 299 Fine", b"x"),
    (late_start, b"Transfer-Encoding: chunked", chunks(b"late")),
]


@pytest.mark.parametrize(("app", "line", "body"), ANSWERS)
def test_answers(app: App, line: bytes, body: bytes, run: Run) -> None:
    head, rest = fetch(run, app)
    assert line in head
    assert rest == body


@pytest.mark.parametrize("app", [generator, written])
def test_streams(app: App, run: Run) -> None:
    head, rest = fetch(run, app)
    assert b"Transfer-Encoding: chunked" in head
    # The pieces may meet on their way.
    parts = rest.split(b"\r\n")
    assert b"".join(parts[1::2]) == (b"onetwothree" if app is written else b"onetwo")
    assert rest.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("app", [listing, generator, announced, written, empty])
def test_head_has_no_body(app: App, run: Run) -> None:
    head, rest = fetch(run, app, "HEAD")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert rest == b""
    if app is announced:
        assert b"Content-Length: 6" in head


@pytest.mark.parametrize("status", ["204 No Content", "205 Reset Content", "304 Not Modified"])
def test_statuses_without_a_body(status: str, run: Run) -> None:
    def app(environ: Environ, start: Start) -> Iterator[bytes]:
        start(status, [])
        yield b"ignored"
        yield b"ignored"

    head, rest = fetch(run, app)
    assert head.startswith(f"HTTP/1.1 {status}".encode())
    assert rest == b""


# Mistakes: the first ones are answered with 500.


def _never(environ: Environ, start: Start) -> list[bytes]:
    return [b"x"]


def _never_at_all(environ: Environ, start: Start) -> list[bytes]:
    return []


def _never_before_a_piece(environ: Environ, start: Start) -> Iterator[bytes]:
    yield b"x"


def _twice(environ: Environ, start: Start) -> list[bytes]:
    start("200 OK", [])
    start("200 OK", [])
    return []


def _text(environ: Environ, start: Start) -> list[str]:
    start("200 OK", [])
    return ["text"]


def _text_of_a_generator(environ: Environ, start: Start) -> Iterator[str]:
    start("200 OK", [])
    yield "text"


def _bytes(environ: Environ, start: Start) -> bytes:
    start("200 OK", [])
    return b"text"


def _nothing(environ: Environ, start: Start) -> None:
    start("200 OK", [])


def _write_text(environ: Environ, start: Start) -> list[bytes]:
    write: Any = start("200 OK", [])
    write("text")
    return []


def _too_short(environ: Environ, start: Start) -> list[bytes]:
    start("200 OK", [("Content-Length", "5")])
    return [b"1234"]


def _too_long(environ: Environ, start: Start) -> list[bytes]:
    start("200 OK", [("Content-Length", "5")])
    return [b"123456"]


def _hop(environ: Environ, start: Start) -> list[bytes]:
    start("200 OK", [("Connection", "close")])
    return []


def _exit(environ: Environ, start: Start) -> list[bytes]:
    sys.exit(3)


def _stop(environ: Environ, start: Start) -> list[bytes]:
    raise StopIteration


def _bug(environ: Environ, start: Start) -> list[bytes]:
    raise ValueError("a bug")


def _bug_behind_start(environ: Environ, start: Start) -> Iterator[bytes]:
    start("200 OK", [])
    raise ValueError("a bug")
    yield b""


def _coroutine(environ: Environ, start: Start) -> Any:
    async def answer() -> list[bytes]:
        return []

    return answer()


MISTAKES: list[tuple[App, str]] = [
    (_never, "has not called start_response before its first piece of the body, or its end"),
    (_never_at_all, "has not called start_response"),
    (_never_before_a_piece, "has not called start_response"),
    (_twice, "start_response was called twice"),
    (_text, "A piece of the body must be bytes, not 'text': encode it"),
    (_text_of_a_generator, "A piece of the body must be bytes, not 'text': encode it"),
    (_bytes, "The result is b'text', not an iterable of bytes: give [body]"),
    (_nothing, "The result is None, not an iterable of bytes"),
    (_write_text, "What write() gets must be bytes, not 'text': encode it"),
    (_too_short, "The body has 4 bytes, and its Content-Length says 5"),
    (_too_long, "The body is longer than its Content-Length of 5"),
    (_hop, "'Connection' is a field of the connection"),
    (_exit, "The application has raised SystemExit(3)"),
    (_stop, "The application has raised StopIteration()"),
    (_bug, "a bug"),
    (_bug_behind_start, "a bug"),
    (_coroutine, "give it to mount()"),
]


@pytest.mark.parametrize(("app", "text"), MISTAKES)
def test_mistakes_before_the_head(
    app: App, text: str, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    head, _ = fetch(run, app)
    assert head.startswith(b"HTTP/1.1 500 ")
    assert text in caplog.text


def _breaks(environ: Environ, start: Start) -> Iterator[bytes]:
    start("200 OK", [])
    yield b"some"
    raise ValueError("a bug")


def _text_later(environ: Environ, start: Start) -> Iterator[Any]:
    start("200 OK", [])
    yield b"some"
    yield "text"


def _short_stream(environ: Environ, start: Start) -> Iterator[bytes]:
    start("200 OK", [("Content-Length", "9")])
    yield b"some"
    yield b"more"


def _long_stream(environ: Environ, start: Start) -> Iterator[bytes]:
    start("200 OK", [("Content-Length", "5")])
    yield b"some"
    yield b"more"


def _restart(environ: Environ, start: Start) -> Iterator[bytes]:
    start("200 OK", [])
    yield b"some"
    try:
        int("a bug")
    except ValueError:
        start("500 Oops", [], sys.exc_info())
    yield b"never"


LATE: list[tuple[App, str]] = [
    (_breaks, "a bug"),
    (_text_later, "must be bytes, not 'text'"),
    (_short_stream, "The body has 8 bytes, and its Content-Length says 9"),
    (_long_stream, "The body is longer than its Content-Length of 5"),
    (_restart, "a bug"),
]


@pytest.mark.parametrize(("app", "text"), LATE)
def test_mistakes_behind_the_head_cut_the_connection(
    app: App, text: str, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        outer = Application()
        outer.router.mount_wsgi("/", app)
        async with serve(outer) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try:
                answer = await peer.rest()
            except ConnectionResetError:
                answer = b""
            assert not answer.endswith(b"0\r\n\r\n")
            assert b"never" not in answer

    run(main())
    assert text in caplog.text


# ``close``.


class Closing:
    """A result that notes its ``close``."""

    def __init__(self, pieces: Iterator[bytes], closed: list[str], error: str = "") -> None:
        self.pieces = pieces
        self.closed = closed
        self.error = error

    def __iter__(self) -> Iterator[bytes]:
        return self.pieces

    def close(self) -> None:
        self.closed.append("closed")
        if self.error:
            raise ValueError(self.error)


def _failing() -> Iterator[bytes]:
    raise ValueError("a bug")
    yield b""


def _failing_late() -> Iterator[bytes]:
    yield b"x"
    raise ValueError("a bug")


CLOSES: list[tuple[Callable[[], Iterator[bytes]], str, str]] = [
    (lambda: iter([b"a", b"b"]), "GET", ""),
    (lambda: iter([b"a", b"b"]), "HEAD", ""),
    (lambda: iter([]), "GET", ""),
    (_failing, "GET", ""),
    (_failing_late, "GET", ""),
    (lambda: iter([b"a", b"b"]), "GET", "close fails"),
    (_failing, "GET", "close fails"),
]


@pytest.mark.parametrize(("pieces", "method", "error"), CLOSES)
def test_close_is_called_once(
    pieces: Callable[[], Iterator[bytes]],
    method: str,
    error: str,
    run: Run,
    caplog: pytest.LogCaptureFixture,
) -> None:
    closed: list[str] = []

    def app(environ: Environ, start: Start) -> Closing:
        start("200 OK", TEXT)
        return Closing(pieces(), closed, error)

    async def main() -> None:
        outer = Application()
        outer.router.mount_wsgi("/", app)
        async with serve(outer) as connect:
            peer = await connect()
            await peer.send(f"{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            try:
                await peer.rest()
            except ConnectionResetError:
                assert pieces is _failing_late

    run(main())
    assert closed == ["closed"]
    assert (error in caplog.text) is True
