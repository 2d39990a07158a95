"""A `treadle` process whose log is read while it runs."""

import queue
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Self

#: Seconds that anything may take on a busy machine.
LONG = 60


class Process:
    """``treadle`` with ``arguments`` in ``folder``; a block ends it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "treadle", *arguments], cwd=folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self.output = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def until(self, pattern: str) -> re.Match[str]:
        """Read lines until one matches ``pattern``; return the match."""
        while True:
            try:
                line = self._lines.get(timeout=LONG)
            except queue.Empty:
                line = None
            assert line is not None, f"{pattern!r} did not come:\n{self.output}"
            self.output += line
            found = re.search(pattern, line)
            if found is not None:
                return found

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for the end; return the status."""
        status = self._process.wait(LONG)
        self._reader.join(LONG)
        while not self._lines.empty():
            self.output += self._lines.get() or ""
        return status

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self.wait()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


def get(url: str, **headers: str) -> tuple[int, str]:
    """Return status and body, over a connection of its own."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=LONG) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
