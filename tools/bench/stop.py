"""The seconds from SIGTERM to the end of a server with many open WebSockets and event streams.

    python tools/bench/stop.py [--connections 500] [--loop asyncio] [--workers 0] [--slow 0]

Opens as many WebSockets, event streams and kept connections, each time ``--connections``. Half of
the WebSockets do not answer the close frame of the server. ``--slow`` is the time in seconds that
one more request takes. Exit status 1 if a WebSocket is not closed with 1001, an event stream is not
ended as a whole response, or a request that is under way gets no answer.
"""

import argparse
import asyncio
import re
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.ws_generator import HANDSHAKE, KEY

__all__ = ["Result", "measure"]

_PROGRAM: Final = Path(__file__).resolve().parent / "apps" / "serve_stop.py"
_GET: Final = "GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n"
_CLOSE: Final = b"\x88\x02\x03\xe9"
#: The same from the client, masked.
_ANSWER: Final = b"\x88\x82" + KEY + bytes(a ^ b for a, b in zip(_CLOSE[2:], KEY, strict=False))
_SECONDS: Final = 60
#: Connections that are opened at a time.
_AT_A_TIME: Final = 50


@dataclass
class Result:
    """The time of the stop, and the faults that the clients saw."""

    seconds: float
    faults: list[str]


class Client:
    """One connection, which looks at the end that it gets."""

    def __init__(self, kind: str, port: int, *, answers: bool = True) -> None:
        self.kind = kind
        self._port = port
        self._answers = answers
        self._rest = b""

    async def open(self) -> None:
        """Connect, ask, and read up to the point where nothing more comes."""
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        if self.kind == "websocket":
            self._writer.write(HANDSHAKE.replace(b"GET / ", b"GET /ws ", 1))
            ends = b"\r\n\r\n"
        else:
            path = {"stream": "/events", "kept": "/", "slow": "/slow"}[self.kind]
            self._writer.write(_GET.format(path).encode())
            ends = {"stream": b"data: hello\n\n\r\n", "kept": b"World!"}.get(self.kind, b"")
        if ends:
            await asyncio.wait_for(self._reader.readuntil(ends), _SECONDS)

    async def watch(self) -> str:
        """Read up to the end of the connection; return a fault or an empty string."""
        try:
            if self.kind == "websocket" and self._answers:
                self._rest = await asyncio.wait_for(self._reader.readexactly(4), _SECONDS)
                self._writer.write(_ANSWER)
            self._rest += await asyncio.wait_for(self._reader.read(), _SECONDS)
        except (OSError, EOFError) as error:
            if not self._rest:
                return f"{self.kind}: {error!r}"
        finally:
            self._writer.close()
        expected = {"websocket": _CLOSE, "stream": b"0\r\n\r\n", "kept": b"", "slow": b"slow"}
        if self._rest.endswith(expected[self.kind]):
            return ""
        return f"{self.kind}: ended with {self._rest[-40:]!r}"


async def measure(connections: int, loop: str, workers: int, slow: float) -> Result:
    """Start a server, open the connections, stop it, and return what happened."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", str(_PROGRAM), loop, str(workers), str(slow),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        port = 0
        while not port:
            line = (await asyncio.wait_for(process.stdout.readline(), _SECONDS)).decode()
            if not line:
                return Result(0.0, ["the server ended before it served"])
            if found := re.search(r"Running on http://[^,:]+:(\d+)", line):
                port = int(found[1])
        clients = [Client(kind, port) for kind in ("stream", "kept") for _ in range(connections)]
        clients += [
            Client("websocket", port, answers=number % 2 == 0) for number in range(connections)
        ]
        if slow:
            clients.append(Client("slow", port))
        for start in range(0, len(clients), _AT_A_TIME):
            await asyncio.gather(*(each.open() for each in clients[start : start + _AT_A_TIME]))
        watching = asyncio.gather(*(client.watch() for client in clients))
        if slow:
            # Its request is under way.
            await asyncio.sleep(0.2)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        status = await asyncio.wait_for(process.wait(), _SECONDS)
        seconds = time.monotonic() - begun
        faults = [fault for fault in await watching if fault]
        if status:
            faults.append(f"the server ended with status {status}")
        return Result(seconds, faults)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def main() -> int:
    """Measure as the command line says; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--connections", type=int, default=500)
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--slow", type=float, default=0.0)
    options = parser.parse_args()
    result = asyncio.run(measure(options.connections, options.loop, options.workers, options.slow))
    print(
        f"{options.connections} WebSockets, event streams and kept connections each: "
        f"{result.seconds:.2f} s from SIGTERM to the end"
    )
    for fault in result.faults[:20]:
        print(fault)
    return 1 if result.faults else 0


if __name__ == "__main__":
    sys.exit(main())
