"""Mixed clients for minutes, well-behaved and not: afterwards the server must be what it was.

    python tools/bench/soak.py [--minutes 10] [--loop asyncio --loop uvloop] [--clients 20]
    python tools/bench/soak.py --workers 2 --max-requests 20000 --requests 1000000

For each event loop a server of its own. The clients ask, pipeline, upload, download, speak
WebSocket, get errors, leave in the middle of each of these, reset, and end their sending side. Ten
times all of them stop, and the server counts its descriptors, tasks, memory and objects by type.

Exit status 1 if at the last count, compared with the first one, there are more descriptors or
tasks, more than 10 % more memory, or more than 10 % (and 200) more objects of a type; or if any
client got an answer that it did not expect.

With ``--workers`` the counts are those of all processes, as the system has them: the processes, the
descriptors of the supervisor and of a worker, and the memory of each. Workers are replaced while
clients are served, so the clients take ``Connection: close`` and the close code 1001 for what they
are, and nothing else.
"""

import argparse
import asyncio
import contextlib
import json
import random
import socket
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, Literal, TypedDict

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._account import rss_bytes, tree
from bench._answers import ask
from bench._servers import Program, end_on_sigterm, start
from bench._workloads import WORKLOADS
from bench.ws_generator import HANDSHAKE, masked_frame

SERVER: Final = Program("soak", "treadle", ("treadle", "uvloop"))
#: Every deadline of the server, and the time that all clients are gone before the server counts.
DEADLINE: Final = 3
QUIET: Final = 5
CHECKS: Final = 10
GROWTH: Final = 1.1
_MANY: Final = 200
_SECONDS: Final = 30

_HOST: Final = b" HTTP/1.1\r\nHost: localhost\r\n"
_GET: Final = b"GET /" + _HOST + b"\r\n"
#: A close frame with the code 1001: the worker is replaced.
_GOING_AWAY: Final = b"\x88\x02\x03\xe9"
_WEBSOCKET: Final = HANDSHAKE.replace(b"GET / ", b"GET /ws ", 1)


class Facts(TypedDict):
    """The counts of ``/facts``."""

    descriptors: int
    tasks: int
    rss: int
    objects: dict[str, int]


