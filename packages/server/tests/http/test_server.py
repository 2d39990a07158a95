"""``Server`` as a protocol factory, with transports that have no socket."""

import asyncio
import logging
import re
from typing import Any

import pytest

from testkit import GET, FakeClock, FakeTransport, Run, hello, turns
from treadle_responses import Response
from treadle_server import (
    AbstractStreamWriter,
    BaseRequest,
    RawRequestMessage,
    RequestHandler,
    Server,
    StreamReader,
)
from treadle_server._http.connection import HttpConnection
from treadle_server._http.overload import OverloadProtocol


class Client:
    """One connection of a server, driven from its transport's side."""

    def __init__(self, server: Server) -> None:
        self.protocol = server()
        self.transport = FakeTransport(peername=("192.0.2.7", 1), sockname=("192.0.2.1", 80))
        self.protocol.connection_made(self.transport)

    def send(self, data: bytes) -> None:
        self.protocol.data_received(data)

    @property
    def answers(self) -> list[bytes]:
        """The status lines of the answers."""
        return re.findall(rb"HTTP/1\.1 [^\r]+", self.transport.written)

    def leave(self) -> None:
        self.protocol.connection_lost(None)


async def end(server: Server, *clients: Client) -> None:
    for client in clients:
        client.leave()
    await server.shutdown(1)
    assert server.connections == []


def test_it_needs_a_running_loop() -> None:
    with pytest.raises(RuntimeError, match="no running event loop"):
        Server(hello)


