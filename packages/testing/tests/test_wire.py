"""The client's reading of responses: framing, informational ones, and the end."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ServerDisconnectedError

from treadle_testing._wire import Answer, MemoryConnection


class Scripted(asyncio.Protocol):
    """A server that answers whatever comes with the same bytes, piece by piece."""

    def __init__(self, pieces: list[bytes], *, closes: bool) -> None:
        self.pieces = pieces
        self.closes = closes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        for piece in self.pieces:
            self.transport.write(piece)
        if self.closes:
            self.transport.close()


def run(
    pieces: list[bytes],
    check: Callable[[MemoryConnection, Answer], Awaitable[None]],
    *,
    method: str = "GET",
    closes: bool = False,
) -> None:
    async def main() -> None:
        connection = MemoryConnection(lambda: Scripted(pieces, closes=closes), {})
        answer = connection.send(method, b"")
        await check(connection, answer)

    asyncio.run(main())


HEAD = b"HTTP/1.1 200 OK\r\n"
EMPTY = HEAD + b"Content-Length: 0\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
# The pieces of the response, the method, if the server closes; status, body, if it can be reused.
CASES: list[tuple[list[bytes], str, bool, int, bytes, bool]] = [
    ([HEAD + b"Content-Length: 2\r\n\r\nab"], "GET", False, 200, b"ab", True),
    ([HEAD, b"Content-Length: 2\r\n\r\n", b"a", b"b"], "GET", False, 200, b"ab", True),
    ([CHUNKED], "GET", False, 200, b"a", True),
    ([HEAD + b"Content-Length: 9\r\n\r\n"], "HEAD", False, 200, b"", True),
    ([b"HTTP/1.1 204 No Content\r\n\r\n"], "GET", False, 204, b"", True),
    ([b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"], "GET", False, 304, b"", True),
    ([HEAD + b"Connection: close\r\nContent-Length: 1\r\n\r\na"], "GET", False, 200, b"a", False),
    ([b"HTTP/1.1 100 Continue\r\n\r\n", EMPTY], "GET", False, 200, b"", True),
    ([HINTS + EMPTY], "GET", False, 200, b"", True),
    ([HEAD + b"\r\nto the end"], "GET", True, 200, b"to the end", False),
    ([b"HTTP/1.0 200 OK\r\n\r\n", b"old"], "GET", True, 200, b"old", False),
]


@pytest.mark.parametrize(("pieces", "method", "closes", "status", "body", "reusable"), CASES)
def test_responses(
    pieces: list[bytes], method: str, closes: bool, status: int, body: bytes, reusable: bool
) -> None:
    async def check(connection: MemoryConnection, answer: Answer) -> None:
        await answer.wait_started()
        assert answer.status == status
        assert await answer.body.read() == body
        assert connection.is_free == reusable
        assert "Link" not in answer.headers

    run(pieces, check, method=method, closes=closes)


@pytest.mark.parametrize(
    "pieces", [[], [HEAD], [b"HTTP/1.1 100 Continue\r\n\r\n"]], ids=["nothing", "head", "100"]
)
def test_no_response(pieces: list[bytes]) -> None:
    async def check(connection: MemoryConnection, answer: Answer) -> None:
        with pytest.raises(ServerDisconnectedError):
            await answer.wait_started()
        assert not connection.is_free

    run(pieces, check, closes=True)


def test_a_body_that_is_cut_off() -> None:
    async def main() -> None:
        protocol = Scripted([HEAD + b"Content-Length: 5\r\n\r\nab"], closes=False)
        connection = MemoryConnection(lambda: protocol, {})
        answer = connection.send("GET", b"")
        await answer.wait_started()
        assert await answer.body.readany() == b"ab"
        protocol.transport.abort()
        with pytest.raises(ServerDisconnectedError):
            await answer.body.readany()

    asyncio.run(main())


def test_a_response_that_is_not_http() -> None:
    async def check(connection: MemoryConnection, answer: Answer) -> None:
        with pytest.raises(Exception, match="Expected HTTP/"):
            await answer.wait_started()

    run([b"SSH-2.0\r\n"], check)
