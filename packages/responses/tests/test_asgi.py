"""Responses as ASGI applications."""

import asyncio
import io
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from treadle_responses import (
    ASGIRequest,
    ASGIScope,
    OpenFileResponse,
    Response,
    StreamResponse,
    json_response,
)

Run = Callable[[Any], Any]
SCOPE: ASGIScope = {"type": "http", "http_version": "1.1", "method": "GET", "headers": []}


async def receive() -> Mapping[str, object]:
    raise AssertionError("a response reads no request")


class Sent:
    """A server's ``send``; with ``fail_at`` the client leaves before that message."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.messages: list[dict[str, object]] = []
        self._fail_at = fail_at

    async def __call__(self, message: dict[str, object]) -> None:
        if len(self.messages) == self._fail_at:
            raise BrokenPipeError("the client has left")
        self.messages.append(message)


def test_the_messages(run: Run) -> None:
    sent = Sent()
    run(json_response({"a": 1})(SCOPE, receive, sent))
    assert sent.messages == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [
                (b"content-type", b"application/json; charset=utf-8"),
                (b"content-length", b"8"),
            ],
        },
        {"type": "http.response.body", "body": b'{"a": 1}'},
    ]


def test_body_length_counts_the_body(run: Run) -> None:
    for response in (Response(body=b"abc"), Response(body=b"abc", headers={"X": "1"})):
        run(response(SCOPE, receive, Sent()))
        assert (response.body_length, response.eof_sent) == (3, True)


@pytest.mark.parametrize("kind", ["lifespan", "websocket", None, "HTTP"])
def test_other_scopes(kind: object, run: Run) -> None:
    sent = Sent()
    with pytest.raises(ValueError, match="look at scope"):
        run(Response(text="a")({"type": kind}, receive, sent))
    assert sent.messages == []


def test_the_denial_of_a_websocket(run: Run) -> None:
    scope = {"type": "websocket", "headers": [], "extensions": {"websocket.http.response": {}}}
    for response in (
        Response(text="no", status=403),
        Response(text="no", status=403, headers={"X": "1"}),
    ):
        sent = Sent()
        run(response(scope, receive, sent))
        assert [message["type"] for message in sent.messages] == [
            "websocket.http.response.start",
            "websocket.http.response.body",
        ]
        assert sent.messages[1]["body"] == b"no"


@pytest.mark.parametrize(
    ("version", "fields"), [("1.1", [b"close"]), ("1.0", [b"close"]), ("2", [])]
)
def test_the_connection(version: str, fields: list[bytes], run: Run) -> None:
    response = Response(text="a")
    response.force_close()
    sent = Sent()
    run(response({**SCOPE, "http_version": version}, receive, sent))
    headers: Any = sent.messages[0]["headers"]
    assert [value for name, value in headers if name == b"connection"] == fields


@pytest.mark.parametrize("fail_at", range(4))
@pytest.mark.parametrize("kind", ["generator", "asynchronous"])
def test_the_client_leaves(kind: str, fail_at: int, run: Run) -> None:
    log: list[str] = []

    def generator() -> Iterator[bytes]:
        try:
            yield b"one"
            yield b"two"
        finally:
            log.append("closed")

    async def asynchronous() -> AsyncIterator[bytes]:
        try:
            yield b"one"
            yield b"two"
        finally:
            log.append("closed")

    sent = Sent(fail_at)
    body = generator() if kind == "generator" else asynchronous()
    with pytest.raises(BrokenPipeError, match="the client has left"):
        run(Response(body=body)(SCOPE, receive, sent))
    assert len(sent.messages) == fail_at
    # No last piece: the server must be able to tell that the body is not whole.
    assert all(message.get("more_body", True) for message in sent.messages)
    assert log == ["closed"]


def test_a_cancelled_task_closes_the_body() -> None:
    log: list[str] = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"tick"
        finally:
            log.append("closed")

    async def main() -> None:
        begun = asyncio.Event()

        async def send(message: dict[str, object]) -> None:
            begun.set()
            await asyncio.sleep(0)

        task = asyncio.create_task(Response(body=endless()).asgi(SCOPE, receive, send))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert log == ["closed"]


@pytest.mark.parametrize("offload", [None, asyncio.to_thread])
def test_offload_makes_the_blocking_calls(offload: Any, tmp_path: Path) -> None:
    threads: set[str] = set()

    class File(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            threads.add(threading.current_thread().name)
            return super().read(size) or b""

    def pieces() -> Iterator[bytes]:
        threads.add(threading.current_thread().name)
        yield b"piece"

    path = tmp_path / "f"
    path.write_bytes(b"0123456789")
    for response, body in (
        (OpenFileResponse(File(path, "rb")), b"0123456789"),
        (Response(body=File(path, "rb")), b"0123456789"),
        (Response(body=pieces()), b"piece"),
    ):
        threads.clear()
        sent = Sent()
        asyncio.run(response.asgi(SCOPE, receive, sent, offload=offload))
        bodies: Any = [message["body"] for message in sent.messages[1:]]
        assert b"".join(bodies) == body
        assert (threading.main_thread().name in threads) is (offload is None)


@pytest.mark.parametrize("offload", [None, asyncio.to_thread])
def test_an_executor_of_the_response(offload: Any) -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="own") as pool:
        used: list[str] = []

        class Watched(ThreadPoolExecutor):
            def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
                used.append("own")
                return pool.submit(fn, *args, **kwargs)

        with Watched(1) as executor:
            response = Response(body=b"a" * 9000, content_type="text/plain", zlib_executor=executor)
            response.enable_compression()
            scope = {**SCOPE, "headers": [(b"accept-encoding", b"gzip")]}
            sent = Sent()
            asyncio.run(response.asgi(scope, receive, sent, offload=offload))
    assert used == ["own"]
    assert (b"content-encoding", b"gzip") in sent.messages[0]["headers"]  # type: ignore[operator]  # a list


PATHSEND: ASGIScope = {**SCOPE, "extensions": {"http.response.pathsend": {}}}


def test_the_server_sends_a_whole_file(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "f.txt").write_bytes(b"0123456789")
    monkeypatch.chdir(tmp_path)
    opened = Path("f.txt").open("rb")  # noqa: SIM115  # the response closes it
    response = OpenFileResponse(opened)
    sent = Sent()
    run(response(PATHSEND, receive, sent))
    start, body = sent.messages
    assert (b"content-length", b"10") in start["headers"]  # type: ignore[operator]  # a list
    assert body == {"type": "http.response.pathsend", "path": str(tmp_path / "f.txt")}
    assert (opened.closed, response.eof_sent, response.body_length) == (True, True, 10)


@pytest.mark.parametrize("name", ["range", "HEAD", "compressed", "replaced", "removed", "unnamed"])
def test_when_the_server_cannot_send_it(name: str, tmp_path: Path, run: Run) -> None:
    path = tmp_path / "f.txt"
    path.write_bytes(b"0123456789" * 1000)
    opened: Any = path.open("rb")
    scope = dict(PATHSEND)
    if name == "range":
        scope["headers"] = [(b"range", b"bytes=0-1")]
    elif name == "HEAD":
        scope["method"] = "HEAD"
    elif name == "replaced":
        (tmp_path / "other").write_bytes(b"other")
        (tmp_path / "other").replace(path)
    elif name == "removed":
        path.unlink()
    elif name == "unnamed":
        opened.close()
        opened = os.fdopen(os.open(path, os.O_RDONLY), "rb")
    response = OpenFileResponse(opened)
    if name == "compressed":
        scope["headers"] = [(b"accept-encoding", b"gzip")]
        response.enable_compression()
    sent = Sent()
    run(response(scope, receive, sent))
    assert {message["type"] for message in sent.messages[1:]} == {"http.response.body"}
    assert opened.closed


def test_a_stream_is_written_by_the_program(run: Run) -> None:
    async def main() -> None:
        response = StreamResponse(headers={"Content-Type": "text/plain"})
        await response.prepare(ASGIRequest(SCOPE, sent))
        assert sent.messages == []
        await response.write(b"")  # sends the head
        assert len(sent.messages) == 2
        await response.write(b"one")
        await response.write_eof(b"two")

    sent = Sent()
    run(main())
    bodies = [(message["body"], message["more_body"]) for message in sent.messages[1:]]
    assert bodies == [(b"", True), (b"one", True), (b"two", False)]


def test_the_request() -> None:
    scope = {
        **SCOPE,
        "method": "POST",
        "headers": [(b"accept", b"a"), (b"accept", b"b"), (b"x-a", b"\xe9")],
    }
    request = ASGIRequest(scope, Sent())
    assert (request.method, request.version, request.keep_alive) == ("POST", (1, 1), True)
    assert request.task is None
    assert dict(request.headers) == {"accept": "a, b", "x-a": "\udce9"}
    assert request.headers["Accept"] == "a, b"
    assert ASGIRequest({**SCOPE, "http_version": "2"}, Sent()).version == (2, 0)
