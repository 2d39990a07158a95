"""The delay of a stop, in real processes: still served, and no longer ready."""

import signal
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testkit import Program

Start = Callable[..., Program]

APP = """
import asyncio, logging, os, sys
logging.basicConfig(level=logging.INFO, format="%(message)s")
from treadle_responses import Response
from treadle_server import Application, Health, get, run_app

# In one write: the lines of two workers must not mix.
def say(text):
    os.write(1, (text + "\\n").encode())

async def answer(request):
    return Response(text=str(os.getpid()))

async def slow(request):
    say("slow")
    await asyncio.sleep(600)

async def clean_up(app):
    say("cleaned up")

health = Health()
app = Application()
app.add_routes([get("/", answer), get("/slow", slow), *health.routes()])
app.on_shutdown.append(lambda app: say_stop())
app.on_cleanup.append(clean_up)

async def say_stop():
    say("stop")

run_app(app, host="127.0.0.1", port=0, access_log=None, **OPTIONS)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    programs: list[Program] = []

    def starter(**options: object) -> Program:
        code = textwrap.dedent(APP).replace("OPTIONS", repr(options))
        programs.append(Program([sys.executable, "-c", code], tmp_path))
        return programs[-1]

    yield starter
    for program in programs:
        program.close()


def ask(program: Program, path: str) -> tuple[int, bool]:
    """Return the status of an answer on a new connection, and True if it was kept."""
    with program.connect() as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(65_536)
    return int(head.split()[1]), b"Connection: close" not in head


def wait_not_ready(program: Program) -> None:
    # The signal is on its way to the process, and with workers to the next one.
    while ask(program, "/readyz")[0] == 200:
        pass


def wait_all_drain(program: Program, count: int) -> None:
    """Wait until as many processes have the signal: a further one that comes earlier is lost."""
    seen: set[bytes] = set()
    while len(seen) < count:
        with program.connect() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            head, _, pid = sock.recv(65_536).partition(b"\r\n\r\n")
        if b"connection: close" in head.lower():
            seen.add(pid)


@pytest.mark.parametrize("options", [{}, {"workers": 2}], ids=["alone", "workers"])
def test_served_in_the_delay(start: Start, options: dict[str, object]) -> None:
    program = start(drain_delay=600, **options)
    program.wait_running()
    assert ask(program, "/readyz") == (200, True)
    assert ask(program, "/livez") == (200, True)
    program.send(signal.SIGTERM)
    if options:
        program.wait_for("All workers end")
    wait_all_drain(program, 2 if options else 1)
    for _ in range(4):
        assert ask(program, "/") == (200, False)
        assert ask(program, "/livez") == (200, False)
        assert ask(program, "/readyz") == (503, False)
    assert program.process.poll() is None
    # The second one ends the delay, and handlers have their time all the same.
    assert program.end() == 0
    assert program.seen.count("cleaned up") == (2 if options else 1)


@pytest.mark.parametrize("options", [{}, {"workers": 1}], ids=["alone", "workers"])
def test_the_third_signal_ends_the_wait_for_handlers(
    start: Start, options: dict[str, object]
) -> None:
    program = start(drain_delay=600, shutdown_timeout=600, **options)
    program.wait_running()
    with program.connect() as sock:
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        program.wait_for("slow")
        program.send(signal.SIGTERM)
        wait_not_ready(program)
        program.send(signal.SIGTERM)
        program.wait_for("stop")
        assert program.process.poll() is None
        assert program.end() == 0
    assert program.seen.count("cleaned up") == 1


@pytest.mark.parametrize("options", [{}, {"workers": 2}], ids=["alone", "workers"])
def test_the_delay_ends_by_itself(start: Start, options: dict[str, object]) -> None:
    program = start(drain_delay=0.3, **options)
    program.wait_running()
    assert program.end() == 0
    assert program.seen.count("cleaned up") == (2 if options else 1)


def test_a_replaced_worker_has_no_delay(start: Start) -> None:
    program = start(workers=1, drain_delay=600)
    program.wait_running()
    program.send(signal.SIGHUP)
    program.wait_for("has ended")
    assert ask(program, "/readyz") == (200, True)
    program.send(signal.SIGTERM)
    wait_not_ready(program)
    assert program.end() == 0


def test_without_a_delay(start: Start) -> None:
    program = start()
    program.wait_running()
    assert program.end() == 0
    assert program.seen.count("cleaned up") == 1
