"""Memory of a server: growth by requests, and the memory of an idle connection.

    python tools/bench/memory.py [--connections 4000]

First treadle's hello: 1,000 keep-alive requests, then 10,000 more; resident memory should stay
where it was after the first thousand. Then, for treadle, aiohttp and a bare uvloop protocol in
turn, keep-alive connections that have had one answer each and wait: resident memory by connection,
without what the kernel holds for the sockets.
"""

import argparse
import contextlib
import resource
import socket
import sys
import tempfile
from pathlib import Path

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._account import rss_bytes, tree
from bench._answers import BadAnswer, read_answer
from bench._servers import SERVERS, Program, end_on_sigterm, start
from bench._workloads import WORKLOADS

REQUEST = WORKLOADS["hello"].request
#: Files that a process has open besides its connections.
SPARE = 100


def connect(port: int) -> socket.socket:
    """Return a connection to the server."""
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def send(connection: socket.socket, requests: int) -> None:
    """Send so many requests and read their answers."""
    for _ in range(requests):
        connection.sendall(REQUEST)
        read_answer(connection)


def growth(program: Program) -> str:
    """Return a line with the memory after 1,000 and after 11,000 requests."""
    with start(program, REQUEST) as server, connect(server.port) as connection:
        send(connection, 1_000)
        first = rss_bytes(tree(server.pids[0]))
        send(connection, 10_000)
        second = rss_bytes(tree(server.pids[0]))
    return (
        f"{program.title}: {first / 1024:,.0f} KiB after 1,000 requests, "
        f"{second / 1024:,.0f} KiB after 10,000 more ({(second - first) / 1024:+,.0f} KiB)"
    )


def idle(program: Program, connections: int, *arguments: str) -> str:
    """Return a line with the memory of an idle connection."""
    with start(program, REQUEST, *arguments) as server, contextlib.ExitStack() as stack:
        # Memory that the server needs once must not count for the connections.
        send(stack.enter_context(connect(server.port)), 1_000)
        before = rss_bytes(tree(server.pids[0]))
        for _ in range(connections):
            send(stack.enter_context(connect(server.port)), 1)
        after = rss_bytes(tree(server.pids[0]))
    return f"{program.title}: {(after - before) / 1024 / connections:.1f} KiB per idle connection"


def raise_open_files(connections: int) -> int:
    """Raise the limit for us and our children; return how many connections it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + SPARE
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return min(connections, wanted - SPARE)


def main(arguments: list[str]) -> int:
    """Measure and print; exit status 1 if a server answers wrongly."""
    parser = argparse.ArgumentParser(prog="memory")
    parser.add_argument("--connections", type=int, default=4_000, help="at least 1")
    end_on_sigterm()
    asked = max(1, parser.parse_args(arguments).connections)
    connections = raise_open_files(asked)
    if connections < asked:
        print(f"{connections:,} connections: the limit of open files allows no more.")
    try:
        print(growth(SERVERS["treadle"]), flush=True)
        with tempfile.TemporaryDirectory() as folder:
            answer = Path(folder) / "answer"
            with start(SERVERS["treadle"], REQUEST) as treadle:
                answer.write_bytes(treadle.answer.raw)
            print(idle(SERVERS["treadle"], connections), flush=True)
            if SERVERS["aiohttp"].missing():
                print("aiohttp: not installed")
            else:
                print(idle(SERVERS["aiohttp"], connections), flush=True)
            print(idle(SERVERS["bare"], connections, str(answer), str(len(REQUEST))))
    except (BadAnswer, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
