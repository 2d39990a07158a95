"""``run_app`` and the command line, as processes of their own, and what signals do to them."""

import asyncio
import contextlib
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from treadle_server import Application, GracefulExit, access_logger, run_app

Start = Callable[..., "subprocess.Popen[str]"]

MAIN = "from treadle_server import command_line; command_line()"

APP = """
import asyncio, sys
from treadle_responses import Response
from treadle_server import get
from treadle_server import Application, run_app

async def hello(request):
    return Response(text="Hello, world")

async def slow(request):
    print("slow begins", flush=True)
    await asyncio.sleep(0.3)
    return Response(text="finished")

async def cleanup(app):
    yield
    print("cleaned up", flush=True)

def init(argv):
    app = Application()
    app.add_routes([get("/", hello), get("/slow", slow)])
    app.cleanup_ctx.append(cleanup)
    app["argv"] = argv
    return app

async def ainit(argv):
    return init(argv)

not_a_function = 3

def returns_nothing(argv):
    pass
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    (tmp_path / "webapp.py").write_text(APP)
    processes: list[subprocess.Popen[str]] = []

    def starter(*arguments: str, code: str | None = None) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", textwrap.dedent(code)] if code else None
        process = subprocess.Popen(
            command or [sys.executable, "-c", MAIN, *arguments],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(tmp_path)},
        )  # fmt: skip
        processes.append(process)
        return process

    yield starter
    for process in processes:
        process.kill()
        process.communicate()


def first_url(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    assert found, (line, process.stderr and process.stderr.read())
    return found[0]


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as response:
        body: bytes = response.read()
        return body


RUN = "from webapp import *\nrun_app(init([]), host='127.0.0.1', port=0)"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_handlers_finish_and_cleans_up(start: Start, number: int) -> None:
    process = start(code=RUN)
    url = first_url(process)
    assert get(url) == b"Hello, world"
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert process.stdout is not None
        assert process.stdout.readline() == "(Press CTRL+C to quit)\n"
        assert process.stdout.readline() == "slow begins\n"
        process.send_signal(number)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
        assert answer.endswith(b"finished")
        assert b"\r\nConnection: close\r\n" in answer
    out, err = process.communicate(timeout=10)
    assert (out, err, process.returncode) == ("cleaned up\n", "", 0)


# What does not end by itself; and the steps of the stop that still run to their end.
STUCK = {
    "a handler": ("await asyncio.sleep(1000)", "pass", "pass", "cleaned up\n"),
    "a handler that catches its cancellation": (
        (
            "while True:\n        with contextlib.suppress(asyncio.CancelledError):\n"
            "            await asyncio.sleep(1000)"
        ),
        "pass", "pass", "cleaned up\n",
    ),
    "on_shutdown": ("pass", "await asyncio.sleep(1000)", "pass", "cleaned up\n"),
    "on_cleanup": ("pass", "pass", "await asyncio.sleep(1000)", "cleaned up\n"),
    "all": (
        "await asyncio.sleep(1000)", "await asyncio.sleep(1000)", "await asyncio.sleep(1000)",
        "cleaned up\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize(
    ("stuck", "number"), [*((name, signal.SIGINT) for name in STUCK), ("all", signal.SIGTERM)]
)
def test_more_signals_end_a_stop_quickly_and_quietly(
    start: Start, stuck: str, loop: str, number: int
) -> None:
    pytest.importorskip(loop)
    handler, on_shutdown, on_cleanup, rest = STUCK[stuck]
    process = start(
        code=f"""
import contextlib
import {loop} as loops
from webapp import *
async def wait(request):
    print("handler", flush=True)
    {handler}
    return Response()
async def shut_down(app):
    print("stopping", flush=True)
    {on_shutdown}
async def clean_up(app):
    {on_cleanup}
