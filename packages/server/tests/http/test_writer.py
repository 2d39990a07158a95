"""Responses on the wire: their files are closed, and requests that come early wait."""

import asyncio
from pathlib import Path

import pytest

from testkit import Run, each_loop, serve
from treadle_responses import Response, StreamResponse
from treadle_server import Request


@each_loop
def test_files_as_bodies_are_closed(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"x" * 600_000)
    files = []

    async def handler(request: Request) -> StreamResponse:
        file = path.open("rb")
        files.append(file)
        headers = {"X": "a\r\nb"} if "bad" in request.query else None
        return Response(body=file, headers=headers)

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await peer.response() == (200, b"x" * 600_000)
            await peer.send(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"Content-Length: 600000\r\n" in await peer.head()
            # A head that cannot be sent, and a client that leaves.
            assert (await peer.ask(b"GET /?bad HTTP/1.1\r\nHost: x\r\n\r\n"))[9:12] == b"500"
            gone = await connect()
            await gone.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await gone.exactly(10)
            gone.writer.transport.abort()
            while not files[-1].closed:  # noqa: ASYNC110  # a file tells nobody that it is closed
                await asyncio.sleep(0)
        assert len(files) == 4
        assert [file.closed for file in files] == [True] * 4

    run(main())


class Late(Response):
    """A response whose task goes on when everything is written."""

    ended: asyncio.Event

    async def write_eof(self, data: bytes = b"") -> None:
        await super().write_eof(data)
        await self.ended.wait()


@each_loop
@pytest.mark.parametrize(
    "then",
    [
        "GET /2 HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
    ],
)
@pytest.mark.parametrize("closes", [False, True])
def test_a_request_that_comes_before_the_last_one_has_ended(
    run: Run, then: str, closes: bool
) -> None:
    """A fast client reads the end of a response before the task that has sent it wakes up."""
    ended = asyncio.Event()
    seen: list[str] = []

    async def handler(request: Request) -> StreamResponse:
        seen.append(request.path)
        response = Late(text=request.path + (await request.read()).decode())
        response.ended = ended
        return response

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await peer.response() == (200, b"/1")
            # In two pieces, of which the first is no whole request.
            await peer.send(then[:9].encode())
            other = await connect()
            await other.send(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await other.response() == (200, b"/other")
            await peer.send(then[9:].encode())
            if closes:
                peer.writer.write_eof()
            assert seen == ["/1", "/other"]
            ended.set()
            assert await peer.response() == (200, b"/2abc" if "abc" in then else b"/2")
            if closes:
                assert await peer.rest() == b""

    run(main())
