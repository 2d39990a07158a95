"""``Fleet``: the decisions about workers, without a process, a clock or a signal.

The supervisor tells what has happened, and ``step`` returns what is to be done now. A worker goes
through its phases in one direction:

    STARTING   its process runs and prepares to serve
    SERVING    it accepts connections
    LEAVING    it was told to end and finishes what it has begun
    KILLED     it was ended by force, or is about to be

A worker is replaced by another one that takes its place once it serves, so a worker that cannot
start takes nothing away. One worker is replaced at a time.
"""

import enum
import logging
import random
import signal
from typing import Final, NamedTuple, final

from .settings import WorkerSettings
from .worker import Link, describe_end

__all__ = ["END_STATUS", "Action", "End", "Fleet", "Log", "Phase", "Send", "Start", "Worker"]

#: The exit status of a supervisor whose workers cannot start.
END_STATUS: Final = 3

#: The signals that are sent to a worker: to end in order, to print its stacks, to end at once.
LEAVE: Final = signal.SIGTERM
#: To a worker that served, and is not needed any more: it ends without the delay of a stop.
REPLACED: Final = Link.REPLACED
SHOW_STACKS: Final = signal.SIGUSR2
KILL: Final = signal.SIGKILL

#: Starts that fail one after the other before the supervisor gives up, if no worker serves.
_MOST_FAILURES: Final = 3
#: Seconds before a worker is started again whose start has failed: doubled by each failure.
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
#: A worker that served for fewer seconds is not replaced at once if it is not the first such one.
#: The pause is shorter, because others that serve may be as good as before.
_SHORT_LIFE: Final = 5.0
_LONGEST_CRASH_PAUSE: Final = 2.0
#: Seconds from the stacks of a worker that hangs to its end; not more than ``heartbeat_timeout``.
_GRACE: Final = 5.0
#: What the first, the second and each further stop does.
_STOPS: Final = (
    "All workers end",
    "All workers end without a wait for handlers",
    "All workers are killed",
)


class Phase(enum.Enum):
    """The phases of a worker."""

    STARTING = "starting"
    SERVING = "serving"
    LEAVING = "leaving"
    KILLED = "killed"


@final
class Worker:
    """One worker. The supervisor sets ``pid`` and what the worker tells."""

    __slots__ = (
        "beat",
        "error",
        "hung_since",
        "max_lifetime",
        "max_requests",
        "max_rss",
        "number",
        "phase",
        "pid",
        "replaces",
        "requests",
        "rss",
        "since",
        "stale",
        "unusable",
    )

    def __init__(self, number: int, now: float, settings: WorkerSettings) -> None:
        share = 1.0 - settings.limit_jitter * random.random()  # noqa: S311  # no secret
        self.number: Final = number
        self.max_requests: Final = settings.max_requests * share
        self.max_lifetime: Final = settings.max_lifetime * share
        self.max_rss: Final = settings.max_rss * share
        #: The process, 0 before it has begun.
        self.pid = 0
        self.phase = Phase.STARTING
        #: The time at which the phase began.
        self.since = now
        #: The time of its last sign of life, and what it told then.
        self.beat = now
        self.requests = 0
        self.rss = 0
        #: What it told of its start that failed.
        self.error = ""
        #: True if another attempt to start would fail for the same reason.
        self.unusable = False
        #: The worker whose place it takes once it serves.
        self.replaces: Worker | None = None
        #: Why it is to be replaced; empty if it is not.
        self.stale = ""
        #: The time at which it was found to hang.
        self.hung_since: float | None = None

    def __str__(self) -> str:
        return f"Worker {self.number} (process {self.pid})"

    def limit(self, now: float) -> str:
        """Return the limit that the worker has reached, ``""`` if there is none."""
        if self.max_requests and self.requests >= self.max_requests:
            return f"it has handled {self.requests} requests"
        if self.max_lifetime and now - self.since >= self.max_lifetime:
            return f"it has served for {now - self.since:.0f} s"
        if self.max_rss and self.rss >= self.max_rss:
            return f"it uses {self.rss / 2**20:.0f} MiB"
        return ""


class Start(NamedTuple):
    """Start the process of a worker."""

    worker: Worker


class Send(NamedTuple):
    """Send a signal to the process of a worker."""

    worker: Worker
    number: int


class Log(NamedTuple):
    """Write a line to the log."""

    level: int
    message: str


class End(NamedTuple):
    """End the supervisor with a status."""

    status: int


Action = Start | Send | Log | End


