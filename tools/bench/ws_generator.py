"""WebSocket clients that are never idle: the load of ``bench_websocket.py``.

    python ws_generator.py PORT SIZE BATCH CONNECTIONS SECONDS

Each connection sends BATCH masked text messages of SIZE bytes in one write, waits for as many bytes
of echo, and sends again. Prints a line of JSON with the number of echoed messages. No extension
is offered, and echoes are counted, not parsed: the load must cost less than the servers.
"""

import asyncio
import json
import sys
import time
from typing import cast, final

import uvloop

HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
KEY = b"\x37\xfa\x21\x3d"


def header(size: int, masked: int) -> bytes:
    """Return the head of a text frame."""
    if size < 126:
        return bytes([0x81, masked | size])
    if size < 1 << 16:
        return bytes([0x81, masked | 126]) + size.to_bytes(2, "big")
    return bytes([0x81, masked | 127]) + size.to_bytes(8, "big")


def masked_frame(size: int) -> bytes:
    """Return a text message of ``size`` letters as a client sends it."""
    payload = bytes(ord("a") ^ KEY[at & 3] for at in range(size))
    return header(size, 0x80) + KEY + payload


@final
class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, batch: bytes, expected: int) -> None:
        self._batch = batch
        self._expected = expected
        self._missing = 0
        self._open = False
        self._head = b""
        self.batches = 0
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not asyncio's by inheritance.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(HANDSHAKE)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's name
        self.lost = True

    def data_received(self, data: bytes) -> None:
        if not self._open:
            self._head += data
            if self._head.endswith(b"\r\n\r\n"):
                if not self._head.startswith(b"HTTP/1.1 101 "):
                    raise ValueError(f"No WebSocket: {self._head!r}")
                self._open = True
                self._send()
            return
        self._missing -= len(data)
        if self._missing <= 0:
            self.batches += 1
            self._send()

    def _send(self) -> None:
        self._missing = self._expected
        self._transport.write(self._batch)

    def stop(self) -> None:
        """Close; echoes that are still to come do not count."""
        self._transport.abort()


async def run(port: int, size: int, batch: int, connections: int, seconds: float) -> None:
    """Load the server and print the result."""
    loop = asyncio.get_running_loop()
    frames = masked_frame(size) * batch
    expected = (len(header(size, 0)) + size) * batch
    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(
            lambda: Client(frames, expected), "127.0.0.1", port
        )
        clients.append(client)
    begin = time.perf_counter()
    await asyncio.sleep(seconds)
    lost = sum(client.lost for client in clients)
    messages = sum(client.batches for client in clients) * batch
    for client in clients:
        client.stop()
    elapsed = time.perf_counter() - begin
    print(json.dumps({"messages": messages, "seconds": round(elapsed, 6), "lost": lost}))


def main(arguments: list[str]) -> None:
    """Run as the command line says."""
    port, size, batch, connections, seconds = arguments
    uvloop.run(run(int(port), int(size), int(batch), int(connections), float(seconds)))


if __name__ == "__main__":
    main(sys.argv[1:])