class Client:
    """One connection; what waits does so for a bounded time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        #: The answers so far, and the length of the last one's body; if it ends the connection.
        self.answers = 0
        self.length = 0
        self.is_last = False

    async def head(self) -> int:
        """Return the status of the next answer, whose head is read."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), _SECONDS)
        self.answers += 1
        self.length = 0
        self.is_last = b"\r\nconnection: close" in head.lower()
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                self.length = int(line.split(b":")[1])
        return int(head.split(b" ")[1])

    async def answer(self, status: int) -> bytes:
        """Read an answer with a length; it must have this status."""
        found = await self.head()
        if found != status:
            raise SystemExit(f"a client got {found}, not {status}")
        return await asyncio.wait_for(self.reader.readexactly(self.length), _SECONDS)

    def reset(self) -> None:
        """Leave so that the server gets a reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class ProcessFacts(TypedDict):
    """The counts of a supervisor and its workers; those of workers are of the largest."""

    processes: int
    descriptors: int
    worker_descriptors: int
    rss: int
    worker_rss: int


Act = Callable[[Client, random.Random], Awaitable[None]]


async def get(client: Client, _chance: random.Random) -> None:
    for _ in range(5):
        client.writer.write(_GET)
        await client.answer(200)
        if client.is_last:
            break


async def pipeline(client: Client, _chance: random.Random) -> None:
    client.writer.write(_GET * 50)
    for _ in range(50):
        await client.answer(200)
        if client.is_last:
            break


async def upload(client: Client, chance: random.Random) -> None:
    size = chance.choice([1, 10_000, 1_000_000])
    client.writer.write(b"POST /upload" + _HOST + b"Content-Length: %d\r\n\r\n" % size)
    client.writer.write(bytes(size))
    assert await client.answer(200) == b"%d" % size


async def upload_chunks(client: Client, _chance: random.Random) -> None:
    client.writer.write(b"POST /upload" + _HOST + b"Transfer-Encoding: chunked\r\n\r\n")
    client.writer.write(b"400\r\n" + bytes(1024) + b"\r\n")
    await client.writer.drain()
    client.writer.write((b"1\r\na\r\n" * 100) + b"0\r\n\r\n")
    assert await client.answer(200) == b"1124"


async def half_upload(client: Client, chance: random.Random) -> None:
    client.writer.write(b"POST /upload" + _HOST + b"Content-Length: 1000000\r\n\r\n")
    client.writer.write(bytes(chance.randrange(1000)))
    await client.writer.drain()
    if chance.random() < 0.5:
        client.reset()


async def refused_upload(client: Client, _chance: random.Random) -> None:
    client.writer.write(b"POST /nowhere" + _HOST + b"Content-Length: 100000\r\n\r\n")
    client.writer.write(bytes(100_000))
    await client.answer(404)


async def download(client: Client, chance: random.Random) -> None:
    client.writer.write(b"GET /large" + _HOST + b"\r\n")
    if chance.random() < 0.5:
        assert len(await client.answer(200)) == 1 << 20
    else:
        await client.head()
        await client.reader.read(chance.randrange(1, 100_000))
        client.reset()


async def stream(client: Client, chance: random.Random) -> None:
    client.writer.write(b"GET /stream" + _HOST + b"Connection: close\r\n\r\n")
    if chance.random() < 0.5:
        data = await asyncio.wait_for(client.reader.read(), _SECONDS)
        assert data.endswith(b"0\r\n\r\n")
    else:
        await client.head()
        client.reset()


async def fail(client: Client, _chance: random.Random) -> None:
    client.writer.write(b"GET /fail" + _HOST + b"\r\n")
    await client.answer(500)


async def bad_request(client: Client, _chance: random.Random) -> None:
    client.writer.write(b"GET / HTTP/1.1\r\n\r\n")
    await client.answer(400)
    assert await asyncio.wait_for(client.reader.read(), _SECONDS) == b""


async def half_head(client: Client, chance: random.Random) -> None:
    client.writer.write(_GET[: chance.randrange(len(_GET))])
    await client.writer.drain()
    if chance.random() < 0.5:
        client.reset()


async def half_close(client: Client, _chance: random.Random) -> None:
    client.writer.write(_GET)
    client.writer.write_eof()
    await client.answer(200)
    assert await asyncio.wait_for(client.reader.read(), _SECONDS) == b""


async def websocket(client: Client, chance: random.Random) -> None:
    client.writer.write(_WEBSOCKET)
    assert await client.head() == 101
    for _ in range(chance.randrange(20)):
        client.writer.write(masked_frame(8))
        echo = await asyncio.wait_for(client.reader.readexactly(4), _SECONDS)
        if echo == _GOING_AWAY:
            break
        assert len(await asyncio.wait_for(client.reader.readexactly(6), _SECONDS)) == 6
    match chance.randrange(4):
        case 0:
            client.reset()
        case 1:
            client.writer.write(b"\x83\x80mask")
            await asyncio.wait_for(client.reader.read(), _SECONDS)
        case 2:
            client.writer.write(masked_frame(8)[:5])
        case _:
            client.writer.write(b"\x88\x80mask")
            await asyncio.wait_for(client.reader.read(), _SECONDS)


ACTS: Final[tuple[Act, ...]] = (
    get, pipeline, upload, upload_chunks, half_upload, refused_upload, download, stream, fail,
    bad_request, half_head, half_close, websocket,
)  # fmt: skip


async def visit(port: int, chance: random.Random) -> int:
    """Do one thing on a connection of its own; return the number of answers."""
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    try:
        await chance.choice(ACTS)(client, chance)
    finally:
        client.writer.close()
        with contextlib.suppress(OSError):
            await client.writer.wait_closed()
    return client.answers


async def crowd(
    port: int, clients: int, chance: random.Random, seconds: float, answers: int
) -> tuple[int, int]:
    """Have so many clients come and go; return the number of visits and of answers.

    It ends after ``seconds``, or for 0 after so many answers.
    """
    until = time.monotonic() + seconds
    visits = got = 0

    async def one() -> None:
        nonlocal visits, got
        while time.monotonic() < until if seconds else got < answers:
            answered = await visit(port, chance)
            got += answered
            visits += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(one())
    return visits, got


def facts(port: int) -> Facts:
    """Return the server's counts, once all clients are gone."""
    time.sleep(QUIET)
    answer = ask(port, b"GET /facts" + _HOST + b"Connection: close\r\n\r\n")
    counts: Facts = json.loads(answer.body)
    return counts


def process_facts(supervisor: int) -> ProcessFacts:
    """Return the counts of a supervisor and its workers, once all clients are gone."""
    time.sleep(QUIET)
    pids = tree(supervisor)
    return {
        "processes": len(pids),
        "descriptors": _descriptors(supervisor),
        "worker_descriptors": max(map(_descriptors, pids[1:])),
        "rss": rss_bytes(pids[:1]),
        "worker_rss": max(rss_bytes([pid]) for pid in pids[1:]),
    }


_MEMORY: Final[tuple[Literal["rss", "worker_rss"], ...]] = ("rss", "worker_rss")
_Count = Literal["processes", "descriptors", "worker_descriptors"]


