"""The floor: a uvloop protocol that sends a constant and does not look at the received bytes.

    python serve_bare.py ANSWER_FILE REQUEST_SIZE

It writes the bytes of the file once for every REQUEST_SIZE bytes that arrive, with one write for
each read. Binds a free port, prints it, serves until it is told to stop.
"""

import asyncio
import socket
import sys
from pathlib import Path
from typing import cast

import uvloop


class Constant(asyncio.Protocol):
    """Counts bytes and answers."""

    def __init__(self, answer: bytes, request_size: int) -> None:
        self._answer = answer
        self._request_size = request_size
        self._pending = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not asyncio's by inheritance.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's name
        self._transport = None

    def data_received(self, data: bytes) -> None:
        due, self._pending = divmod(self._pending + len(data), self._request_size)
        if due and self._transport is not None:
            self._transport.write(self._answer if due == 1 else self._answer * due)


async def serve(answer: bytes, request_size: int) -> None:
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    server = await loop.create_server(
        lambda: Constant(answer, request_size), sock=listener, backlog=1024
    )
    print(listener.getsockname()[1], flush=True)
    await server.serve_forever()


def main(arguments: list[str]) -> None:
    uvloop.run(serve(Path(arguments[0]).read_bytes(), int(arguments[1])))


if __name__ == "__main__":
    main(sys.argv[1:])
