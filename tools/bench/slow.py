"""Response times of a normal client while hundreds of slow clients are connected.

    python tools/bench/slow.py [--connections 500] [--seconds 20]

Starts treadle's server and, in each of its four modes, slowhttptest (Debian: ``slowhttptest``):
heads and bodies that trickle in, answers of 1 MiB that are not read, and thousands of ranges.
Meanwhile a normal client asks on a new and on a kept connection in turn; its slowest answer is
printed, in milliseconds. Exit status 1 if that is above 100 ms in any mode, or if any answer is not
200.
"""

import argparse
import contextlib
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._answers import read_answer
from bench._servers import SERVERS, end_on_sigterm, start
from bench._workloads import WORKLOADS

#: The modes of slowhttptest: a path of the server, and the arguments.
MODES = {
    "slow head": ("/", ["-H", "-i", "1", "-t", "GET"]),
    "slow body": ("/echo", ["-B", "-i", "1", "-s", "8192", "-t", "POST"]),
    "slow read": ("/large", ["-X", "-w", "1", "-y", "16", "-n", "1", "-z", "1", "-k", "3"]),
    "ranges": ("/large", ["-R", "-a", "1", "-b", "3000", "-t", "GET"]),
}
REQUEST = WORKLOADS["hello"].request
LIMIT = 0.1
PAUSE = 0.01


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


def attack(mode: str, port: int, connections: int, seconds: int) -> list[float]:
    """Return how long each of the normal client's answers took while the mode ran."""
    path, arguments = MODES[mode]
    command = [
        "slowhttptest", *arguments, "-c", str(connections), "-r", str(connections), "-l",
        str(seconds), "-p", "2", "-u", f"http://127.0.0.1:{port}{path}",
    ]  # fmt: skip
    took = []
    with contextlib.ExitStack() as stack:
        output = subprocess.DEVNULL
        process = stack.enter_context(subprocess.Popen(command, stdout=output, stderr=output))
        kept = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
        while process.poll() is None:
            took.append(ask_once(port, None))
            took.append(ask_once(port, kept))
            time.sleep(PAUSE)
    return took


def main() -> int:
    """Run all modes and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--connections", type=int, default=500, help="slow clients (500)")
    parser.add_argument("--seconds", type=int, default=20, help="time for each mode (20)")
    options = parser.parse_args()
    if shutil.which("slowhttptest") is None:
        parser.error("slowhttptest is not installed (Debian: apt install slowhttptest)")
    end_on_sigterm()
    failed = False
    with start(SERVERS["treadle"], REQUEST) as server:
        for mode in MODES:
            took = sorted(attack(mode, server.port, options.connections, options.seconds))
            slowest = took[-1]
            failed |= slowest > LIMIT
            print(
                f"{mode}: {len(took)} answers beside {options.connections} slow clients, "
                f"median {1000 * took[len(took) // 2]:.1f} ms, slowest {1000 * slowest:.1f} ms",
                flush=True,
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
