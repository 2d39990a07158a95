"""What a worker does around the server that it runs, in a process of its own."""

import multiprocessing
import os
import signal
import socket
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest

from treadle_server._workers.link import Message, Reader
from treadle_server._workers.worker import Inherited, Link, Serve, UnusableError, run_worker

Ended = tuple[int | None, list[Message]]


def run_in_process(serve: Serve) -> Ended:
    """Return the exit status of a worker and its messages."""
    context = multiprocessing.get_context("fork")
    report, theirs = context.Pipe(duplex=False)
    lifeline, life = context.Pipe(duplex=False)
    inherited = Inherited(theirs, lifeline, (life, report))
    process = context.Process(target=run_worker, args=(serve, [], inherited))
    process.start()
    theirs.close()
    process.join(25)
    data = b"".join(_pieces(report))
    for each in (report, lifeline, life):
        each.close()
    return process.exitcode, Reader().feed(data)


def _pieces(report: Connection) -> Iterator[bytes]:
    while piece := os.read(report.fileno(), 65_536):
        yield piece


def succeed(sockets: list[socket.socket], link: Link) -> None:
    assert sockets == []
    assert not link.is_ready


def fail(_sockets: list[socket.socket], _link: Link) -> None:
    raise LookupError("no\ndatabase")


def fail_for_good(_sockets: list[socket.socket], _link: Link) -> None:
    raise UnusableError(2) from TypeError("no application")


def leave(_sockets: list[socket.socket], _link: Link) -> None:
    raise SystemExit(7)


def fail_later(_sockets: list[socket.socket], link: Link) -> None:
    link._is_ready = True  # a start that has succeeded
    raise LookupError("later")


# What runs in the worker; the exit status, and the messages before it.
ENDS: dict[str, tuple[Serve, int, list[Message]]] = {
    "in order": (succeed, 0, []),
    "by an error": (fail, 1, [Message("failed", "LookupError: no database")]),
    "for good": (fail_for_good, 2, [Message("unusable", "no application")]),
    "by itself": (leave, 7, [Message("failed", "SystemExit: 7")]),
    "after its start": (fail_later, 1, []),
}


@pytest.mark.parametrize("name", ENDS)
def test_ends(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    serve, status, messages = ENDS[name]
    assert run_in_process(serve) == (status, messages)
    errors = capfd.readouterr().err
    assert ("LookupError" in errors) is (serve in (fail, fail_later))


def raise_signals(*numbers: int) -> Serve:
    def serve(_sockets: list[socket.socket], _link: Link) -> None:
        for number in numbers:
            signal.raise_signal(number)

    return serve


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1]
)
def test_signals_that_are_the_supervisors(number: int) -> None:
    assert run_in_process(raise_signals(number)) == (0, [])


def test_stacks(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_in_process(raise_signals(signal.SIGUSR2, signal.SIGUSR2)) == (0, [])
    assert capfd.readouterr().err.count("Current thread") == 2


def test_before_it_serves_sigterm_ends_it() -> None:
    assert run_in_process(raise_signals(signal.SIGTERM)) == (-signal.SIGTERM, [])
