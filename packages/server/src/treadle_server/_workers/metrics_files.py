"""The files in which workers keep the metrics of ``prometheus_client``, so that any can tell all.

The library's multiprocess mode has one file for each process and kind of metric, whose numbers a
scrape adds up. Those of a process that has ended stay, because what it has counted counts on. So
that the files of a fleet that is rolled for months do not pile up, they are named by a slot instead
of a process: a worker takes the lowest slot that no living worker has, and goes on with the numbers
of the one that had it before.

The supervisor makes the directory and empties it, says in the environment which slot a worker has,
and removes the gauges of workers that have ended, whatever their end was. It does not import the
library: what it imports is in all workers that it forks, and their environment is not its own.
"""

import contextlib
import importlib.util
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, final

__all__ = ["BEGINNINGS", "MetricsFiles", "Place", "find_place"]

#: Called in each worker before it makes its application.
BEGINNINGS: Final[list[Callable[[], None]]] = []

#: The library's variable, which the operator may set too.
_LIBRARY: Final = "PROMETHEUS_MULTIPROC_DIR"
#: The slot of a worker and the process of its supervisor; a program that a worker starts has
#: another parent, and is not a worker.
_WORKER: Final = "TREADLE_METRICS_WORKER"
_DIRECTORY: Final = "TREADLE_METRICS_DIR"


class Place(NamedTuple):
    """The place of a process's files."""

    directory: str
    #: None outside of workers: files are named by the process.
    slot: str | None


def find_place() -> Place | None:
    """Return the place of this process's files, None if it keeps its metrics to itself."""
    directory = os.environ.get(_DIRECTORY)
    slot, _, supervisor = os.environ.get(_WORKER, "").partition(":")
    if directory is not None and supervisor == str(os.getppid()):
        return Place(directory, slot)
    directory = os.environ.get(_LIBRARY)
    return None if directory is None else Place(directory, None)


@final
class MetricsFiles:
    """The supervisor's side; it does nothing unless the library is installed."""

    def __init__(self) -> None:
        self._slots: Final[dict[int, int]] = {}
        self._directory: Path | None = None
        self._is_own = False

    def open(self) -> None:
        """Make the directory, or empty the operator's."""
        if importlib.util.find_spec("prometheus_client") is None:
            return
        given = os.environ.get(_LIBRARY)
        if given is None:
            self._directory = Path(tempfile.mkdtemp(prefix="treadle-metrics-"))
            self._is_own = True
        else:
            self._directory = Path(given)
            self._directory.mkdir(parents=True, exist_ok=True)
            for path in self._directory.glob("*.db"):
                path.unlink()
        os.environ[_DIRECTORY] = str(self._directory)

    def enter(self, worker: int) -> None:
        """Give a worker, by its number, a slot: its process is about to be started."""
        taken = set(self._slots.values())
        slot = next(slot for slot in range(1, len(taken) + 2) if slot not in taken)
        self._slots[worker] = slot
        os.environ[_WORKER] = f"{_name(slot)}:{os.getpid()}"

    def leave(self, worker: int, pid: int) -> None:
        """Free the slot of a worker that has ended; its gauges of living processes end with it."""
        slot = self._slots.pop(worker, None)
        if self._directory is None or slot is None:
            return
        # As ``multiprocess.mark_process_dead`` does. A program's own metrics may be named by the
        # process.
        for name in (_name(slot), str(pid)):
            for path in self._directory.glob(f"gauge_live*_{name}.db"):
                with contextlib.suppress(OSError):
                    path.unlink()

    def close(self) -> None:
        """Remove the directory, if it is our own."""
        if self._directory is not None:
            os.environ.pop(_DIRECTORY, None)
            if self._is_own:
                shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None
        os.environ.pop(_WORKER, None)


def _name(slot: int) -> str:
    # No process has such a name.
    return f"w{slot}"
