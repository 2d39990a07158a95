"""``Supervisor``: starts processes, hears them and signals, and does what ``Fleet`` decides.

It has one thread and no event loop, and it runs nothing of the application: whatever a worker does,
the supervisor can still end it.
"""

import contextlib
import gc
import multiprocessing
import os
import selectors
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Final, Literal, final

from treadle_server._core.errors import workers_logger
from treadle_server._core.logs import log_event, log_warning

from .fleet import END_STATUS, End, Fleet, Log, Send, Start, Worker
from .link import Message, Reader
from .logfiles import reopen_logs
from .metrics_files import MetricsFiles
from .settings import WorkerSettings
from .worker import SIGNALS, Inherited, Serve, SupportsClose, run_worker

__all__ = ["START_METHOD", "Supervisor"]


#: How a worker begins. The libraries of macOS do not survive a fork.
START_METHOD: Final[Literal["fork", "spawn"]] = "spawn" if sys.platform == "darwin" else "fork"

#: Seconds between two looks at the workers while nothing happens.
_TICK: Final = 0.25
#: The bytes that are read from a worker at once.
_CHUNK: Final = 65_536


@final
class _Process:
    """The process of a worker and the supervisor's end of its pipe."""

    __slots__ = ("reader", "report", "running", "worker")

    def __init__(self, worker: Worker, running: BaseProcess, report: Connection) -> None:
        self.worker: Final = worker
        self.running: Final = running
        self.report: Final = report
        self.reader: Final = Reader()


