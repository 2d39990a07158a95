"""A large upload to a handler that streams: its memory, and its CPU time by megabyte.

    python tools/bench/upload.py [--gigabytes 10] [--multipart [--chunk 8192]] [--at-once 1]

One POST with a Content-Length to treadle and one to aiohttp, in turn; the handlers read pieces as
they come and count their bytes. With ``--multipart`` the body is one file of a form, and the
handlers write it to a temporary file with ``part.read_chunk(chunk)``. With ``--at-once`` there are
several such requests at a time. Printed are the most resident memory beyond that of before the
upload, and the server's CPU time by megabyte.
"""

import argparse
import os
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._account import cpu_seconds, tree
from bench._answers import Answer, read_answer
from bench._servers import SERVERS, Running, end_on_sigterm, start
from bench._workloads import WORKLOADS

MEGABYTE = 1_000_000
REQUEST = WORKLOADS["hello"].request


def peak_bytes(pid: int) -> int:
    """Return the most resident memory that a process has had since ``forget_peak``."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"process {pid} has no VmHWM")


def forget_peak(pid: int) -> None:
    """Reset the peak in the kernel (5 is the code for that, see proc(5))."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


class Body(NamedTuple):
    """A request body: a start, one piece many times, and an end."""

    path: str
    content_type: str
    start: bytes
    piece: bytes
    end: bytes


RAW = Body("/upload", "application/octet-stream", b"", bytes(MEGABYTE), b"")


def form(chunk: int) -> Body:
    """Return a form with one file, as a browser sends it."""
    boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
    start = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="f"; filename="a.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return Body(
        f"/parts?chunk={chunk}",
        f"multipart/form-data; boundary={boundary}",
        start.encode(),
        # Random, so that a search for the boundary finds its first characters now and then.
        os.urandom(MEGABYTE),
        f"\r\n--{boundary}--\r\n".encode(),
    )


def send(port: int, body: Body, megabytes: int) -> Answer:
    """Send one request and return the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        size = len(body.start) + megabytes * MEGABYTE + len(body.end)
        head = (
            f"POST {body.path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {body.content_type}\r\n"
            f"Content-Length: {size}\r\n\r\n"
        )
        connection.sendall(head.encode() + body.start)
        for _ in range(megabytes):
            connection.sendall(body.piece)
        connection.sendall(body.end)
        return read_answer(connection)


def upload(server: Running, body: Body, megabytes: int, at_once: int) -> str:
    """Send so much in each of so many requests and return the line that tells what it took."""
    pid = server.pids[0]
    forget_peak(pid)
    before = peak_bytes(pid)
    cpu = sum(cpu_seconds(tree(pid)).values())
    with ThreadPoolExecutor(at_once) as threads:
        answers = list(threads.map(lambda _: send(server.port, body, megabytes), range(at_once)))
    for answer in answers:
        if (answer.status, answer.body) != (200, str(megabytes * MEGABYTE).encode()):
            raise SystemExit(f"{server.program.title} answered {answer.status} {answer.body!r}")
    cpu = sum(cpu_seconds(tree(pid)).values()) - cpu
    memory = (peak_bytes(pid) - before) / 1024
    return (
        f"{server.program.title}: {at_once} x {megabytes:,} MB, {memory:+,.0f} KiB at most, "
        f"{1e6 * cpu / megabytes / at_once:,.0f} us of CPU time by MB"
    )


def main() -> int:
    """Upload to both and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gigabytes", type=float, default=10, help="how much (10)")
    parser.add_argument("--multipart", action="store_true", help="send a form with one file")
    parser.add_argument("--chunk", type=int, default=8192, help="what is read of it at a time")
    parser.add_argument("--at-once", type=int, default=1, help="how many requests (1)")
    options = parser.parse_args()
    body = form(options.chunk) if options.multipart else RAW
    end_on_sigterm()
    for name in ("treadle", "aiohttp"):
        program = SERVERS[name]
        if program.missing():
            print(f"{program.title} is not installed")
            continue
        with start(program, REQUEST) as server:
            line = upload(server, body, int(1000 * options.gigabytes), options.at_once)
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
