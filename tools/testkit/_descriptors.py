"""Count the file descriptors that a test must not leave open."""

import asyncio
import contextlib
from pathlib import Path

from ._loops import LOOPS, new_loop

__all__ = ["open_descriptors"]

_TABLE = Path("/proc/self/fd")

# libuv opens descriptors for the whole process with its first event loop, and keeps them: before
# the first count, or they would be taken for those of a test.
for _name in LOOPS:
    with contextlib.closing(new_loop(_name)) as _loop:
        _loop.run_until_complete(asyncio.sleep(0))


def open_descriptors() -> int:
    """Return the number of file descriptors that this process has open; 0 without ``/proc``."""
    return len(list(_TABLE.iterdir())) if _TABLE.exists() else 0
