"""``serve_asgi`` and the command line as processes of their own."""

import contextlib
import os
import signal
import socket
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from testkit import Program
from treadle_asgi import ASGIApplication, serve_asgi
from treadle_server import run_app
from treadle_server.interfaces import RunOptions

APP = """
import asyncio, os

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            print(message["type"], flush=True)
            if message["type"] == "lifespan.startup":
                scope["state"]["pid"] = os.getpid()
                if os.environ.get("FAIL"):
                    await send({"type": "lifespan.startup.failed", "message": "no database"})
                    return
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    assert scope["state"]["pid"] == os.getpid()
    text = " ".join((scope["scheme"], scope["root_path"], scope["path"], str(scope["server"])))
    tls = scope["extensions"].get("tls")
    if tls:
        text += f" {tls['tls_version']:#06x} {tls['cipher_suite']:#06x} {tls['client_cert_name']}"
    if scope["path"].endswith("/slow"):
        print("slow begins", flush=True)
        await asyncio.sleep(0.5)
    body = text.encode()
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

def make():
    return app
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[object]:
    (tmp_path / "served.py").write_text(APP)
    programs: list[Program] = []

    def starter(*arguments: str, **environment: str) -> Program:
        old = {name: os.environ.get(name) for name in environment}
        os.environ.update(environment)
        try:
            program = Program([sys.executable, "-m", "treadle.asgi", *arguments], tmp_path)
        finally:
            for name, value in old.items():
                if value is None:
                    del os.environ[name]
        programs.append(program)
        return program

    yield starter
    for program in programs:
        program.close()


def ask(sock: socket.socket, path: str) -> str:
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
    answer = b""
    while piece := sock.recv(65_536):
        answer += piece
    return answer.partition(b"\r\n\r\n")[2].decode()


@pytest.mark.parametrize("workers", [(), ("-w", "2")], ids=["one process", "workers"])
def test_a_request_is_open_at_the_stop(start: object, workers: tuple[str, ...]) -> None:
    assert callable(start)
    program = start("served:make", "--factory", "-P", "0", "--root-path", "/api", *workers)
    program.wait_running()
    assert program.get("/a%20b").startswith("http /api /api/a b ('127.0.0.1',")
    with program.connect() as sock:
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        program.wait_for("slow begins")
        program.send(signal.SIGTERM)
        answer = b""
        while piece := sock.recv(65_536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b"http /api /api/slow ('127.0.0.1'," in answer
    assert program.wait() == 0
    assert "lifespan.shutdown" in program.seen


def test_a_unix_socket(start: object, tmp_path: Path) -> None:
    assert callable(start)
    path = tmp_path / "s"
    program = start("served:app", "-U", str(path))
    program.wait_for("Running on")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        assert ask(sock, "/") == f"http  / ('{path}', None)"
    assert program.end() == 0


def test_tls(start: object, tmp_path: Path) -> None:
    assert callable(start)
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "cert.pem"))
    program = start("served:app", "-P", "0", "--certfile", str(tmp_path / "cert.pem"))
    port = int(program.wait_for(r"Running on https://[^,]+:(\d+)")[1])
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with (
        socket.create_connection(("localhost", port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as sock,
    ):
        answer = ask(sock, "/")
    assert answer.startswith("https  / ('")
    assert answer.split()[-3:][0] == "0x0304"
    assert answer.split()[-2].startswith("0x13")
    assert answer.split()[-1] == "None"
    assert program.end() == 0


@pytest.mark.parametrize(("workers", "status"), [((), 1), (("-w", "2"), 3)])
def test_a_start_that_fails(start: object, workers: tuple[str, ...], status: int) -> None:
    assert callable(start)
    program = start("served:app", "-P", "0", *workers, FAIL="1")
    assert program.wait() == status
    assert "The startup of the application has failed: no database" in "\n".join(program.seen)


def test_a_wrong_entry_in_workers(start: object) -> None:
    assert callable(start)
    program = start("served:ap", "-P", "0", "-w", "2")
    assert program.wait() == 2
    text = "\n".join(program.seen)
    assert "module 'served' has no attribute 'ap'; did you mean 'app'?" in text
    assert "Traceback" not in text


async def app(scope: object, receive: object, send: object) -> None: ...


def test_options_are_those_of_run_app() -> None:
    import inspect

    own = {
        name
        for name, parameter in inspect.signature(run_app).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    assert own <= {*RunOptions.__annotations__}


WRONG = [
    (None, {}, TypeError, "None is not callable"),
    (app, {"lifespan": "maybe"}, ValueError, "lifespan is 'auto', 'on' or 'off', not 'maybe'"),
    (app, {"root_path": "api"}, ValueError, "root_path starts with `/`: '/api', not 'api'"),
    (app, {"max_body_size": -1}, ValueError, "max_body_size=-1 must be at least 0"),
    (3, {"factory": True}, TypeError, "3 is not callable, so it is no factory"),
    (app, {"port": 70_000}, ValueError, "70000"),
]


@pytest.mark.parametrize(("given", "options", "error", "text"), WRONG)
def test_wrong_options(
    given: ASGIApplication, options: dict[str, object], error: type[Exception], text: str
) -> None:
    with pytest.raises(error) as raised, contextlib.redirect_stdout(None):
        serve_asgi(given, **options)  # type: ignore[arg-type]  # wrong on purpose
    assert text in str(raised.value)