def test_an_unknown_option_is_a_warning(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        Server(hello, keepalive_timeuot=1)  # type: ignore[call-arg]  # the mistake under test
        (record,) = caplog.records
        assert "no option keepalive_timeuot, it is ignored. Did you mean" in record.getMessage()

    run(main())


def test_its_parts_are_readable(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        server = Server(hello, handler_cancellation=True, loop=loop)
        assert server.request_handler is hello
        assert server.handler_cancellation
        connection = server()
        assert isinstance(connection, RequestHandler)
        # The default factory, as aiohttp's code calls it.
        seen: list[BaseRequest] = []

        async def handler(request: BaseRequest) -> Response:
            seen.append(request)
            again = Server(hello).request_factory(
                request._message, request.content, request.protocol, request.writer, None
            )
            assert again.path == request.path == "/"
            return Response()

        client = Client(Server(handler))
        client.send(GET)
        await turns()
        assert len(seen) == 1
        client.leave()

    run(main())


def test_handlers_that_were_registered_by_hand(run: Run) -> None:
    async def main() -> None:
        other, server = Server(hello), Server(hello)
        handler = other()
        assert isinstance(handler, RequestHandler)
        transport = FakeTransport()
        handler.connection_made(transport)
        server.connection_made(handler, transport)
        assert server.connections == [handler]
        server.connection_lost(handler)
        assert server.connections == []
        server.connection_made(handler, transport)
        await server.shutdown(1)
        assert server.connections == []
        assert transport.is_closing()
        handler.connection_lost(None)

    run(main())


def test_connections_and_requests_are_counted(run: Run) -> None:
    async def main() -> None:
        server = Server(hello)
        assert (server.connections, server.requests_count) == ([], 0)
        first, second = Client(server), Client(server)
        open_now: set[object] = set(server.connections)
        assert open_now == {first.protocol, second.protocol}
        for _ in range(2):
            first.send(GET)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert first.answers == [b"HTTP/1.1 200 OK"] * 2
        assert server.requests_count == 2
        first.leave()
        open_now = set(server.connections)
        assert open_now == {second.protocol}
        await end(server, second)

    run(main())


def test_the_request_factory_makes_the_requests(run: Run) -> None:
    class Mine(BaseRequest):
        pass

    def factory(
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[Any] | None",
    ) -> Mine:
        assert message.path == "/"
        assert protocol in server.connections
        return Mine(message, payload, protocol, writer, task, asyncio.get_running_loop())

    server: Server
    seen: list[type] = []

    async def handler(request: BaseRequest) -> Response:
        seen.append(type(request))
        return Response()

    async def main() -> None:
        nonlocal server
        server = Server(handler, request_factory=factory)
        assert server.request_factory is factory
        client = Client(server)
        client.send(GET)
        await turns()
        assert seen == [Mine]
        assert client.transport.written.startswith(b"HTTP/1.1 200 OK")
        await end(server, client)

    run(main())


def test_connections_beyond_the_cap_get_another_protocol(run: Run) -> None:
    async def main() -> None:
        server = Server(hello, max_connections=2)
        clients = [Client(server) for _ in range(4)]
        kinds = [type(client.protocol) for client in clients]
        assert kinds == [HttpConnection, HttpConnection, OverloadProtocol, OverloadProtocol]
        clients[0].leave()
        again = Client(server)
        assert isinstance(again.protocol, HttpConnection)
        await end(server, again, *clients[1:])

    run(main())


def test_the_beginning_of_a_stop_closes_idle_connections_only(run: Run) -> None:
    go_on = asyncio.Event()

    async def slow(request: BaseRequest) -> Response:
        await go_on.wait()
        return Response()

    async def main() -> None:
        server = Server(slow)
        idle, busy = Client(server), Client(server)
        busy.send(GET)
        await asyncio.sleep(0)
        server.pre_shutdown()
        assert idle.transport.is_closing()
        assert not busy.transport.is_closing()
        go_on.set()
        for _ in range(4):
            await asyncio.sleep(0)
        assert busy.answers == [b"HTTP/1.1 200 OK"]
        # The response under way was the last one of its connection.
        assert b"\r\nConnection: close\r\n" in busy.transport.written
        await end(server, idle, busy)

    run(main())


@pytest.mark.parametrize("obeys", [True, False])
def test_a_handler_has_the_timeout_and_is_then_cancelled(
    clock: FakeClock, obeys: bool, caplog: pytest.LogCaptureFixture
) -> None:
    cancelled: list[float] = []

    async def endless(request: BaseRequest) -> Response:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.append(clock.loop.time())
                if obeys or len(cancelled) > 1:
                    raise

    async def main() -> None:
        server = Server(endless)
        client = Client(server)
        client.send(GET)
        await clock.advance(1)
        start = clock.loop.time()
        stopping = asyncio.ensure_future(server.shutdown(10))
        await clock.advance(9.5)
        assert not cancelled
        await clock.advance(1)
        assert [time - start for time in cancelled] == [10]
        if obeys:
            client.leave()
            await stopping
        else:
            await clock.advance(10)
            # It is named and given up; the test ends it.
            assert "GET /" in caplog.text
            assert "although it was cancelled" in caplog.text
            client.leave()
            await stopping
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
                await asyncio.wait([task])
        assert server.connections == []

    with caplog.at_level(logging.WARNING):
        clock.run(main())


def test_a_handshake_counts_for_its_timeout_at_most(clock: FakeClock) -> None:
    """The event loop tells of no handshake that fails, and may keep its protocol for long."""

    async def main() -> None:
        server = Server(hello, max_connections=2, head_timeout=10)
        assert server.handshake_timeout == 10
        kept = [server(), server()]
        assert [type(protocol) for protocol in kept] == [HttpConnection] * 2
        assert isinstance(server(), OverloadProtocol)
        await clock.advance(9)
        assert isinstance(server(), OverloadProtocol)
        await clock.advance(2)
        kept.append(server())
        assert isinstance(kept[-1], HttpConnection)
        # What the loop frees counts no longer.
        kept.clear()
        kept += [server(), server()]
        assert [type(protocol) for protocol in kept] == [HttpConnection] * 2
        kept[0].connection_made(FakeTransport())
        assert isinstance(server(), OverloadProtocol)
        kept[0].connection_lost(None)
        assert isinstance(server(), HttpConnection)

    clock.run(main())


def test_handshakes_have_a_second_at_least(run: Run) -> None:
    async def main() -> None:
        assert Server(hello, head_timeout=0).handshake_timeout == 1

    run(main())
