"""`treadle run`: it serves, and each mistake is one sentence."""

import errno
import importlib.util
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from treadle._command.main import main
from treadle._command.run import explained

from ._process import Process, get

Write = Callable[..., Path]

APP = """
from treadle import web
async def hello(request):
    return web.Response(text="Hello")
def make_app():
    app = web.Application()
    app.router.add_get("/", hello)
    return app
"""

ASGI = """
async def app(scope, receive, send):
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ASGI"})
"""

UVLOOP = "asyncio" if importlib.util.find_spec("uvloop") is None else "uvloop"

LOOP = """
import asyncio
from treadle import web
async def hello(request):
    return web.Response(text=type(asyncio.get_running_loop()).__module__.split(".")[0])
app = web.Application()
app.router.add_get("/", hello)
"""


def run(*arguments: str) -> object:
    with pytest.raises(SystemExit) as caught:
        main(["run", *arguments])
    return caught.value.code


@pytest.mark.parametrize(
    ("command", "arguments", "loop"),
    [
        ("run", (), UVLOOP),
        ("run", ("--workers", "1"), UVLOOP),
        ("run", ("--loop", "asyncio"), "asyncio"),
        ("dev", (), "asyncio"),
    ],
)
def test_the_loop(write: Write, command: str, arguments: tuple[str, ...], loop: str) -> None:
    with Process(write("app.py", LOOP), command, "-P", "0", *arguments) as process:
        url = process.wait_for(r"(?:Running|Serving) on (http://\S+)")[1]
        assert get(url) == (200, loop)


@pytest.mark.parametrize(
    ("text", "arguments", "body"),
    [(APP, (), "Hello"), (APP, ("--workers", "2"), "Hello"), (ASGI, ("app:app",), "ASGI")],
    ids=["one process", "workers", "ASGI"],
)
def test_it_serves(write: Write, text: str, arguments: tuple[str, ...], body: str) -> None:
    with Process(write("app.py", text), "run", "-P", "0", *arguments) as process:
        url = process.wait_for(r"Running on (http://\S+)")[1]
        assert get(url) == (200, body)
        assert get(url + "/nothing")[0] == (404 if text == APP else 200)
        # Without a buffer the supervisor writes the end of its line in a second step: the line of a
        # worker may come between.
        process.wait_for(r"\d\d:\d\d:\d\d 200 GET / HTTP/1\.1 \d+\.\d ms \S+$")
        process.send(signal.SIGTERM)
        assert process.wait() == 0
    assert process.output.endswith("Stopped\n")
    assert "Traceback" not in process.output


def test_options_arrive(write: Write) -> None:
    arguments = ("-P", "0", "--server-header", "mine", "--log", "json", "--max-request-line", "100")
    with Process(write("app.py", APP), "run", *arguments) as process:
        url = process.wait_for(r"Running on (http://\S+)")[1]
        assert get(url + "/" + "x" * 100)[0] == 414
        assert get(url)[0] == 200
        process.wait_for(r'"first_request_line": "GET / HTTP/1.1"|"request".*GET /')


def test_no_access_log(write: Write) -> None:
    with Process(write("app.py", APP), "run", "-P", "0", "--no-access-log") as process:
        url = process.wait_for(r"Running on (http://\S+)")[1]
        assert get(url) == (200, "Hello")
        process.send(signal.SIGINT)
        assert process.wait() == 0
    assert "GET /" not in process.output


MISTAKES = [
    (("nothing",), "there is no module 'nothing' in "),
    (("--app-dir", "/nonexistent"), "--app-dir: there is no folder /nonexistent"),
    (("--max-conections", "1"), "unknown option --max-conections; did you mean --max-connections?"),
    (("nothing.py", "--max-conections", "1"), "unknown option --max-conections"),
    (("app:make_app", "more"), "unexpected argument 'more'; see --help"),
    (("--port", "99999"), "'99999' is not a port: give a number from 0 to 65535"),
    (("--host", "nosuchhost.invalid"), "cannot listen on nosuchhost.invalid:8080: the host is not"),
    (("--host", "192.0.2.1", "--port", "8099"), "this machine has no such address"),
    (("--certfile", "/nonexistent"), "certfile cannot be read: No such file or directory"),
    (("--max-requests", "10"), "max_requests: only for workers"),
    (("--path", "/nonexistent/x.sock"), "/nonexistent/x.sock: its folder is not there; make it"),
    (("--path", "app.py"), "app.py: another program listens there, or a file is in the way; give"),
    (("--max-fields", "0"), "must be an int of at least 1, got 0"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_mistakes(
    write: Write, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    write("app.py", APP)
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("treadle run: error: ")
    assert message in error
    assert error.count("\n") == 1


def test_a_port_in_use(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("app.py", APP)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
        assert run("--host", "127.0.0.1", "--port", str(port)) == 2
    error = capsys.readouterr().err
    by = f" by {Path('/proc/self/comm').read_text().strip()!r} (PID {os.getpid()})"
    if sys.platform != "linux":
        by = ""
    assert error == (
        f"treadle run: error: cannot listen on 127.0.0.1:{port}: the port is in use{by}; stop that "
        "program or give another --port\n"
    )


@pytest.mark.parametrize(
    ("error", "port", "text"),
    [
        (PermissionError(errno.EACCES, "x"), 80, "no permission for a port below 1024; give"),
        (PermissionError(errno.EACCES, "x"), None, "no permission; give another --path or --port"),
        (OSError(errno.EADDRINUSE, "in use"), None, "another program listens there"),
        (FileNotFoundError(errno.ENOENT, "x"), None, "its folder is not there"),
        (OSError("a text"), 80, "a text"),
    ],
)
def test_explanations(error: OSError, port: int | None, text: str) -> None:
    assert str(explained(error, port).strerror).startswith(text)


def test_an_import_that_fails(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("app.py", "import nosuchmodule\n")
    assert run() == 2
    assert capsys.readouterr().err == (
        'Traceback (most recent call last):\n  File "app.py", line 1, in <module>\n'
        "    import nosuchmodule\n"
        "ModuleNotFoundError: No module named 'nosuchmodule'\n"
        "treadle run: error: 'app' imports 'nosuchmodule', which is not installed: pip install it, "
        "or mend the import\n"
    )


FAILING = APP.replace("    return app", "    app.on_startup.append(start)\n    return app")


@pytest.mark.parametrize("error", ["OSError(2, 'no db')", "ValueError('x')", "ImportError('x')"])
def test_a_start_that_fails(write: Write, capsys: pytest.CaptureFixture[str], error: str) -> None:
    write("app.py", f"{FAILING}async def start(app):\n    raise {error}\n")
    assert run("-P", "0") == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[1].startswith('  File "app.py", line ')
    assert lines[-1].startswith("treadle run: error: 'app:make_app' did not start: ")


def test_workers_that_cannot_start(write: Write) -> None:
    with Process(write("app.py", "1 / 0\n"), "run", "-P", "0", "-w", "2") as process:
        assert process.wait() == 2
    assert process.output.count("ZeroDivisionError: division by zero\n") >= 1
    assert "treadle run: error: cannot import 'app': ZeroDivisionError" in process.output
