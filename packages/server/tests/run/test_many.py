"""``run_app`` with workers, and the command line with ``--workers``."""

import asyncio
import inspect
import signal
import socket
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from testkit import Program
from treadle_server import Application, run_app
from treadle_server._run import many

Start = Callable[..., Program]

APP = """
import sys
from treadle_responses import Response
from treadle_server import Application, get

async def answer(request):
    return Response(text="first")

async def init(argv):
    sys.stderr.write(f"arguments {argv}\\n")
    app = Application()
    app.add_routes([get("/", answer)])
    return app

def returns_nothing(argv):
    pass
"""
MAIN = "from treadle_server import command_line; command_line()"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start the command line with arguments, or a program."""
    (tmp_path / "webapp.py").write_text(APP)
    # Two versions of a file within a second would have the same compiled file.
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    programs: list[Program] = []

    def starter(*arguments: str, code: str = MAIN) -> Program:
        command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
        programs.append(Program(command, tmp_path))
        return programs[-1]

    yield starter
    for program in programs:
        program.close()


def test_the_command_line_replaces_the_code_too(start: Start) -> None:
    program = start("-H", "127.0.0.1", "-P", "0", "--workers", "2", "webapp:init", "--mine", "x")
    for _ in range(2):
        assert program.wait_for(r"^arguments (.*)$")[1] == "['--mine', 'x']"
    program.wait_running()
    assert program.get() == "first"
    source = program.folder / "webapp.py"
    source.write_text(APP.replace("first", "second"))
    program.send(signal.SIGHUP)
    for _ in range(2):
        program.wait_for("has ended")
    assert program.get() == "second"
    source.write_text(APP + "\nimport no_such_module\n")
    program.send(signal.SIGHUP)
    program.wait_for("unable to import webapp: No module named 'no_such_module'")
    program.wait_for("The old workers go on serving")
    assert program.get() == "second"
    assert program.end() == 0
    assert program.seen[-1] == "Stopped"


# The arguments that are wrong, and the sentence.
WRONG: list[tuple[list[str], str]] = [
    (["-w", "0", "webapp:init"], "'0' is no number of workers: give 1 or more, or 'auto'"),
    (["-w", "-1", "webapp:init"], "'-1' is no number of workers: give 1 or more, or 'auto'"),
    (["-w", "two", "webapp:init"], "'two' is no number of workers: give 1 or more, or 'auto'"),
    (["-w", "2", "webapp:int"], "module 'webapp' has no attribute 'int'; did you mean 'init'?"),
    (["-w", "2", "webap:init"], "unable to import webap: No module named 'webap'"),
    (["-w", "2", "webapp:returns_nothing"], "not None"),
]


@pytest.mark.parametrize(("arguments", "sentence"), WRONG)
def test_mistakes_end_the_command_with_status_2(
    start: Start, arguments: list[str], sentence: str
) -> None:
    program = start("-H", "127.0.0.1", "-P", "0", *arguments)
    assert program.wait() == 2
    assert sentence in "\n".join(program.seen)


def test_a_port_in_use(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        program = start("-H", "127.0.0.1", "-P", port, "-w", "2", "webapp:init")
        assert program.wait() == 2
    assert f"cannot listen on 127.0.0.1:{port}" in program.seen[-1]


SOURCES = {
    "an application": "asyncio.run(webapp.init([]))",
    "a coroutine": "webapp.init([])",
    "a function": "lambda: asyncio.run(webapp.init([]))",
    "an async function": "lambda: webapp.init([])",
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("workers", ["None", "1"])
def test_what_is_served(start: Start, source: str, workers: str) -> None:
    code = f"""
        import asyncio, functools, webapp
        from treadle_server import run_app
        show = functools.partial(print, flush=True)
        run_app(
            {SOURCES[source]}, host="127.0.0.1", port=0, workers={workers}, print=show,
            access_log=None,
        )
    """
    program = start(code=code)
    program.wait_running()
    assert program.get() == "first"
    assert program.end() == 0
    assert "never awaited" not in "\n".join(program.seen)


def test_each_worker_binds_with_reuse_port(start: Start) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = f"""
        import logging, webapp
        from treadle_server import run_app
        logging.basicConfig(level=logging.INFO)
        run_app(lambda: webapp.init([]), host="127.0.0.1", port={port}, workers=2, reuse_port=True)
    """
    program = start(code=code)
    program.wait_for("WARNING:treadle.workers:With reuse_port each worker has a queue of its own")
    program.wait_running()
    assert program.get() == "first"
    assert program.end() == 0


def test_a_unix_socket_is_removed_at_the_end(start: Start, tmp_path: Path) -> None:
    code = """
        import webapp
        from treadle_server import run_app
        run_app(lambda: webapp.init([]), path="web.sock", workers=1)
    """
    program = start(code=code)
    program.wait_for(r"Running on http://unix:web.sock: \(1 worker\)")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "web.sock"))
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert client.recv(65_536).endswith(b"first")
    assert program.end() == 0
    assert not (tmp_path / "web.sock").exists()


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"max_requests": 5}, ValueError, "^max_requests: only for workers; workers=1 is"),
    ({"max_rss": 5, "max_lifetime": 1.0}, ValueError, "^max_lifetime and max_rss: only"),
    ({"workers": 0}, ValueError, "workers must be at least 1, got 0"),
    ({"workers": "many"}, ValueError, "workers must be a number or 'auto', got 'many'"),
    ({"workers": 1, "max_requests": -5}, ValueError, "max_requests must be at least 0, got -5"),
    ({"loop": "trio"}, ValueError, "loop must be 'auto', 'asyncio', 'uvloop' or an event loop"),
]


@pytest.mark.parametrize(("options", "error", "text"), REFUSED)
def test_refused(options: dict[str, Any], error: type[Exception], text: str) -> None:
    async def make() -> Application:
        return Application()

    coroutine = make()
    with pytest.raises(error, match=text):
        run_app(coroutine, **options)
    # Python does not warn of it.
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


def test_a_loop_is_not_for_workers() -> None:
    loop = asyncio.new_event_loop()
    with pytest.raises(TypeError, match="each worker has an event loop of its own: give its name"):
        run_app(Application(), loop=loop, workers=1)
    loop.close()


def test_windows_has_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(many.sys, "platform", "win32")  # type: ignore[attr-defined]  # the module's import
    with pytest.raises(ValueError, match="workers need signals that Windows does not have"):
        run_app(Application(), workers=1)


def test_a_function_that_fails_leaves_no_loop_open() -> None:
    def make() -> Application:
        raise LookupError("no database")

    # pytest takes the warning of a loop that is left open for a failure.
    with pytest.raises(LookupError, match="no database"):
        run_app(make)