@final
class Fleet:
    """The workers of a supervisor, and what is to be done about them."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings: Final = settings
        #: The number of workers that are wanted; ``add`` and ``remove`` change it.
        self.wanted = settings.workers
        self.workers: Final[list[Worker]] = []
        self._actions: Final[list[Action]] = []
        self._count = 0
        # Starts that failed and short lives, one after the other.
        self._failures = 0
        self._crashes = 0
        # The time before which no worker is started.
        self._not_before = 0.0
        # How often a stop was asked for, and the time to which workers serve on after it.
        self._stops = 0
        self._drains_until = 0.0

    # What happens.

    def ready(self, worker: Worker, now: float) -> None:
        """Note that a worker serves."""
        if worker.phase is not Phase.STARTING:
            return
        self._enter(worker, Phase.SERVING, now)
        worker.beat = now
        worker.hung_since = None
        self._failures = 0
        old, worker.replaces = worker.replaces, None
        self._log(logging.INFO, f"{worker} serves")
        if old is not None:
            self._log(logging.INFO, f"{old} is replaced: {old.stale}")
            self._leave(old, now)

    def beat(self, worker: Worker, now: float) -> None:
        """Note a sign of life of a worker."""
        worker.beat = now
        if worker.hung_since is not None and worker.phase is Phase.SERVING:
            worker.hung_since = None
            self._log(logging.WARNING, f"{worker} answers again")

    def exited(self, worker: Worker, status: int, now: float) -> None:
        """Note that the process of a worker has ended, with a status as of ``subprocess``."""
        self.workers.remove(worker)
        for other in self.workers:
            if other.replaces is worker:
                other.replaces = None
        if worker.phase is Phase.STARTING and not self._stops:
            self._start_failed(worker, status, now)
        elif worker.phase is Phase.SERVING and not self._stops:
            self._log(logging.ERROR, f"{worker} {describe_end(status)}; another one is started")
            if now - worker.since < _SHORT_LIFE:
                pause = _FIRST_PAUSE * 2 ** (self._crashes - 1) if self._crashes else 0.0
                self._not_before = now + min(pause, _LONGEST_CRASH_PAUSE)
                self._crashes += 1
            else:
                self._crashes = 0
        elif worker.phase is Phase.KILLED or status:
            self._log(logging.WARNING, f"{worker} {describe_end(status)}")
        else:
            self._log(logging.INFO, f"{worker} has ended")

    # What is asked for.

    def roll(self) -> None:
        """Replace all workers, one after the other."""
        if self._stops:
            return
        self._log(logging.INFO, "All workers are replaced, one after the other")
        for worker in self.workers:
            if worker.phase in (Phase.STARTING, Phase.SERVING):
                worker.stale = "a reload was asked for"

    def add(self) -> None:
        """Want one worker more."""
        self.wanted += 1
        self._log(logging.INFO, f"The number of workers is {self.wanted}, one more")

    def remove(self) -> None:
        """Want one worker less; the last one stays."""
        if self.wanted > 1:
            self.wanted -= 1
            self._log(logging.INFO, f"The number of workers is {self.wanted}, one less")
        else:
            self._log(logging.WARNING, "The last worker stays; SIGTERM ends all")

    def stop(self, now: float) -> None:
        """End all workers; the second time without a wait for handlers, the third time at once.

        While workers serve on in their delay, another time ends the delay.
        """
        if self._stops and now < self._drains_until:
            self._drains_until = 0.0
            self._log(logging.INFO, "All workers end without a further delay")
        else:
            self._drains_until = 0.0 if self._stops else now + self._settings.drain_delay
            self._stops += 1
            self._log(logging.INFO, _STOPS[min(self._stops, len(_STOPS)) - 1])
        for worker in self.workers:
            if self._stops > 2:
                self._kill(worker, now)
            elif worker.phase in (Phase.STARTING, Phase.SERVING):
                self._leave(worker, now, LEAVE)
            elif worker.phase is Phase.LEAVING:
                self._actions.append(Send(worker, LEAVE))

    # What is to be done.

    def step(self, now: float) -> list[Action]:
        """Return what is to be done now, in this order."""
        for worker in self.workers:
            self._watch(worker, now)
        if not self._stops:
            self._replace(now)
            self._level(now)
        elif not self.workers:
            self._actions.append(End(0))
        actions = self._actions[:]
        self._actions.clear()
        return actions

    @property
    def complete(self) -> bool:
        """True if as many workers serve as are wanted, and nothing is about to change."""
        return len(self.workers) == self.wanted and all(
            worker.phase is Phase.SERVING and not worker.stale for worker in self.workers
        )

    def _watch(self, worker: Worker, now: float) -> None:
        """End a worker that takes too long for its phase, and find one that hangs."""
        settings, spent = self._settings, now - worker.since
        if worker.phase is Phase.LEAVING and spent > settings.stop_timeout:
            self._log(
                logging.WARNING, f"{worker} did not end within {settings.stop_timeout:g} s: SIGKILL"
            )
            self._kill(worker, now)
        elif worker.phase is Phase.STARTING and spent > settings.start_timeout:
            reason = f"it was not ready after {settings.start_timeout:g} s"
            if worker.hung_since is None:
                worker.error = reason
            self._doubt(worker, now, reason)
        elif worker.phase is Phase.SERVING and now - worker.beat > settings.heartbeat_timeout:
            self._doubt(worker, now, f"its event loop has not run for {now - worker.beat:.0f} s")

    def _doubt(self, worker: Worker, now: float, reason: str) -> None:
        """Have a worker that hangs print its stacks, and end it after a grace."""
        grace = min(_GRACE, self._settings.heartbeat_timeout)
        if worker.hung_since is None:
            worker.hung_since = now
            self._log(
                logging.ERROR,
                f"{worker} hangs: {reason}. It prints its stacks, and is ended unless it goes on "
                f"within {grace:g} s",
            )
            self._actions.append(Send(worker, SHOW_STACKS))
        elif now - worker.hung_since > grace:
            if worker.phase is Phase.STARTING:
                # It stays in its phase, so that its end counts as a start that failed.
                self._actions.append(Send(worker, KILL))
            else:
                self._kill(worker, now)

    def _replace(self, now: float) -> None:
        """Start the replacement of one worker, if one is to be replaced."""
        for worker in self.workers:
            if worker.phase is Phase.SERVING and not worker.stale:
                worker.stale = worker.limit(now)
        if now < self._not_before or any(worker.replaces for worker in self.workers):
            return
        for worker in self.workers:
            if worker.stale and worker.phase is Phase.SERVING:
                self._start(now).replaces = worker
                return

    def _level(self, now: float) -> None:
        """Start workers that are missing; end those that are too many, the oldest first."""
        held = [
            worker
            for worker in self.workers
            if worker.phase is Phase.SERVING
            or (worker.phase is Phase.STARTING and worker.replaces is None)
        ]
        if len(held) < self.wanted:
            if now >= self._not_before:
                for _ in range(self.wanted - len(held)):
                    self._start(now)
            return
        for worker in held[: len(held) - self.wanted]:
            self._leave(worker, now)
            for other in self.workers:
                if other.replaces is worker:
                    # Nobody needs its replacement.
                    self._leave(other, now)

    def _start_failed(self, worker: Worker, status: int, now: float) -> None:
        reason = worker.error or f"it {describe_end(status)}"
        self._failures += 1
        pause = min(_FIRST_PAUSE * 2 ** (self._failures - 1), _LONGEST_PAUSE)
        self._not_before = now + pause
        serving = [other for other in self.workers if other.phase is Phase.SERVING]
        if not serving and worker.unusable:
            self._log(logging.CRITICAL, f"Workers cannot start: {reason}")
            self._actions.append(End(status if status > 0 else END_STATUS))
            return
        if not serving and self._failures >= _MOST_FAILURES:
            self._log(
                logging.CRITICAL, f"No worker could start in {self._failures} attempts: {reason}"
            )
            self._actions.append(End(END_STATUS))
            return
        self._log(logging.ERROR, f"{worker} did not start: {reason}")
        if worker.replaces is not None:
            for other in serving:
                # A limit that is reached is noticed again, after the pause.
                other.stale = ""
            self._log(logging.ERROR, "The old workers go on serving")

    def _start(self, now: float) -> Worker:
        self._count += 1
        worker = Worker(self._count, now, self._settings)
        self.workers.append(worker)
        self._actions.append(Start(worker))
        return worker

    def _leave(self, worker: Worker, now: float, number: int = REPLACED) -> None:
        if worker.phase is Phase.STARTING:
            number = LEAVE
        self._enter(worker, Phase.LEAVING, now)
        worker.replaces = None
        self._actions.append(Send(worker, number))

    def _kill(self, worker: Worker, now: float) -> None:
        self._enter(worker, Phase.KILLED, now)
        self._actions.append(Send(worker, KILL))

    def _enter(self, worker: Worker, phase: Phase, now: float) -> None:
        worker.phase = phase
        worker.since = now

    def _log(self, level: int, message: str) -> None:
        self._actions.append(Log(level, message))
