"""The programs in ``examples`` and the README, under wsgiref and uvicorn."""

import asyncio
import contextlib
import gzip
import http.client
import importlib.util
import re
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import uvicorn

PACKAGE = Path(__file__).resolve().parent.parent
EXAMPLES = PACKAGE / "examples"

#: Sends a request and returns status, fields and body.
Client = Callable[..., tuple[int, dict[str, str], bytes]]


def load(path: Path) -> ModuleType:
    """Import a program by its path."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # its name there
        """Drop the line."""


@contextlib.contextmanager
def under_wsgiref(app: Any) -> Iterator[int]:
    """Serve a WSGI application and return the port."""
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(20)


@contextlib.contextmanager
def under_uvicorn(app: Any) -> Iterator[int]:
    """Serve an ASGI application and return the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="critical", lifespan="off", loop="asyncio")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            # The socket listens: a client waits until the server takes its connection.
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)


def fetch(
    port: int, path: str, method: str = "GET", **fields: str
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    with contextlib.closing(connection):
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return response.status, named, response.read()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short_and_imports_the_package(path: Path) -> None:
    source = path.read_text("utf-8")
    assert 30 <= len(source.splitlines()) <= 60
    assert re.search(r"treadle_responses\._|import \*", source) is None


def check_source(port: int, path: Path) -> None:
    """Check the file that both examples send: themselves."""
    source = path.read_bytes()
    status, fields, body = fetch(port, "/source")
    assert (status, body) == (200, source)
    assert fields["content-length"] == str(len(source))
    tag = fields["etag"]
    assert fetch(port, "/source", Range="bytes=0-9")[::2] == (206, source[:10])
    assert fetch(port, "/source", If_None_Match=tag)[::2] == (304, b"")
    status, fields, body = fetch(port, "/source", "HEAD")
    assert (status, fields["content-length"], body) == (200, str(len(source)), b"")


def test_wsgi() -> None:
    path = EXAMPLES / "app_wsgi.py"
    with under_wsgiref(load(path).app) as port:
        assert fetch(port, "/")[::2] == (200, b'{"hello": "world"}')
        assert fetch(port, "/", If_None_Match='"v1"')[::2] == (304, b"")
        assert fetch(port, "/nowhere")[::2] == (404, b"404: Not Found")
        status, fields, _ = fetch(port, "/", "DELETE")
        assert (status, fields["allow"]) == (405, "GET,HEAD")
        check_source(port, path)
        numbers = b"".join(b"%d\n" % number for number in range(100_000))
        assert fetch(port, "/numbers")[2] == numbers
        status, fields, body = fetch(port, "/numbers", Accept_Encoding="gzip")
        assert (fields["content-encoding"], gzip.decompress(body)) == ("gzip", numbers)


def test_asgi() -> None:
    path = EXAMPLES / "app_asgi.py"
    with under_uvicorn(load(path).app) as port:
        assert fetch(port, "/")[::2] == (200, b'{"hello": "world"}')
        assert fetch(port, "/nowhere")[::2] == (404, b"404: Not Found")
        check_source(port, path)


def test_an_endless_body_ends_with_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = threading.Event()

    async def ticks() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"tick"
                await asyncio.sleep(0.01)
        finally:
            closed.set()

    module = load(EXAMPLES / "app_asgi.py")
    monkeypatch.setattr(module, "ticks", ticks)
    with under_uvicorn(module.app) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
            peer.sendall(b"GET /ticks HTTP/1.1\r\nHost: h\r\n\r\n")
            received = b""
            while b"tick" not in received:
                received += peer.recv(4096)
        assert closed.wait(20)


def test_a_body_that_fails_breaks_the_response_off() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"first"
        raise KeyError("body")

    def broken_pull() -> Iterator[bytes]:
        yield b"first"
        raise KeyError("body")

    from treadle_responses import ASGIReceive, ASGIScope, ASGISend, Response

    async def app(scope: ASGIScope, receive: ASGIReceive, send: ASGISend) -> None:
        await Response(body=broken())(scope, receive, send)

    with under_uvicorn(app) as port, pytest.raises(http.client.IncompleteRead) as info:
        fetch(port, "/")
    assert info.value.partial == b"first"


def test_the_server_keeps_the_connection() -> None:
    """The framing of every kind of response leaves the connection in step."""
    from treadle_responses import ASGIReceive, ASGIScope, ASGISend, Response

    def made(path: object) -> Response:
        return {
            "/stream": lambda: Response(body=iter([b"a", b"b"])),
            "/none": lambda: Response(status=204, body=b"x"),
            "/304": lambda: Response(status=304, body=b"x", headers={"ETag": '"a"'}),
            "/205": lambda: Response(status=205, body=b"x"),
            "/text": lambda: Response(text="t"),
        }[str(path)]()

    async def app(scope: ASGIScope, receive: ASGIReceive, send: ASGISend) -> None:
        await made(scope["path"])(scope, receive, send)

    with under_uvicorn(app) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        with contextlib.closing(connection):
            bodies = []
            for method in ("GET", "HEAD"):
                for path in ("/stream", "/none", "/304", "/205", "/text"):
                    connection.request(method, path)
                    bodies.append(connection.getresponse().read())
                    assert connection.sock is not None, path
    assert bodies == [b"ab", b"", b"", b"", b"t", b"", b"", b"", b"", b""]
