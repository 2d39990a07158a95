"""Response times of a normal client beside hundreds of slow ones, and the end of the slow ones.

    python tools/bench/slow.py [--connections 500] [--loop uvloop] [--deadline 5]

Starts treadle's server with short deadlines. In each mode, one after the other, hundreds of clients
connect: heads and bodies that trickle in (as slowhttptest sends them), answers that are read byte
by byte or not at all, thousands of ranges, and half a head behind an answer that was not read.
Meanwhile a normal client asks on a new and on a kept connection in turn.

Exit status 1 if one of its answers takes more than 100 ms, or if the server still has a slow client
two seconds after the deadline: it is up to a second late, and lingers for a second.
"""

import argparse
import contextlib
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, final

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._answers import read_answer
from bench._servers import Program, Running, end_on_sigterm, start
from bench._workloads import WORKLOADS
from bench.memory import raise_open_files

REQUEST = WORKLOADS["hello"].request
SERVER = Program("soak", "treadle with short deadlines", ("treadle", "uvloop"))
LIMIT = 0.1
PAUSE = 0.01
#: A deadline is met up to a second late, and behind a refusal the server lingers until its clock
#: ticks again (``serve_soak.py``).
GRACE = 2.0
#: Seconds between two signs of life of a slow client.
BEAT = 1.0
_SMALL_WINDOW: Final = 4096


@final
class Mode(NamedTuple):
    """A kind of slow client."""

    #: What it sends at first, and at each beat.
    first: bytes
    beat: bytes = b""
    #: The bytes that it reads at each beat; None to read all.
    reads: int | None = None
    #: True if it ends its sending side.
    ends: bool = False


_HOST: Final = b" HTTP/1.1\r\nHost: localhost\r\n"
_RANGES: Final = b",".join(b"%d-%d" % (at, at) for at in range(0, 1400, 2))

MODES: Final = {
    "slow head": Mode(b"GET /" + _HOST, b"X-More: 1\r\n"),
    "silent head": Mode(b"GET /" + _HOST),
    "slow body": Mode(b"POST /upload" + _HOST + b"Content-Length: 8192\r\n\r\n", b"xxxxxxxx"),
    "silent body": Mode(b"POST /upload" + _HOST + b"Content-Length: 8192\r\n\r\nx"),
    "slow read": Mode(b"GET /large" + _HOST + b"\r\n", reads=1),
    "no read": Mode(b"GET /large" + _HOST + b"\r\n", reads=0),
    "no read of a stream": Mode(b"GET /stream" + _HOST + b"\r\n", reads=0),
    "ranges": Mode(b"GET /large" + _HOST + b"Range: bytes=" + _RANGES + b"\r\n\r\n"),
    "idle": Mode(b"GET /" + _HOST + b"\r\n"),
    "silent": Mode(b""),
    "half a head behind an answer": Mode(
        b"GET /large?size=60000" + _HOST + b"\r\nGET / HT", reads=0, ends=True
    ),
}
#: Those that are no slower than the server allows: each byte of a body is progress.
PATIENT: Final = frozenset({"slow body"})


def ask_once(port: int, kept: socket.socket | None) -> float:
    """Return the seconds that one answer takes, connecting included."""
    begin = time.monotonic()
    connection = kept or socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.sendall(REQUEST)
    answer = read_answer(connection)
    if answer.status != 200:
        raise SystemExit(f"a normal client got {answer.status}")
    if kept is None:
        connection.close()
    return time.monotonic() - begin


def connect(port: int, mode: Mode) -> socket.socket:
    """Return a slow client that has sent its beginning."""
    client = socket.socket()
    if mode.reads is not None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_WINDOW)
    client.connect(("127.0.0.1", port))
    if mode.first:
        client.sendall(mode.first)
    if mode.ends:
        client.shutdown(socket.SHUT_WR)
    client.setblocking(False)
    return client


def beat(client: socket.socket, mode: Mode) -> None:
    """Send and read a little; a client that was cut goes on all the same."""
    with contextlib.suppress(OSError):
        if mode.beat:
            client.send(mode.beat)
        if mode.reads is None:
            while client.recv(1 << 20):
                pass
        elif mode.reads:
            client.recv(mode.reads)


def descriptors(server: Running) -> int:
    """Return the number of the server's open files."""
    return len(os.listdir(f"/proc/{server.pids[0]}/fd"))  # noqa: PTH208  # names alone


def attack(
    server: Running, mode: Mode, connections: int, enough: Callable[[float, int], bool]
) -> tuple[list[float], float]:
    """Return how long the normal client's answers took, and when the last slow client was gone.

    ``enough`` gets the seconds since the slow clients have connected, and how many are left.
    """
    took: list[float] = []
    with contextlib.ExitStack() as stack:
        kept = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
        took.append(ask_once(server.port, kept))
        before = descriptors(server)
        clients = []
        for number in range(connections):
            clients.append(stack.enter_context(connect(server.port, mode)))
            if number % 50 == 0:
                took.append(ask_once(server.port, kept))
        begin = time.monotonic()
        next_beat = begin + BEAT
        while True:
            took.append(ask_once(server.port, None))
            took.append(ask_once(server.port, kept))
            now = time.monotonic()
            if now >= next_beat:
                for client in clients:
                    beat(client, mode)
                next_beat += BEAT
            if enough(now - begin, descriptors(server) - before):
                return took, now - begin
            time.sleep(PAUSE)


def main() -> int:
    """Run all modes and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("mode", nargs="*", help=f"one of {', '.join(MODES)}; all by default")
    parser.add_argument("--connections", type=int, default=500, help="slow clients (500)")
    parser.add_argument("--loop", default="uvloop", help="asyncio or uvloop (uvloop)")
    parser.add_argument("--deadline", type=float, default=5.0, help="seconds of every deadline (5)")
    options = parser.parse_args()
    if unknown := set(options.mode) - set(MODES):
        parser.error(f"unknown mode {min(unknown)!r}: choose from {', '.join(MODES)}")
    end_on_sigterm()
    raise_open_files(options.connections + 100)
    failed = False
    last = options.deadline + GRACE

    for name in options.mode or MODES:
        # A server of its own: the next mode must not meet what is left of this one.
        with start(SERVER, REQUEST, options.loop, str(options.deadline)) as server:

            def enough(seconds: float, left: int, patient: bool = name in PATIENT) -> bool:
                return seconds > last + 1 if patient else left <= 0 or seconds > last + 10

            took, gone = attack(server, MODES[name], options.connections, enough)
        took.sort()
        late = gone > last and name not in PATIENT
        failed |= took[-1] > LIMIT or late
        print(
            f"{name}: {len(took)} answers beside {options.connections} slow clients, "
            f"median {1000 * took[len(took) // 2]:.1f} ms, slowest {1000 * took[-1]:.1f} ms; "
            + ("they may stay" if name in PATIENT else f"gone after {gone:.1f} s")
            + (", TOO LATE" if late else ""),
            flush=True,
        )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
