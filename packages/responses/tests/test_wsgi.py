"""Responses as WSGI applications (PEP 3333); ``wsgiref.validate`` judges them."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest

from treadle_responses import (
    FileFacts,
    HTTPException,
    OpenFileResponse,
    Response,
    exceptions,
)
from treadle_responses._wsgi import WSGIRequest

FACTS = FileFacts(size=10, mtime_ns=1_700_000_000_000_000_000)


def environ(**more: object) -> dict[str, Any]:
    made: dict[str, Any] = {}
    setup_testing_defaults(made)
    return {**made, **more}


def ignored(status: str, fields: list[tuple[str, str]]) -> None:
    """Be a ``start_response`` that keeps nothing."""


def lines() -> Iterator[bytes]:
    yield b"one"
    yield b"two"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: Response(text="a"),
        lambda: Response(text="a", headers={"Connection": "close", "X-N": "\xe9"}),
        lambda: Response(body=lines(), content_type="text/csv"),
        lambda: Response(body=io.BytesIO(b"x" * 600_000)),
        lambda: Response(status=204),
        lambda: Response(status=304),
        lambda: OpenFileResponse(io.BytesIO(b"0123456789"), facts=FACTS),
        lambda: OpenFileResponse(Path(__file__).open("rb")),  # noqa: SIM115  # the response closes it
    ],
)
def test_the_rules_of_pep_3333(make: Any, method: str) -> None:
    heads: list[str] = []

    def start_response(status: str, fields: Any, exc_info: Any = None) -> Any:
        heads.append(status)
        return lambda data: None

    app: Any = validator(lambda env, start: make().wsgi(env, start))
    body = app(environ(REQUEST_METHOD=method, QUERY_STRING=""), start_response)
    pieces = list(body)
    body.close()
    assert len(heads) == 1
    assert all(type(piece) is bytes for piece in pieces)


def test_every_exception_is_an_answer() -> None:
    classes = [getattr(exceptions, name) for name in exceptions.__all__]
    final = [cls for cls in classes if issubclass(cls, HTTPException) and cls.status_code > 0]
    assert len(final) > 50
    for cls in final:
        arguments: tuple[Any, ...] = ()
        if issubclass(cls, exceptions.HTTPMove):
            arguments = ("/elsewhere",)
        elif cls is exceptions.HTTPMethodNotAllowed:
            arguments = ("GET", ["POST"])
        elif cls is exceptions.HTTPRequestEntityTooLarge:
            arguments = (1,)
        elif cls is exceptions.HTTPUnavailableForLegalReasons:
            arguments = (None,)
        heads: list[str] = []

        def start(status: str, fields: Any, heads: list[str] = heads) -> None:
            heads.append(status)

        list(cls(*arguments).wsgi(environ(), start))
        assert heads[0].startswith(f"{cls.status_code} ")


def test_the_method_is_an_application_itself() -> None:
    heads: list[tuple[str, list[tuple[str, str]]]] = []
    application = Response(text="a", reason="Fine").wsgi
    body = application(environ(), lambda status, fields: heads.append((status, fields)))
    assert body == [b"a"]
    assert heads == [
        ("200 Fine", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", "1")])
    ]


def test_pieces_are_made_when_the_server_asks() -> None:
    made: list[int] = []

    def count() -> Iterator[bytes]:
        for number in range(5):
            made.append(number)
            yield b"%d" % number

    body = iter(Response(body=count()).wsgi(environ(), ignored))
    assert made == [0]  # an error before the first piece can still be answered
    assert [next(body), next(body)] == [b"0", b"1"]
    assert made == [0, 1]


def test_a_client_that_leaves_closes_the_body() -> None:
    log: list[str] = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"tick"
        finally:
            log.append("closed")

    opened = io.BytesIO(b"x" * 900_000)
    facts = FACTS._replace(size=900_000)
    for response in (Response(body=endless()), OpenFileResponse(opened, facts=facts)):
        body: Any = response.wsgi(environ(), ignored)
        next(body)
        body.close()
        body.close()
        with pytest.raises(RuntimeError):
            next(body)
    assert (log, opened.closed) == (["closed"], True)


def test_a_body_that_needs_an_event_loop() -> None:
    log: list[str] = []

    async def waiting() -> AsyncIterator[bytes]:
        yield b"first"
        try:
            await asyncio.sleep(0)
        finally:
            log.append("closed")
        yield b"second"

    body = iter(Response(body=waiting()).wsgi(environ(), ignored))
    assert next(body) == b"first"
    with pytest.raises(RuntimeError, match="waits for an event loop, which a WSGI server does not"):
        next(body)
    assert log == ["closed"]

    async def stubborn() -> AsyncIterator[bytes]:
        try:
            await asyncio.sleep(0)
        except RuntimeError:
            log.append("caught")
        yield b"never"

    with pytest.raises(RuntimeError, match="waits for an event loop"):
        Response(body=stubborn()).wsgi(environ(), ignored)


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_file_wrapper(wrapped: bool, tmp_path: Path) -> None:
    path = tmp_path / "f.bin"
    path.write_bytes(b"x" * 600_000)
    opened = path.open("rb")
    opened.read(7)
    env = environ(**{"wsgi.file_wrapper": FileWrapper} if wrapped else {})
    response = OpenFileResponse(opened)
    body: Any = response.wsgi(env, ignored)
    assert isinstance(body, FileWrapper) is wrapped
    if wrapped:
        # Servers that have the kernel send it ask for the descriptor and its position.
        assert (body.filelike.fileno(), opened.tell()) == (opened.fileno(), 0)
    with path.open("ab") as more:
        more.write(b"grown")
    assert len(b"".join(body)) == 600_000
    assert response.body_length == 600_000
    body.close()
    assert opened.closed


@pytest.mark.parametrize(("fields", "method"), [({"HTTP_RANGE": "bytes=1-2"}, "GET"), ({}, "HEAD")])
def test_parts_are_not_wrapped(fields: dict[str, str], method: str, tmp_path: Path) -> None:
    path = tmp_path / "f.bin"
    path.write_bytes(b"0123456789")
    opened = path.open("rb")
    env = environ(**{"wsgi.file_wrapper": FileWrapper, "REQUEST_METHOD": method, **fields})
    body = OpenFileResponse(opened).wsgi(env, ignored)
    assert not isinstance(body, FileWrapper)
    assert b"".join(body) == (b"12" if fields else b"")
    del body
    assert opened.closed


def test_a_file_without_a_descriptor_is_not_wrapped() -> None:
    env = environ(**{"wsgi.file_wrapper": FileWrapper})
    body = OpenFileResponse(io.BytesIO(b"0123456789"), facts=FACTS).wsgi(env, ignored)
    assert not isinstance(body, FileWrapper)
    assert b"".join(body) == b"0123456789"


def test_start_response_that_fails_releases_the_body() -> None:
    opened = io.BytesIO(b"0123456789")

    def fails(status: str, fields: list[tuple[str, str]]) -> None:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        OpenFileResponse(opened, facts=FACTS).wsgi(environ(), fails)
    assert opened.closed


def test_threads_of_a_server() -> None:
    """Each piece may be pulled in another thread."""
    body = iter(Response(body=lines()).wsgi(environ(), ignored))
    pieces: list[bytes] = []
    for _ in range(2):
        thread = threading.Thread(target=lambda: pieces.append(next(body)))
        thread.start()
        thread.join(20)
    assert pieces == [b"one", b"two"]


def test_the_request() -> None:
    env = environ(HTTP_X_A="\xc3\xa9\xff", HTTP_IF_NONE_MATCH='"a"', REQUEST_METHOD="POST")
    request = WSGIRequest(env, ignored)
    assert (request.method, request.version, request.keep_alive) == ("POST", (1, 1), True)
    assert request.task is None
    assert request.headers["If-None-Match"] == '"a"'
    assert request.headers["X-A"] == "\xe9\udcff"
