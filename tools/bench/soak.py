"""Mixed clients for minutes, well-behaved and not: afterwards the server must be what it was.

    python tools/bench/soak.py [--minutes 10] [--loop asyncio --loop uvloop] [--clients 20]

For each event loop a server of its own. The clients ask, pipeline, upload, download, speak
WebSocket, get errors, leave in the middle of each of these, reset, and end their sending side. Ten
times all of them stop, and the server counts its descriptors, tasks, memory and objects by type.

Exit status 1 if at the last count, compared with the first one, there are more descriptors or
tasks, more than 10 % more memory, or more than 10 % (and 200) more objects of a type; or if any
client got an answer that it did not expect.
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
from typing import Final, TypedDict

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

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

    async def head(self) -> int:
        """Return the status of the next answer, whose head is read."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), _SECONDS)
        self.length = 0
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


Act = Callable[[Client, random.Random], Awaitable[None]]


async def get(client: Client, _chance: random.Random) -> None:
    for _ in range(5):
        client.writer.write(_GET)
        await client.answer(200)


async def pipeline(client: Client, _chance: random.Random) -> None:
    client.writer.write(_GET * 50)
    for _ in range(50):
        await client.answer(200)


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
        assert len(await asyncio.wait_for(client.reader.readexactly(10), _SECONDS)) == 10
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


async def visit(port: int, chance: random.Random) -> None:
    """Do one thing on a connection of its own."""
    client = Client(*await asyncio.open_connection("127.0.0.1", port))
    try:
        await chance.choice(ACTS)(client, chance)
    finally:
        client.writer.close()
        with contextlib.suppress(OSError):
            await client.writer.wait_closed()


async def crowd(port: int, clients: int, until: float, chance: random.Random) -> int:
    """Have so many clients come and go; return the number of visits."""
    visits = 0

    async def one() -> None:
        nonlocal visits
        while time.monotonic() < until:
            await visit(port, chance)
            visits += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(one())
    return visits


def facts(port: int) -> Facts:
    """Return the server's counts, once all clients are gone."""
    time.sleep(QUIET)
    answer = ask(port, b"GET /facts" + _HOST + b"Connection: close\r\n\r\n")
    counts: Facts = json.loads(answer.body)
    return counts


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


def soak(loop: str, minutes: float, clients: int, seed: int) -> list[str]:
    """Run on one event loop, print a line for each check, and return the faults."""
    chance = random.Random(seed)
    counts: list[Facts] = []
    with start(SERVER, WORKLOADS["hello"].request, loop, str(DEADLINE)) as server:
        for check in range(CHECKS):
            until = time.monotonic() + 60 * minutes / CHECKS
            visits = asyncio.run(crowd(server.port, clients, until, chance))
            counts.append(facts(server.port))
            now = counts[-1]
            print(
                f"{loop} {check + 1}/{CHECKS}: {visits} visits, {now['descriptors']} descriptors, "
                f"{now['tasks']} tasks, {now['rss'] / 1e6:.1f} MB, "
                f"{sum(now['objects'].values()):,} objects",
                flush=True,
            )
    return compare(counts[0], counts[-1])


def main(arguments: list[str]) -> int:
    """Run as the command line says; exit status 1 if anything has grown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="for each event loop (10)")
    parser.add_argument("--loop", action="append", help="asyncio or uvloop; both by default")
    parser.add_argument("--clients", type=int, default=20, help="clients at a time (20)")
    parser.add_argument("--seed", type=int, default=1, help="of the clients' choices (1)")
    options = parser.parse_args(arguments)
    end_on_sigterm()
    failed = False
    for loop in options.loop or ["asyncio", "uvloop"]:
        faults = soak(loop, options.minutes, options.clients, options.seed)
        for fault in faults:
            print(f"{loop}: {fault}")
        print(f"{loop}: {'more than before' if faults else 'as before'}", flush=True)
        failed |= bool(faults)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