@final
class Supervisor:
    """Runs ``serve`` on ``sockets`` in as many processes as the settings say.

    ``on_complete`` is called once, when the first workers serve. The workers begin by
    ``start_method``: ``fork`` copies this process, ``spawn`` starts Python anew and passes
    ``serve`` by pickle. Raises ``ValueError`` outside of the main thread, which alone gets signals.
    """

    def __init__(
        self,
        serve: Serve,
        sockets: list[socket.socket],
        settings: WorkerSettings,
        *,
        on_complete: Callable[[], object] = lambda: None,
        start_method: Literal["fork", "spawn"],
    ) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise ValueError("workers are started by the main thread, since it gets the signals")
        self._serve: Final = serve
        self._sockets: Final = sockets
        self._fleet: Final = Fleet(settings)
        self._on_complete: Final = on_complete
        self._was_complete = False
        self._context: Final[BaseContext] = multiprocessing.get_context(start_method)
        self._forks: Final = start_method == "fork"
        self._selector: Final = selectors.DefaultSelector()
        self._processes: Final[dict[Worker, _Process]] = {}
        self._caught: Final[list[int]] = []
        self._metrics: Final = MetricsFiles()
        # A signal writes into the first one, which ends the wait for workers.
        self._wakers: Final = socket.socketpair()
        # Workers read the end of input from it when this process ends, however it ends.
        self._lifeline, self._life = self._context.Pipe(duplex=False)

    def run(self) -> int:
        """Run until a signal ends it, and return the exit status."""
        self._warn_of_threads()
        try:
            self._metrics.open()
            with self._signals():
                return self._loop()
        finally:
            self._end_all()

    def _loop(self) -> int:
        while True:
            now = time.monotonic()
            for action in self._fleet.step(now):
                if isinstance(action, End):
                    return action.status
                self._do(action, now)
            if not self._was_complete and self._fleet.complete:
                self._was_complete = True
                self._on_complete()
            for key, _ in self._selector.select(_TICK):
                key.data()
            self._take_signals()
            # At each turn: a signal tells of one end, and there may be more.
            self._reap()

    def _do(self, action: Start | Send | Log, now: float) -> None:
        if isinstance(action, Log):
            log_event(workers_logger, action.level, action.message)
        elif isinstance(action, Send):
            process = self._processes.get(action.worker)
            if process is not None and process.running.pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.running.pid, action.number)
        else:
            try:
                self._start(action.worker)
            except OSError as error:
                # Too many processes, or no memory for one.
                action.worker.error = f"its process could not be started: {error}"
                self._fleet.exited(action.worker, END_STATUS, now)

    def _start(self, worker: Worker) -> None:
        report, theirs = self._context.Pipe(duplex=False)
        foreign: tuple[SupportsClose, ...] = ()
        if self._forks:
            others = [process.report for process in self._processes.values()]
            foreign = (self._life, self._selector, *self._wakers, report, *others)
        inherited = Inherited(theirs, self._lifeline, foreign)
        running = self._context.Process(  # type: ignore[attr-defined]  # typeshed has it in the subclasses only
            target=run_worker,
            args=(self._serve, self._sockets, inherited),
            name=f"treadle worker {worker.number}",
        )
        self._metrics.enter(worker.number)
        # What is here now is shared with the worker as long as neither collects it.
        gc.collect()
        gc.freeze()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            with warnings.catch_warnings():
                # Python 3.12 warns of each fork beside threads; this was told once, at the start.
                warnings.simplefilter("ignore", DeprecationWarning)
                running.start()
        except BaseException:
            report.close()
            self._metrics.leave(worker.number, 0)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            gc.unfreeze()
            theirs.close()
        worker.pid = running.pid or 0
        process = self._processes[worker] = _Process(worker, running, report)
        self._selector.register(report.fileno(), selectors.EVENT_READ, lambda: self._hear(process))

    def _hear(self, process: _Process) -> None:
        """Take what a worker has written."""
        try:
            data = os.read(process.report.fileno(), _CHUNK)
        except OSError:
            data = b""
        if not data:
            # It has ended, or has closed what it should not; its exit is seen elsewhere.
            with contextlib.suppress(KeyError):
                self._selector.unregister(process.report.fileno())
            return
        for message in process.reader.feed(data):
            self._take(process.worker, message)

    def _take(self, worker: Worker, message: Message) -> None:
        now = time.monotonic()
        match message.kind:
            case "ready":
                self._fleet.ready(worker, now)
            case "beat":
                worker.requests, worker.rss = message.requests, message.rss
                self._fleet.beat(worker, now)
            case "failed" | "unusable":
                worker.error = message.text
                worker.unusable = message.kind == "unusable"

    def _take_signals(self) -> None:
        fleet = self._fleet
        while self._caught:
            match self._caught.pop(0):
                case signal.SIGINT | signal.SIGTERM:
                    fleet.stop(time.monotonic())
                case signal.SIGHUP:
                    fleet.roll()
                case signal.SIGTTIN:
                    fleet.add()
                case signal.SIGTTOU:
                    fleet.remove()
                case signal.SIGUSR1:
                    reopen_logs()
                    for process in self._processes.values():
                        self._do(Send(process.worker, signal.SIGUSR1), 0.0)

    def _reap(self) -> None:
        """Note which workers have ended; as process 1, also collect strangers that have."""
        for process in list(self._processes.values()):
            status = process.running.exitcode
            if status is not None:
                # What it wrote at last may still be in the pipe.
                self._hear(process)
                self._forget(process)
                self._fleet.exited(process.worker, status, time.monotonic())
        if os.getpid() == 1:
            _collect_strangers({process.worker.pid for process in self._processes.values()})

    def _forget(self, process: _Process) -> None:
        del self._processes[process.worker]
        with contextlib.suppress(KeyError):
            self._selector.unregister(process.report.fileno())
        process.report.close()
        process.running.close()
        self._metrics.leave(process.worker.number, process.worker.pid)

    def _end_all(self) -> None:
        """Leave no process behind, whatever has happened here."""
        for process in list(self._processes.values()):
            process.running.kill()
            process.running.join()
            self._forget(process)
        self._metrics.close()
        for each in (self._selector, *self._wakers, self._life, self._lifeline):
            each.close()

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Collect signals, and wake the wait for workers; put back what was set before."""

        def catch(number: int, _frame: FrameType | None) -> None:
            self._caught.append(number)

        wake, woken = self._wakers
        wake.setblocking(False)
        woken.setblocking(False)
        self._selector.register(woken, selectors.EVENT_READ, lambda: _drain(woken))
        before = {number: signal.signal(number, catch) for number in SIGNALS}
        wakeup = signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)

    def _warn_of_threads(self) -> None:
        others = [thread.name for thread in threading.enumerate()]
        others.remove(threading.current_thread().name)
        if self._forks and others:
            log_warning(
                workers_logger,
                "A fork copies this process without its threads, whose locks may stay locked in "
                "the workers: %s. Start threads in on_startup, which each worker runs",
                ", ".join(others),
            )


def _drain(sock: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):
        while sock.recv(_CHUNK):
            pass


def _collect_strangers(own: set[int]) -> None:
    """Wait for children that are no workers: process 1 gets those whose parent has ended."""
    while True:
        try:
            # Only a look: the statuses of workers are read elsewhere.
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is None or ended.si_pid in own:
            return
        with contextlib.suppress(ChildProcessError):
            os.waitpid(ended.si_pid, 0)
