"""Servers that are no engine."""

import asyncio

import pytest

from testkit import Run
from testkit.backends import Notes
from treadle_channels import (
    Backend,
    BackendError,
    PostgresBackend,
    RedisPubSubBackend,
    RedisStreamsBackend,
)

ANSWERS = {
    "HTTP": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "nothing": b"",
    "zeros": bytes(1000),
    "an error": b"-ERR what\r\n",
    "another answer": b"+HELLO\r\n",
    "a number": b":1\r\n" * 10,
    "a huge array": b"*2147483647\r\n",
    "a huge string": b"$9223372036854775807\r\nx",
    "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
    "PostgreSQL": b"E\x00\x00\x00\x08SERR\x00",
}


@pytest.mark.parametrize("stays", [True, False], ids=["stays", "closes"])
@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("kind", ["redis-pubsub", "redis-streams", "postgres"])
def test_a_server_that_is_none(kind: str, answer: str, stays: bool, run: Run) -> None:
    def make(port: int) -> Backend:
        if kind == "postgres":
            return PostgresBackend(f"host=127.0.0.1 port={port} user=a dbname=a", timeout=0.2)
        cls = RedisPubSubBackend if kind == "redis-pubsub" else RedisStreamsBackend
        return cls(f"redis://127.0.0.1:{port}", timeout=0.2)

    async def main() -> None:
        left = asyncio.Event()

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1)
            writer.write(ANSWERS[answer])
            if stays:
                await left.wait()
            writer.close()

        async with await asyncio.start_server(accept, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            backend = make(port)
            with pytest.raises(BackendError) as caught:
                await backend.start(Notes())
            assert f"127.0.0.1:{port}" in str(caught.value)
            assert not backend.connected
            left.set()
            await asyncio.sleep(0.01)  # the server's own connections
        assert len(asyncio.all_tasks()) == 1

    run(main())