def _descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def compare_processes(first: ProcessFacts, last: ProcessFacts) -> list[str]:
    """Return what has grown that must not, of a supervisor and its workers."""
    faults = []
    # A fork copies two descriptors that multiprocessing has of each other worker: those that are
    # there just then.
    spare = 2 * (first["processes"] - 1)
    rooms: tuple[tuple[_Count, int], ...] = (
        ("processes", 0), ("descriptors", 0), ("worker_descriptors", spare),
    )  # fmt: skip
    for name, room in rooms:
        if last[name] > first[name] + room:
            faults.append(f"{name}: {first[name]}, then {last[name]}")
    faults.extend(
        f"{name}: {first[name] / 1e6:.1f} MB, then {last[name] / 1e6:.1f} MB"
        for name in _MEMORY
        if last[name] > GROWTH * first[name]
    )
    return faults


def compare(first: Facts, last: Facts) -> list[str]:
    """Return what has grown that must not."""
    faults = []
    if last["descriptors"] > first["descriptors"]:
        faults.append(f"descriptors: {first['descriptors']}, then {last['descriptors']}")
    if last["tasks"] > first["tasks"]:
        faults.append(f"tasks: {first['tasks']}, then {last['tasks']}")
    if last["rss"] > GROWTH * first["rss"]:
        faults.append(f"memory: {first['rss'] / 1e6:.1f} MB, then {last['rss'] / 1e6:.1f} MB")
    for name, count in last["objects"].items():
        before = first["objects"].get(name, 0)
        if count > GROWTH * before and count > before + _MANY:
            faults.append(f"objects of {name}: {before}, then {count}")
    return faults


def soak(loop: str, options: argparse.Namespace) -> list[str]:
    """Run on one event loop, print a line for each check, and return the faults."""
    chance = random.Random(options.seed)
    counts: list[Facts] = []
    with start(SERVER, WORKLOADS["hello"].request, loop, str(DEADLINE)) as server:
        for check in range(CHECKS):
            visits, answers = _check(server.port, chance, options)
            counts.append(facts(server.port))
            now = counts[-1]
            print(
                f"{loop} {check + 1}/{CHECKS}: {visits} visits, {answers} answers, "
                f"{now['descriptors']} descriptors, {now['tasks']} tasks, "
                f"{now['rss'] / 1e6:.1f} MB, {sum(now['objects'].values()):,} objects",
                flush=True,
            )
    return compare(counts[0], counts[-1])


def soak_workers(loop: str, options: argparse.Namespace) -> list[str]:
    """Do the same with worker processes that are replaced meanwhile."""
    chance = random.Random(options.seed)
    counts: list[ProcessFacts] = []
    limits = str(options.workers), str(options.max_requests)
    with start(SERVER, WORKLOADS["hello"].request, loop, str(DEADLINE), *limits) as server:
        began = set(server.pids)
        for check in range(CHECKS):
            visits, answers = _check(server.port, chance, options)
            counts.append(process_facts(server.pids[0]))
            now = counts[-1]
            print(
                f"{loop} {check + 1}/{CHECKS}: {visits} visits, {answers} answers, "
                f"{now['processes']} processes, {now['descriptors']} descriptors and "
                f"{now['worker_descriptors']} of a worker, {now['rss'] / 1e6:.1f} MB and "
                f"{now['worker_rss'] / 1e6:.1f} MB of a worker",
                flush=True,
            )
        if options.max_requests and began.intersection(tree(server.pids[0])[1:]):
            return ["a worker was not replaced: give more --requests, or fewer --max-requests"]
    return compare_processes(counts[0], counts[-1])


def _check(port: int, chance: random.Random, options: argparse.Namespace) -> tuple[int, int]:
    """Have the clients come for a tenth of the whole time, or of all requests."""
    seconds = 0.0 if options.requests else 60 * options.minutes / CHECKS
    return asyncio.run(crowd(port, options.clients, chance, seconds, options.requests // CHECKS))


def main(arguments: list[str]) -> int:
    """Run as the command line says; exit status 1 if anything has grown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="for each event loop (10)")
    parser.add_argument("--loop", action="append", help="asyncio or uvloop; both by default")
    parser.add_argument("--clients", type=int, default=20, help="clients at a time (20)")
    parser.add_argument("--requests", type=int, default=0, help="instead of minutes")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0 for one without")
    parser.add_argument("--max-requests", type=int, default=0, help="of a worker (no limit)")
    parser.add_argument("--seed", type=int, default=1, help="of the clients' choices (1)")
    options = parser.parse_args(arguments)
    end_on_sigterm()
    failed = False
    for loop in options.loop or ["asyncio", "uvloop"]:
        faults = (soak_workers if options.workers else soak)(loop, options)
        for fault in faults:
            print(f"{loop}: {fault}")
        print(f"{loop}: {'more than before' if faults else 'as before'}", flush=True)
        failed |= bool(faults)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
