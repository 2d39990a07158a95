"""A connection that goes on with another protocol, on real sockets: here one that shouts."""

import asyncio
from collections.abc import Callable

import pytest
from multidict import CIMultiDict

from testkit import GET, Run, each_loop, serve
from treadle_responses import RequestInfo as AnyRequest
from treadle_responses import Response, StreamResponse
from treadle_server import BaseRequest, ClientConnectionResetError, Request
from treadle_server._http.writer import StreamWriter
from treadle_server._transport.flow import FlowControl
from treadle_server._transport.upgrade import Upgraded, UpgradeOwner

UPGRADE = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n"


class Shout(Upgraded):
    """Sends back what comes in capitals, until a full stop."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.events: list[str] = []

    def take_over(
        self, owner: UpgradeOwner, transport: asyncio.Transport, flow: FlowControl
    ) -> None:
        self.owner = owner
        self.transport = transport
        self.events.append("take over")

    def data_received(self, data: bytes) -> None:
        self.transport.write(data.upper())
        if data.endswith(b"."):
            self.end()
        if data.endswith(b"!"):
            self.end(linger=True)

    def end(self, *, linger: bool = False) -> None:
        self.done.set()
        self.owner.end_upgrade(linger=linger)

    def eof_received(self) -> bool:
        self.events.append("eof")
        self.done.set()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append("lost")
        self.done.set()
        self.owner.connection_lost(exc)

    def pause_writing(self) -> None:
        self.owner.watch_writing(True)

    def resume_writing(self) -> None:
        self.owner.watch_writing(False)

    def handler_failed(self, error: BaseException | None) -> None:
        self.events.append(f"failed: {error}")
        self.end()

    def shut_down(self) -> None:
        self.events.append("shut down")
        self.transport.write(b"BYE")
        self.end()


class Shouting(StreamResponse):
    """The response of such a handler."""

    def __init__(self, shout: Shout) -> None:
        super().__init__(status=101)
        self.shout = shout

    async def prepare(self, request: AnyRequest) -> None:
        assert isinstance(request, BaseRequest)
        if not self.prepared:
            headers = CIMultiDict({"Connection": "Upgrade", "Upgrade": "shout"})
            request.response_writer.switch(headers, self.shout)
            self.begin_sending(request, request.response_writer)

    async def write_eof(self, data: bytes = b"") -> None:
        await self.shout.done.wait()


def handler_of(shouts: list[Shout]) -> Callable[[Request], object]:
    async def handler(request: Request) -> StreamResponse:
        if not request.headers.get("Upgrade"):
            return Response(text="no")
        shouts.append(Shout())
        return Shouting(shouts[-1])

    return handler


@each_loop
def test_the_bytes_are_the_new_protocols(run: Run) -> None:
    async def main() -> None:
        shouts: list[Shout] = []
        async with serve(handler_of(shouts)) as connect:  # type: ignore[arg-type]  # a handler
            peer = await connect()
            # What comes with the request, and what comes later; answers before it stay before.
            await peer.send(GET + UPGRADE + b"hello")
            assert await peer.response() == (200, b"no")
            assert (await peer.head()).startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
            assert await peer.exactly(5) == b"HELLO"
            await peer.send(GET)
            assert await peer.exactly(len(GET)) == GET.upper()
            await peer.send(b"bye.")
            assert await peer.rest() == b"BYE."
        assert shouts[0].events == ["take over"]

    run(main())


@each_loop
def test_lingering_drops_what_still_comes(run: Run) -> None:
    async def main() -> None:
        shouts: list[Shout] = []
        async with serve(handler_of(shouts)) as connect:  # type: ignore[arg-type]  # a handler
            peer = await connect()
            await peer.send(UPGRADE + b"wrong!")
            await peer.head()
            await peer.send(b"more" * 1000)
            assert await peer.rest() == b"WRONG!"
            await peer.send(b"more" * 1000)

    run(main())


@each_loop
def test_a_peer_that_leaves(run: Run) -> None:
    async def main() -> None:
        shouts: list[Shout] = []
        async with serve(handler_of(shouts)) as connect:  # type: ignore[arg-type]  # a handler
            peer = await connect()
            await peer.send(UPGRADE)
            await peer.head()
            peer.writer.write_eof()
            assert await peer.rest() == b""
        assert shouts[0].events == ["take over", "eof", "lost"]

    run(main())


@each_loop
@pytest.mark.parametrize("error", ["a bug", None])
def test_a_handler_that_fails(
    run: Run, error: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    shouts: list[Shout] = []

    async def handler(request: Request) -> StreamResponse:
        shouts.append(Shout())
        await Shouting(shouts[-1]).prepare(request)
        if error:
            raise ValueError(error)
        raise asyncio.CancelledError

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(UPGRADE)
            await peer.head()
            assert await peer.rest() == b""
        assert shouts[0].events == ["take over", f"failed: {error}"]

    run(main())


@each_loop
def test_a_server_that_stops(run: Run) -> None:
    async def main() -> None:
        shouts: list[Shout] = []
        async with serve(handler_of(shouts)) as connect:  # type: ignore[arg-type]  # a handler
            peer = await connect()
            await peer.send(UPGRADE)
            await peer.head()
            # The fixture's own peers hang up first; this one stays.
            peer.writer.close = lambda: None  # type: ignore[method-assign]  # as said
        assert await peer.rest() == b"BYE"
        assert shouts[0].events == ["take over", "shut down"]
        peer.writer.transport.abort()

    run(main())


MISTAKES: list[tuple[bytes, dict[str, str], type[Exception]]] = [
    (UPGRADE, {"X-Bad": "a\r\nb"}, ValueError),
    (GET, {}, ClientConnectionResetError),
]


@each_loop
@pytest.mark.parametrize(("wire", "fields", "error"), MISTAKES)
def test_what_cannot_be_switched(
    run: Run, wire: bytes, fields: dict[str, str], error: type[Exception]
) -> None:
    async def handler(request: Request) -> StreamResponse:
        writer = request.response_writer
        assert isinstance(writer, StreamWriter)
        with pytest.raises(error):
            writer.switch(CIMultiDict(fields), Shout())
        assert writer.upgraded is None
        return Response(text="still HTTP")

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            await peer.send(wire)
            assert await peer.response() == (200, b"still HTTP")

    run(main())


@each_loop
def test_a_peer_that_does_not_read_keeps_its_deadline(run: Run) -> None:
    async def main() -> None:
        shouts: list[Shout] = []
        async with serve(handler_of(shouts), write_timeout=0.1) as connect:  # type: ignore[arg-type]  # a handler
            peer = await connect()
            await peer.send(UPGRADE)
            await peer.head()
            peer.reader._transport.pause_reading()  # type: ignore[attr-defined]  # the only way
            with pytest.raises(ConnectionError):
                await asyncio.wait_for(_flood(peer.send), 20)
        assert shouts[0].events == ["take over", "lost"]

    run(main())


async def _flood(send: Callable[[bytes], object]) -> None:
    while True:
        await send(b"x" * 100_000)  # type: ignore[misc]  # a coroutine function
