"""Memory of idle WebSockets: that of each beyond its TCP connection, and the rest afterwards.

    python tools/bench/memory_websocket.py [--connections 5000]

For treadle and aiohttp in turn, with the programs of ``bench_websocket.py``: first silent TCP
connections; then each opens a WebSocket and has one message echoed; then all close; then as many
connect again. Resident memory after each step, without what the kernel holds for the sockets.
What Python frees goes to its own pools first: memory that came back shows in the second crowd,
which must not need more than the first.
"""

import argparse
import importlib.util
import socket
import sys
import time
from pathlib import Path

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._account import rss_bytes
from bench._servers import end_on_sigterm
from bench.bench_websocket import server
from bench.memory import raise_open_files
from bench.ws_generator import HANDSHAKE, masked_frame

SERVERS = ("treadle", "aiohttp")
MESSAGE = masked_frame(8)
ECHO_BYTES = 10
CLOSE = b"\x88\x80mask"


def connect(port: int, connections: int) -> list[socket.socket]:
    """Return silent connections."""
    return [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(connections)]


def open_websocket(connection: socket.socket) -> None:
    """Open a WebSocket and have a message echoed."""
    connection.sendall(HANDSHAKE)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(4096)
    if not head.startswith(b"HTTP/1.1 101 "):
        raise SystemExit(f"No WebSocket: {head!r}")
    connection.sendall(MESSAGE)
    echo = b""
    while len(echo) < ECHO_BYTES:
        echo += connection.recv(4096)


def leave(connections: list[socket.socket]) -> None:
    """Close them all, as WebSockets do."""
    for connection in connections:
        connection.sendall(CLOSE)
    for connection in connections:
        while connection.recv(4096):
            pass
        connection.close()


def measure(name: str, connections: int) -> str:
    """Return a line about one server."""
    with server(name) as (pid, port):
        # Memory that the server needs once must not count for the connections.
        first = connect(port, 20)
        for connection in first:
            open_websocket(connection)
        leave(first)
        steps = [rss_bytes([pid])]
        for _ in range(2):
            crowd = connect(port, connections)
            # The server accepts them in its own time.
            time.sleep(1)
            steps.append(rss_bytes([pid]))
            for connection in crowd:
                open_websocket(connection)
            steps.append(rss_bytes([pid]))
            leave(crowd)
            time.sleep(1)
            steps.append(rss_bytes([pid]))
    tcp = (steps[1] - steps[0]) / connections / 1024
    websocket = (steps[2] - steps[1]) / connections / 1024
    megabytes = " ".join(f"{step / 1e6:.1f}" for step in steps)
    return (
        f"{name}: {websocket:.1f} KiB per idle WebSocket beyond {tcp:.1f} KiB per TCP connection\n"
        "  MB at the start, with TCP connections, with WebSockets, when they left; and again: "
        f"{megabytes}"
    )


def main(arguments: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="memory_websocket")
    parser.add_argument("--connections", type=int, default=5_000, help="at least 1")
    end_on_sigterm()
    asked = max(1, parser.parse_args(arguments).connections)
    connections = raise_open_files(asked)
    if connections < asked:
        print(f"{connections:,} connections: the limit of open files allows no more.")
    for name in SERVERS:
        if importlib.util.find_spec(name) is None:
            print(f"{name}: not installed")
            continue
        print(measure(name, connections), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
