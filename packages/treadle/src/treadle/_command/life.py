"""End the child of ``treadle dev`` with its parent, even if the parent is killed.

The parent keeps the end of a pipe that is written to, and the child reads the other one: the system
closes it with the parent. Without this a child whose parent was killed would hold the port, and
Ctrl+C would not reach it.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator

__all__ = ["follow", "life"]


@contextlib.contextmanager
def life() -> Iterator[int | None]:
    """Give the descriptor that a child reads; None where descriptors are not inherited."""
    if os.name != "posix":
        yield None
        return
    read, write = os.pipe()
    try:
        yield read
    finally:
        os.close(write)
        os.close(read)


def follow(descriptor: int, patience: float) -> None:
    """Stop this process when its parent has ended, and kill it ``patience`` seconds later."""

    def wait() -> None:
        while os.read(descriptor, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        # It may be anywhere, also in an import that does not end.
        time.sleep(patience)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=wait, name="treadle dev: follows its parent", daemon=True).start()
