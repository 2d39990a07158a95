"""A program with a server, as a process of its own, and the lines that it writes."""

import os
import queue
import re
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import Any, Final

import pytest

__all__ = ["PATIENCE", "Program"]

#: The seconds after which a line that does not come is taken for one that never comes.
PATIENCE: Final = 25.0


class Program:
    """A process and the lines that it writes; ``env`` are further variables."""

    def __init__(
        self, command: list[str], folder: Path, env: dict[str, str] | None = None, **options: Any
    ) -> None:
        environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(folder)}
        environment |= env or {}
        self.process: subprocess.Popen[str] = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=environment, **options,
        )  # fmt: skip
        self.folder = folder
        self.port = 0
        self.seen: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def wait_for(self, pattern: str) -> "re.Match[str]":
        """Return the match of the next line that ``pattern`` is found in."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                line = None
            if line is None:
                pytest.fail(f"no line with {pattern!r} came after:\n" + "\n".join(self.seen))
            self.seen.append(line)
            if found := re.search(pattern, line):
                return found

    def wait_running(self) -> None:
        """Wait until the workers serve, and note the port."""
        found = self.wait_for(r"Running on http://[^,:]+:(\d+)")
        self.port = int(found[1])

    def send(self, number: int) -> None:
        """Send a signal to the process."""
        self.process.send_signal(number)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit status; further lines are in ``seen``."""
        self.send(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end, and return the exit status; further lines are in ``seen``."""
        status = self.process.wait(PATIENCE)
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            self.seen.append(line)
        return status

    def close(self) -> None:
        """End the process at once, and wait until nobody writes any more."""
        self.process.kill()
        self.process.wait()
        self._reader.join(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def connect(self) -> socket.socket:
        """Return a new connection to the program."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def get(self, path: str = "/") -> str:
        """Return the body of an answer on a new connection."""
        with self.connect() as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while piece := sock.recv(65_536):
                answer += piece
        return answer.partition(b"\r\n\r\n")[2].decode()

    def pids(self) -> list[int]:
        """Return the processes of the workers as the log tells them: those that serve last."""
        return [int(pid) for pid in re.findall(r"\(process (\d+)\) serves", "\n".join(self.seen))]
