"""Who listens on a port: for the sentence that says that it is in use.

Linux tells it in ``/proc``, for the processes of the same user; elsewhere nothing is known.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ["listener_of"]

_LISTEN: Final = "0A"


def listener_of(port: int, proc: Path = Path("/proc")) -> str | None:
    """Return the process that listens on the TCP port, as ``'nginx' (PID 12)``, None if unknown."""
    inodes = set(_inodes(port, proc))
    if not inodes:
        return None
    for process in proc.iterdir():
        if process.name.isdecimal() and inodes & set(_sockets(process)):
            try:
                name = (process / "comm").read_text().strip()
            except OSError:
                name = "?"
            return f"{name!r} (PID {process.name})"
    return None


def _inodes(port: int, proc: Path) -> Iterator[str]:
    """Yield the inodes of the sockets that listen on ``port`` (proc_pid_net(5))."""
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                yield f"socket:[{fields[9]}]"


def _sockets(process: Path) -> Iterator[str]:
    try:
        for descriptor in (process / "fd").iterdir():
            try:
                yield os.readlink(descriptor)  # noqa: PTH115  # many, and no path is needed
            except OSError:
                continue
    except OSError:
        return