app = init([])
app.router.add_get("/wait", wait)
app.on_shutdown.append(shut_down)
app.on_cleanup.append(clean_up)
run_app(app, host="127.0.0.1", port=0, loop=loops.new_event_loop())
# At once: a signal during the end of the interpreter would be that of no stop.
import gc, os
gc.collect()
print("ended", flush=True)
os._exit(0)
"""
    )
    url = first_url(process)
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    assert process.stdout is not None
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(b"GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
        assert process.stdout.readline() == "(Press CTRL+C to quit)\n"
        assert process.stdout.readline() == "handler\n"
        process.send_signal(number)
        assert process.stdout.readline() == "stopping\n"
        for _ in range(4):
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(1)
                break
    assert process.returncode == 0
    # ``communicate`` would not see what ``readline`` has buffered.
    assert process.stderr is not None
    assert (process.stdout.read(), process.stderr.read()) == (rest + "ended\n", "")


@pytest.mark.parametrize(
    ("keywords", "error", "sentence"),
    [
        ({"access_log_class": str}, TypeError, "access_log_class must be subclass of Abstract"),
        ({"access_log_class": "x"}, TypeError, "AbstractAsyncAccessLogger, got 'x'"),
        ({"port": 99999}, ValueError, "port must be from 0 to 65535, got 99999"),
        ({"port": -1}, ValueError, "port must be from 0 to 65535, got -1"),
        ({"port": "8080x"}, TypeError, "port must be an int from 0 to 65535, got '8080x'"),
        ({"port": True}, TypeError, "port must be an int from 0 to 65535, got True"),
        ({"trusted_proxies": "10.0.0.1"}, TypeError, "trusted_proxies must be a list of address"),
        ({"trusted_proxies": ["10.0.0.1/8"]}, ValueError, "write '10.0.0.0/8'"),
        ({"trusted_proxies": 0, "workers": 1}, ValueError, "from 1 to 100"),
    ],
)  # fmt: skip
def test_a_wrong_argument(keywords: Any, error: type[Exception], sentence: str) -> None:
    started: list[object] = []

    async def start_up(app: Application) -> None:
        started.append(app)

    async def make() -> Application:
        return app

    app = Application()
    app.on_startup.append(start_up)
    for given in (app, make()):
        with pytest.raises(error, match=re.escape(sentence)):
            run_app(given, print=None, **keywords)
    assert started == []


def test_a_clean_up_that_fails_does_not_keep_the_rest() -> None:
    ended: list[str] = []

    async def left_running() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("task")

    async def start_up(app: Application) -> None:
        tasks.append(asyncio.create_task(left_running()))
        await asyncio.sleep(0)
        raise GracefulExit

    async def clean_up(app: Application) -> AsyncIterator[None]:
        yield
        raise OSError("clean-up")

    async def not_called(app: Application) -> None:
        ended.append("on_cleanup")

    tasks: list[asyncio.Task[None]] = []
    app = Application()
    app.on_startup.append(start_up)
    app.cleanup_ctx.append(clean_up)
    app.on_cleanup.append(not_called)
    with pytest.raises(OSError, match="clean-up"):
        run_app(app, port=0, print=None)
    assert ended == ["task"]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(
    ("error", "code"), [("SystemExit(3)", 3), ("KeyboardInterrupt", 0), ("GracefulExit", 0)]
)
def test_a_handler_that_stops_the_program(
    start: Start, error: str, code: int, waits: bool, loop: str
) -> None:
    """The stop is orderly, whether the handler runs eagerly or has waited before."""
    pytest.importorskip(loop)
    process = start(
        code=f"""
        import {loop} as loops
        from webapp import *
        from treadle_server import GracefulExit
        async def stop(request):
            if {waits}:
                await asyncio.sleep(0)
            raise {error}
        app = init([])
        app.router.add_get("/stop", stop)
        run_app(app, host="127.0.0.1", port=0, loop=loops.new_event_loop())
        """
    )
    url = first_url(process)
    assert process.stdout is not None
    assert process.stdout.readline() == "(Press CTRL+C to quit)\n"
    with pytest.raises(OSError, match=r"closed|reset"):
        get(f"{url}/stop")
    out, err = process.communicate(timeout=10)
    assert (out, process.returncode) == ("cleaned up\n", code)
    if waits or sys.version_info < (3, 12):
        assert err == ""
    else:
        # asyncio logs the task, which its eager start gave to no caller; we log nothing.
        assert err.startswith("Task exception was never retrieved\n")
        assert err.count("Traceback") == 1


def test_a_coroutine_makes_the_application(start: Start) -> None:
    code = "from webapp import *\nrun_app(ainit([]), host='127.0.0.1', port=0)"
    assert get(first_url(start(code=code))) == b"Hello, world"


def test_unix_socket_and_bound_socket(start: Start, tmp_path: Path) -> None:
    process = start(
        code="""
        import socket
        from webapp import *
        sock = socket.create_server(("127.0.0.1", 0))
        run_app(init([]), path="server.sock", sock=sock)
        """
    )
    url = first_url(process)
    assert get(url.rstrip(",")) == b"Hello, world"
    path = tmp_path / "server.sock"
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert client.recv(65536).endswith(b"Hello, world")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert not path.exists()


def test_a_failed_start_still_leaves_the_contexts(start: Start) -> None:
    process = start(
        code="""
        from webapp import *
        app = init([])
        async def fail(app):
            raise RuntimeError("no database")
        app.on_startup.append(fail)
        run_app(app, host="127.0.0.1", port=0)
        """
    )
    out, err = process.communicate(timeout=10)
    assert out == "cleaned up\n"
    assert err.rstrip().endswith("RuntimeError: no database")
    assert process.returncode == 1


def test_the_command_line_serves(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = start("-H", "127.0.0.1", "-P", str(port), "webapp:init", "--own", "arguments")
    assert get(first_url(process)) == b"Hello, world"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 0
    assert err.rstrip().endswith("Stopped")


def test_a_wrong_entry_has_no_traceback(start: Start) -> None:
    process = start("no_such_module:init")
    out, err = process.communicate(timeout=10)
    assert "unable to import no_such_module" in err
    assert "Traceback" not in err
    assert (out, process.returncode) == ("", 2)


@pytest.mark.parametrize("error", [GracefulExit, KeyboardInterrupt, SystemExit])
def test_a_start_that_stops_the_program(error: type[BaseException]) -> None:
    seen: list[str] = []

    async def context(app: Application) -> AsyncIterator[None]:
        seen.append("entered")
        yield
        seen.append("left")

    async def stop(app: Application) -> None:
        raise error

    app = Application()
    app.cleanup_ctx.append(context)
    app.on_startup.append(stop)
    # Only an exit that is not a signal's reaches the caller.
    with pytest.raises(SystemExit) if error is SystemExit else contextlib.nullcontext():
        run_app(app, host="127.0.0.1", port=0, print=None)
    assert seen == ["entered", "left"]


def test_a_port_in_use_is_a_sentence_and_status_2(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start("-H", "127.0.0.1", "-P", str(port), "webapp:init")
        _, err = process.communicate(timeout=10)
    assert f"cannot listen on 127.0.0.1:{port}: " in err
    assert "in use" in err
    assert "Traceback" not in err
    assert process.returncode == 2


def _stopping() -> Application:
    """Return an application that ends the program when it has started."""
    app = Application()

    async def stop(app: Application) -> None:
        raise GracefulExit

    app.on_startup.append(stop)
    return app


def test_an_unknown_option_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    app = Application()
    hosts: Any = ()

    def stop(_text: str) -> None:
        asyncio.get_running_loop().call_soon(_raise_keyboard_interrupt)

    options: Any = {"keep_alive_timeout": 1}
    run_app(app, host=hosts, print=stop, **options)
    (record,) = caplog.records
    assert "has no option keep_alive_timeout, it is ignored. Did you" in record.getMessage()


def _raise_keyboard_interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("keywords", "sites"),
    [
        ({"port": 0}, 1),
        ({"host": ()}, 0),
        ({"path": ()}, 0),
        ({"sock": ()}, 0),
        ({"path": (), "port": 0}, 1),
        ({"host": (), "port": 0}, 0),
        ({"host": ("127.0.0.1", "127.0.0.2"), "port": "0"}, 2),
    ],
)
def test_an_empty_list_asks_for_nothing(keywords: Any, sites: int) -> None:
    shown: list[str] = []

    def stop(text: str) -> None:
        shown.append(text)
        asyncio.get_running_loop().call_soon(_raise_keyboard_interrupt)

    run_app(Application(), print=stop, **keywords)
    (text,) = shown
    assert text.count("http://") == sites


def test_the_loop_of_the_caller_is_closed() -> None:
    loop = asyncio.new_event_loop()
    run_app(_stopping(), print=None, loop=loop)
    assert loop.is_closed()


def test_a_task_that_fails_at_the_end_reaches_the_loops_handler() -> None:
    loop = asyncio.new_event_loop()
    seen: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _loop, context: seen.append(context))
    error = ValueError("late")
    tasks: list[asyncio.Task[None]] = []

    async def fail() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise error

    async def start(app: Application) -> None:
        tasks.append(asyncio.create_task(fail()))
        await asyncio.sleep(0)
        raise GracefulExit

    app = Application()
    app.on_startup.append(start)
    run_app(app, print=None, loop=loop)
    message = "unhandled exception during asyncio.run() shutdown"
    assert seen == [{"message": message, "exception": error, "task": tasks[0]}]


@pytest.mark.parametrize(
    ("debug", "name", "level", "shown"),
    [
        (True, access_logger.name, logging.NOTSET, True),
        (True, access_logger.name, logging.ERROR, True),
        (False, access_logger.name, logging.NOTSET, False),
        (True, "mine", logging.NOTSET, False),
    ],
)
def test_the_default_access_log_is_shown_in_debug_mode(
    debug: bool, name: str, level: int, shown: bool
) -> None:
    loop = asyncio.new_event_loop()
    loop.set_debug(debug)
    # A logger without a parent: the one of the tests has handlers.
    logger = logging.Logger(name, level)  # noqa: LOG001  # not to stay behind
    run_app(_stopping(), print=None, loop=loop, access_log=logger)
    assert bool(logger.handlers) == shown
    assert logger.level == (logging.DEBUG if shown and not level else level)
