"""The process of a worker: what it does before and around the server that it runs."""

import asyncio
import contextlib
import faulthandler
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import ClassVar, Final, NamedTuple, Protocol, final

from treadle_server._core.errors import workers_logger
from treadle_server._core.logs import log_warning

from .link import Writer
from .logfiles import reopen_logs
from .metrics_files import BEGINNINGS

__all__ = [
    "SIGNALS", "Inherited", "Link", "Serve", "SupportsClose", "UnusableError", "describe_end",
    "run_worker",
]  # fmt: skip

#: The signals of a supervisor. They are blocked while a worker is started, which has the handlers
#: of its supervisor until it has set its own: one of these would swallow the order to end.
SIGNALS: Final = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGUSR1,
    signal.SIGCHLD,
)
#: What the signals' numbers are called.
_NAMES: Final = {number.value: number.name for number in signal.Signals}
#: Seconds between two signs of life.
_BEAT: Final = 1.0


class UnusableError(SystemExit):
    """Raised in a worker by a start that fails for a reason that will not go away."""


class Serve(Protocol):
    """Runs a server on sockets in a worker, and tells the link when it serves.

    SIGTERM ends it, and ``Link.REPLACED`` without the delay of a stop.
    """

    def __call__(self, sockets: list[socket.socket], link: "Link", /) -> None:
        """Return when everything has ended in order."""


class SupportsClose(Protocol):
    """Has a file descriptor that can be closed."""

    def close(self) -> object:
        """Close it."""


class Inherited(NamedTuple):
    """What a worker gets from its supervisor."""

    #: The worker writes its messages into it.
    report: Connection
    #: Its end of input is that of the supervisor.
    lifeline: Connection
    #: What a fork copies that is not the worker's.
    foreign: "tuple[SupportsClose, ...]"


@final
class Link:
    """What ``Serve`` tells its supervisor."""

    #: The signal to a worker whose place another one has taken. Ignored unless it is handled, and
    #: no program sends it.
    REPLACED: ClassVar = signal.SIGURG

    def __init__(self, writer: Writer, lifeline: int) -> None:
        self._writer: Final = writer
        self._lifeline: Final = lifeline
        self._is_ready = False

    @property
    def is_ready(self) -> bool:
        """True once the worker has served."""
        return self._is_ready

    def ready(self, count_requests: Callable[[], int]) -> None:
        """Tell that the worker serves; then give signs of life while the running loop runs.

        ``count_requests`` returns the requests that were handled so far.
        """
        loop = asyncio.get_running_loop()
        loop.add_reader(self._lifeline, self._orphaned, loop)
        loop.add_signal_handler(signal.SIGUSR1, reopen_logs)

        def beat() -> None:
            self._writer.beat(count_requests())
            loop.call_later(_BEAT, beat)

        loop.call_later(_BEAT, beat)
        self._is_ready = True
        # At last: the supervisor may send signals from now on.
        self._writer.ready()

    def _orphaned(self, loop: asyncio.AbstractEventLoop) -> None:
        """End like at a SIGTERM: without a supervisor nobody would ever end this process."""
        loop.remove_reader(self._lifeline)
        message = "The supervisor of process %s has gone: the worker ends"
        log_warning(workers_logger, message, str(os.getpid()))
        os.kill(os.getpid(), signal.SIGTERM)


def describe_end(status: int) -> str:
    """Return what the exit status of a worker says; it is negative for a signal."""
    if status < 0:
        return f"was ended by {_NAMES.get(-status, f'signal {-status}')}"
    return f"ended with status {status}"


def _take_signals() -> None:
    """Set the signals of a worker: the supervisor decides, and tells by SIGTERM."""
    signal.set_wakeup_fd(-1)
    # Ctrl-C reaches every process of a terminal; the others are the supervisor's.
    for number in (
        signal.SIGINT, signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGUSR1,
    ):  # fmt: skip
        signal.signal(number, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)
    # Without a file descriptor behind standard error there is nowhere to print to.
    with contextlib.suppress(AttributeError, OSError, ValueError):
        faulthandler.register(signal.SIGUSR2, file=sys.__stderr__ or sys.stderr, all_threads=True)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def run_worker(serve: Serve, sockets: list[socket.socket], inherited: Inherited) -> None:
    """Run ``serve`` as the whole life of this process."""
    # In the copy; the supervisor keeps its own.
    for each in inherited.foreign:
        each.close()
    _take_signals()
    writer = Writer(inherited.report.fileno())
    link = Link(writer, inherited.lifeline.fileno())
    try:
        for begin in BEGINNINGS:
            begin()
        serve(sockets, link)
    except UnusableError as error:
        writer.failed(str(error.__cause__ or error), unusable=True)
        raise
    except BaseException as error:
        if not link.is_ready:
            writer.failed("".join(traceback.format_exception_only(error)))
        raise
