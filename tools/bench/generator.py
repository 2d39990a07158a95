"""A load generator for machines without wrk.

    python generator.py PORT REQUEST_FILE SIZE PIPELINED CONNECTIONS SECONDS

Holds that many keep-alive connections to 127.0.0.1. Each sends the next SIZE bytes of the file
(PIPELINED requests) as soon as the last answer to those before is there; all share one place in the
file, and begin again at its end. Prints the same line of JSON as ``wrk.lua``. An answer counts if
its status is 200; anything else is an error. Against the fastest servers it is the slower side:
then requests/s and latency are its own, and what remains comparable is the CPU time of the server
per request.
"""

import asyncio
import json
import sys
import time
from array import array
from collections.abc import Iterator
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import cast, final

import uvloop

LENGTH = b"\r\ncontent-length:"


@final
class Tally:
    """The counts over all connections."""

    def __init__(self) -> None:
        self.latencies = array("d")
        self.errors = 0


@final
class Client(asyncio.Protocol):
    """One connection that is never idle."""

    def __init__(self, writes: Iterator[bytes], pipelined: int, tally: Tally) -> None:
        self._writes = writes
        self._pipelined = pipelined
        self._tally = tally
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        # Body bytes of the answer that is being read.
        self._missing = 0
        self._waiting = 0
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not asyncio's by inheritance.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's name
        # None if this side has closed, at the end of the time.
        if self._transport is not None:
            self._tally.errors += 1

    def stop(self) -> None:
        """Close; responses that are still to come do not count."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while self._answered():
            self._tally.latencies.append(time.perf_counter() - self._sent)
            self._waiting -= 1
        if not self._waiting:
            self._send()

    def _send(self) -> None:
        if self._transport is not None:
            self._waiting = self._pipelined
            self._sent = time.perf_counter()
            self._transport.write(next(self._writes))

    def _answered(self) -> bool:
        """Take one answer off what is unread; False if it is not complete."""
        if not self._missing:
            end = self._unread.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = bytes(self._unread[: end + 2])
            if not head.startswith(b"HTTP/1.1 200 "):
                self._tally.errors += 1
            at = head.lower().find(LENGTH)
            if at < 0:
                raise ValueError(f"An answer without Content-Length: {head!r}")
            at += len(LENGTH)
            self._missing = end + 4 + int(head[at : head.index(b"\r\n", at)])
        if len(self._unread) < self._missing:
            return False
        del self._unread[: self._missing]
        self._missing = 0
        return True


def _same(client: Client) -> Client:
    return client


async def run(
    port: int, writes: Iterator[bytes], pipelined: int, connections: int, seconds: float
) -> None:
    """Load the server and print the result."""
    loop = asyncio.get_running_loop()
    tally = Tally()
    clients = [Client(writes, pipelined, tally) for _ in range(connections)]
    begin = time.perf_counter()
    for client in clients:
        await loop.create_connection(partial(_same, client), "127.0.0.1", port)
    await asyncio.sleep(seconds)
    for client in clients:
        client.stop()
    elapsed = time.perf_counter() - begin
    ordered = sorted(tally.latencies)
    result = {
        "requests": len(ordered),
        "seconds": round(elapsed, 6),
        "p50_us": round(ordered[len(ordered) // 2] * 1e6) if ordered else 0,
        "p99_us": round(ordered[len(ordered) * 99 // 100] * 1e6) if ordered else 0,
        "errors": tally.errors,
    }
    print(json.dumps(result))


def main(arguments: list[str]) -> None:
    """Run as the command line says."""
    port, file, size, pipelined, connections, seconds = arguments
    data = Path(file).read_bytes()
    step = int(size)
    writes = cycle([data[start : start + step] for start in range(0, len(data), step)])
    uvloop.run(run(int(port), writes, int(pipelined), int(connections), float(seconds)))


if __name__ == "__main__":
    main(sys.argv[1:])
