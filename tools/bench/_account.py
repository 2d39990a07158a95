"""CPU time and memory of a process and its children, from the operating system.

CPU time is user plus system time of all threads, from the CPU-time clock that POSIX has for every
process (clock_getcpuclockid(3)). /proc/PID/stat shows the same time, but in ticks of 10 ms, 1 % of
a round of one second; the clock has nanoseconds. Needs Linux for the list of children and for
memory.
"""

import ctypes
import os
import time
from collections.abc import Iterable
from pathlib import Path

__all__ = ["cpu_seconds", "cpu_used", "rss_bytes", "tree"]

_libc = ctypes.CDLL(None, use_errno=True)


def tree(pid: int) -> list[int]:
    """Return ``pid`` and the processes that it and its children have started."""
    found = [pid]
    for parent in found:  # grows while we look
        for thread in Path(f"/proc/{parent}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def cpu_seconds(pids: Iterable[int]) -> dict[int, float]:
    """Return the CPU time of each process so far; raises ``OSError`` if one has gone."""
    times: dict[int, float] = {}
    for pid in pids:
        clock = ctypes.c_int()
        error: int = _libc.clock_getcpuclockid(pid, ctypes.byref(clock))
        if error:
            raise OSError(error, os.strerror(error), f"process {pid}")
        times[pid] = time.clock_gettime(clock.value)
    return times


def cpu_used(before: dict[int, float], after: dict[int, float]) -> float:
    """Return the CPU time between two results of ``cpu_seconds``; a new process counts from zero.

    Raises ``ProcessLookupError`` if a process has ended in between: its time is lost.
    """
    if lost := before.keys() - after.keys():
        raise ProcessLookupError(f"Processes ended during the measurement: {sorted(lost)}")
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


def rss_bytes(pids: Iterable[int]) -> int:
    """Return the resident memory of the processes, shared pages counted in each."""
    pages = (int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")
