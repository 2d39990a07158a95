"""The pipe from a worker to its supervisor: short lines that are written without a wait.

    ready                  it accepts connections
    beat REQUESTS RSS      its event loop runs; requests handled so far, bytes of memory
    failed TEXT            its start failed
    unusable TEXT          its start failed for a reason that no further attempt can change

A line is shorter than what a pipe takes in one piece, so lines are never mixed or cut.
"""

import contextlib
import os
import resource
import sys
from pathlib import Path
from typing import Final, NamedTuple, final

__all__ = ["Message", "Reader", "Writer", "memory_used"]

#: The characters of a text that are passed on.
_MOST: Final = 300
_STATM: Final = Path("/proc/self/statm")


class Message(NamedTuple):
    """A line of a worker."""

    kind: str
    text: str = ""
    requests: int = 0
    rss: int = 0


def memory_used() -> int:
    """Return the bytes of memory that this process uses; without ``/proc``, the most it had."""
    try:
        return int(_STATM.read_bytes().split()[1]) * resource.getpagesize()
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        # macOS counts bytes, others kibibytes.
        return most if sys.platform == "darwin" else most * 1024


@final
class Writer:
    """The worker's end."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self._fd: Final = fd

    def ready(self) -> None:
        """Tell that the worker accepts connections."""
        self._write("ready")

    def beat(self, requests: int) -> None:
        """Tell that the event loop runs."""
        self._write(f"beat {requests} {memory_used()}")

    def failed(self, text: str, *, unusable: bool = False) -> None:
        """Tell why the worker does not start."""
        line = " ".join(text.split())[:_MOST]
        self._write(f"{'unusable' if unusable else 'failed'} {line}")

    def _write(self, line: str) -> None:
        # If the supervisor does not read, or has ended, this is noticed elsewhere.
        with contextlib.suppress(OSError):
            os.write(self._fd, line.encode("utf-8", "backslashreplace") + b"\n")


@final
class Reader:
    """The supervisor's end: bytes to messages."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages whose lines end in ``data``."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [self._read(line.decode("utf-8", "replace")) for line in lines]

    def _read(self, line: str) -> Message:
        kind, _, text = line.partition(" ")
        if kind == "beat":
            requests, rss = text.split()
            return Message(kind, requests=int(requests), rss=int(rss))
        return Message(kind, text)
