"""The list of the servers, and how to run each as its own process on its own core.

A server program (``apps/serve_*.py``) binds a free port of the loopback interface and prints it;
everything after that is the same for all of them.
"""

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple, final

from bench._account import tree
from bench._answers import Answer, BadAnswer, ask

__all__ = ["SERVERS", "Program", "Running", "cores", "end_on_sigterm", "start"]

_APPS = Path(__file__).resolve().parent / "apps"
_START_SECONDS = 30.0
_STOP_SECONDS = 10.0


@final
class Program(NamedTuple):
    """A server that can be started."""

    name: str
    #: The name to print.
    title: str
    #: The modules without which it cannot run, named as their distributions.
    needs: tuple[str, ...]
    #: True if it takes the options of ``Workload.option``.
    has_options: bool = False

    def missing(self) -> list[str]:
        """Return its modules that are not installed for this interpreter."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]


_ALL = (
    Program("treadle", "treadle", ("treadle", "uvloop"), has_options=True),
    Program("bare", "a uvloop protocol that answers a constant", ("uvloop",)),
    Program("aiohttp", "aiohttp", ("aiohttp", "uvloop"), has_options=True),
    Program("starlette", "Starlette on uvicorn", ("starlette", "uvicorn", "httptools", "uvloop")),
    Program(
        "treadle-asgi-starlette",
        "Starlette on treadle",
        ("starlette", "treadle_asgi", "uvloop"),
    ),
    Program("uvicorn-raw", "raw ASGI on uvicorn", ("uvicorn", "httptools", "uvloop")),
    Program("treadle-asgi-raw", "raw ASGI on treadle", ("treadle_asgi", "uvloop")),
    Program(
        "asgi_treadle", "treadle on uvicorn", ("treadle_asgi", "uvicorn", "httptools", "uvloop")
    ),
    Program("sanic", "Sanic", ("sanic", "uvloop")),
    Program("blacksheep", "BlackSheep on Granian", ("blacksheep", "granian", "uvloop")),
)

#: All servers by name.
SERVERS: Final = {program.name: program for program in _ALL}


@final
class Running(NamedTuple):
    """A server that has answered its first request."""

    program: Program
    port: int
    #: The process that we started and those that it started.
    pids: list[int]
    #: Its first answer.
    answer: Answer


def cores() -> tuple[int, int] | None:
    """Return a core for the server and one for the load; None if this process has only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed[-1], allowed[0]) if len(allowed) > 1 else None


def end_on_sigterm() -> None:
    """Make SIGTERM raise ``SystemExit``, so that the servers end with this program."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def _first_answer(process: subprocess.Popen[str], port: int, request: bytes) -> Answer:
    """Ask until the server listens: it may print its port earlier.

    Raises ``BadAnswer`` if it does not listen in time.
    """
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            return ask(port, request)
        except ConnectionRefusedError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                message = f"No server listens on port {port}; see its message above"
                raise BadAnswer(message) from error
            time.sleep(0.05)


def _stop(process: subprocess.Popen[str], pids: list[int]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def start(program: Program, request: bytes, *arguments: str) -> Iterator[Running]:
    """Run a server that has answered ``request`` once; it ends with the context.

    ``arguments`` are the program's own. The server gets the core that ``cores`` names.
    Raises ``BadAnswer`` if it ends instead of listening or its response has no Content-Length,
    ``OSError`` if it breaks the connection.
    """
    command = [
        sys.executable,
        str(_APPS / f"serve_{program.name.replace('-', '_')}.py"),
        *arguments,
    ]
    # A session of its own: Ctrl-C reaches us alone, and we stop the servers.
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    pids = [process.pid]
    try:
        if pair := cores():
            # Before the interpreter is up: its threads and children inherit it.
            os.sched_setaffinity(process.pid, {pair[0]})
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.strip().isdigit():
            raise BadAnswer(f"{program.title} ended without a port; see its message above")
        answer = _first_answer(process, int(line), request)
        pids = tree(process.pid)
        yield Running(program, int(line), pids, answer)
    finally:
        _stop(process, pids)
        if process.stdout is not None:
            process.stdout.close()
