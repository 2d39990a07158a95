"""``treadle dev``: serve an application while it is worked on.

This process binds the sockets and keeps them open, starts a process that serves on them
(``child``), and watches the files. After a change it has the child finish its requests, and starts
another one: connections that come meanwhile wait in the queue of the socket, and none is refused.
A child that ends by itself is replaced by one that says so.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn, final

from treadle_server import ServerConfig
from treadle_server.interfaces import (
    LoopName,
    add_server_arguments,
    bind_tcp,
    bind_unix,
    check_server_arguments,
    default_port,
    new_loop,
    serve_with_arguments,
)

from .child import VARIABLE, Handover
from .entry import EntryError, app_folder, find_entry
from .life import life
from .options import add_tuning, given_tuning
from .parser import Parser
from .run import add_entry, add_logs, explained
from .watch import Files, changes

__all__ = ["add_dev", "dev"]

#: Seconds after which a child that does not end is killed.
_KILL_AFTER: Final = 5.0
#: Seconds between two looks at a child that ends by itself.
_LOOK: Final = 0.2
_BACKLOG: Final = 1024
#: The program of a child. A Ctrl+C in the terminal goes to it too: while it imports, it leaves the
#: answer to its parent, which ends it.
_START: Final = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); import runpy; "
    "runpy.run_module('treadle._command.child_main', run_name='__main__', alter_sys=True)"
)


def add_dev(parser: argparse.ArgumentParser) -> None:
    """Add all arguments of ``treadle dev``."""
    add_entry(parser)
    add_server_arguments(parser)
    add_logs(parser)
    parser.add_argument(
        "--watch", action="append", default=[], type=Path, metavar="DIR",
        help="another folder to watch; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--include", action="append", default=[], metavar="PATTERN",
        help="names of further files whose change matters, such as '*.css'; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="PATTERN",
        help="names of files and folders whose change does not matter; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--poll", action="store_true",
        help="look at the files every third of a second, even where watchfiles is installed",
    )  # fmt: skip
    parser.add_argument("--no-reload", action="store_true", help="watch nothing")
    add_tuning(parser)


@final
class _Child:
    """The process that serves."""

    def __init__(
        self,
        command: Sequence[str],
        sockets: Sequence[socket.socket],
        address: str,
        life: int | None,
    ) -> None:
        self._command: Final = command
        self._sockets: Final = sockets
        self._address: Final = address
        self._process: subprocess.Popen[bytes] | None = None
        self._serves_problem = False
        self._life: Final = life

    def start(self, changed: list[str], problem: str | None = None) -> None:
        """Start it, because of ``changed``; with a ``problem`` it serves only that."""
        fds = [sock.fileno() for sock in self._sockets]
        inherited = [*fds, *([] if self._life is None else [self._life])]
        handover: Handover = {
            "fds": fds, "life": self._life, "changed": changed, "since": time.time(),
            "address": self._address, "problem": problem,
        }  # fmt: skip
        self._serves_problem = problem is not None
        self._process = subprocess.Popen(  # noqa: S603  # this interpreter, with our arguments
            self._command, env=os.environ | {VARIABLE: json.dumps(handover)}, pass_fds=inherited
        )

    def replace_dead(self) -> int | None:
        """Start one that says so if it has ended by itself; its status then, None if it serves."""
        status = None if self._process is None else self._process.poll()
        if status is None or status == 2:
            return status
        self._process = None
        if self._serves_problem:
            # This one has not helped.
            sys.stderr.write("Nothing serves until the next change of a file\n")
        else:
            self.start([], _death(status))
        return status

    def stop(self) -> int:
        """End it: its requests may finish, and it is killed if it does not end; its status."""
        process = self._process
        if process is None:
            return 0
        if process.poll() is None:
            process.terminate()
        try:
            return process.wait(_KILL_AFTER)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def runs(self) -> bool:
        """Return True until it has ended."""
        return self._process is not None and self._process.poll() is None


def _death(status: int) -> str:
    how = f"with status {status}"
    if status < 0:
        with contextlib.suppress(ValueError):
            how = f"by {signal.Signals(-status).name}"
    return (
        f"the process of the application ended {how}, and what it has written last is in the "
        "terminal; it is started again after the next change of a file"
    )


def _bind(parser: Parser, options: argparse.Namespace) -> tuple[list[socket.socket], str]:
    """Return the listening sockets, and their address as a person types it."""
    tls = options.certfile is not None
    host: str = options.hostname or "localhost"
    port: int = default_port(tls=tls) if options.port is None else options.port
    try:
        if options.path is not None and options.hostname is None and options.port is None:
            return [bind_unix(options.path, _BACKLOG)], f"the Unix socket {options.path}"
        sockets = bind_tcp([host], port, _BACKLOG)
    except OSError as error:
        where = options.path if options.hostname is None and options.path else f"{host}:{port}"
        parser.error(f"cannot listen on {where}: {explained(error, port).strerror}")
    port = sockets[0].getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    return sockets, f"{'https' if tls else 'http'}://{shown}:{port}"


def _check(parser: Parser, options: argparse.Namespace) -> None:
    """Exit with a sentence for options with which no child could serve."""
    check_server_arguments(parser, options)
    given = given_tuning(options)
    for name in given:
        if name not in ServerConfig.keywords() and name != "shutdown_timeout":
            flag = "--" + name.replace("_", "-")
            parser.error(
                f"{flag}: `treadle dev` has one process and its own socket; see `treadle run`"
            )

    def try_options(*, loop: LoopName | None = None, **_: object) -> None:
        ServerConfig.from_options(given)
        new_loop(loop).close()

    # It reads the certificate.
    serve_with_arguments(parser, options, try_options)


def dev(
    parser: Parser, options: argparse.Namespace, rest: list[str], arguments: Sequence[str]
) -> NoReturn:
    """Serve until Ctrl+C; exits with status 2 and a sentence if the command line is wrong."""
    if options.workers is not None:
        parser.error("--workers: `treadle dev` has one process, `treadle run` has workers")
    _check(parser, options)
    try:
        folder = app_folder(options.app_dir)
        find_entry(options.entry, folder)
    except EntryError as error:
        parser.refuse_unknown(argument for argument in rest if argument.startswith("-"))
        parser.error(str(error))
    for watched in options.watch:
        if not watched.is_dir():
            parser.error(f"--watch: there is no folder {watched}")
    sockets, address = _bind(parser, options)
    # Without byte code (-B): Python takes a file for unchanged that was saved twice in a second
    # and has the same size. Without the current directory (-P) until the application is imported: a
    # types.py there would be the one that Python itself starts with.
    command = [sys.executable, "-B", "-P", "-c", _START, *arguments]
    stop = threading.Event()
    with _ended_by_signals(stop), contextlib.ExitStack() as opened:
        child = _Child(command, sockets, address, opened.enter_context(life()))
        for sock in sockets:
            opened.callback(sock.close)
        opened.callback(child.stop)
        if options.no_reload:
            child.start([])
            while not stop.wait(_LOOK) and child.runs():
                pass
            parser.exit(child.stop())
        files = Files([folder, *options.watch], options.include, options.ignore)
        found = changes(files, stop, poll=options.poll)
        child.start([])
        for changed in found:
            if stop.is_set():
                break
            if changed:
                child.stop()
                if stop.is_set():
                    break
                child.start(changed)
            elif child.replace_dead() == 2:
                # It has said which part of the command line is wrong.
                parser.exit(2)
    parser.exit(message="Stopped\n")


@contextlib.contextmanager
def _ended_by_signals(stop: threading.Event) -> Iterator[None]:
    def end(_signal: int, _frame: object) -> None:
        stop.set()

    before = [(number, signal.signal(number, end)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
