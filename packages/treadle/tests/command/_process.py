"""A `treadle` process whose log is read while it runs."""

import contextlib
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from testkit import PATIENCE, Program


class Process(Program):
    """``treadle`` with ``arguments`` in ``folder``; a block ends it, and its child with it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        super().__init__([sys.executable, "-m", "treadle", *arguments], folder)

    @property
    def output(self) -> str:
        """The lines that were read."""
        return "".join(f"{line}\n" for line in self.seen)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Not at once: the child of one that is killed takes a moment longer.
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE)
        self.close()


def get(url: str, **headers: str) -> tuple[int, str]:
    """Return status and body, over a connection of its own."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
