"""``request.protocol``: the connection as programs for aiohttp ask and close it."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from testkit import GET, FakeTransport, Run, turns
from treadle_responses import Response, StreamResponse
from treadle_server import BaseRequest, RequestHandler, Server
from treadle_server._http.handler import RequestHandler as Names
from treadle_server._http.protocol import ProtocolConnection

PEER, SOCK = ("192.0.2.7", 1), ("192.0.2.1", 80)


async def serve(
    handler: Callable[[BaseRequest], Any], **options: Any
) -> tuple[Server, ProtocolConnection, FakeTransport]:
    server = Server(handler, **options)
    connection = server()
    assert isinstance(connection, ProtocolConnection)
    transport = FakeTransport(peername=PEER, sockname=SOCK)
    connection.connection_made(transport)
    connection.data_received(GET)
    await turns()
    return server, connection, transport


async def never(_request: BaseRequest) -> StreamResponse:
    await asyncio.get_running_loop().create_future()
    raise AssertionError("it is cancelled")


def test_before_and_behind_the_connection(run: Run) -> None:
    async def main() -> None:
        connection = Server(never)()
        assert isinstance(connection, Names)
        for _ in range(2):
            assert repr(connection) == "<RequestHandler disconnected>"
            assert not connection.connected
            assert (connection.transport, connection.writing_paused) == (None, False)
            connection.close()
            connection.force_close()
            transport = FakeTransport()
            connection.connection_made(transport)
            assert repr(connection) == "<RequestHandler connected>"
            connection.connection_lost(None)

    run(main())


def test_it_has_no_transport_once_the_client_has_left(run: Run) -> None:
    # aiohttp-sse: ``while request.protocol.transport is not None`` in a handler.
    async def main() -> None:
        _, connection, transport = await serve(never)
        assert connection.transport is transport
        connection.eof_received()
        assert connection.transport is None
        assert not transport.is_closing()
        connection.force_close()
        assert transport.is_closing()
        connection.cancel()
        await turns()

    run(main())


def test_a_handler_sees_it(run: Run) -> None:
    seen: list[RequestHandler] = []

    async def handler(request: BaseRequest) -> Response:
        protocol = request.protocol
        seen.append(protocol)
        assert isinstance(protocol, RequestHandler)
        assert protocol.transport is request.transport
        assert (protocol.peername, protocol.sockname) == (PEER, SOCK)
        assert protocol.ssl_context is None
        assert protocol.keepalive_timeout == 7
        assert (protocol.max_line_size, protocol.max_field_size) == (100, 101)
        assert protocol.max_headers == 102
        assert (protocol.debug, protocol.logger.name) == (False, "treadle.server")
        protocol.pause_reading()
        protocol.resume_reading()
        protocol.keep_alive(True)
        protocol.keep_alive(False)
        return Response()

    async def main() -> None:
        _, connection, transport = await serve(
            handler, keepalive_timeout=7, max_line_size=100, max_field_size=101, max_headers=102
        )
        assert seen == [connection]
        assert b"Connection: close\r\n" in transport.written
        assert transport.calls[:2] == ["pause_reading", "resume_reading"]
        connection.connection_lost(None)

    run(main())


@pytest.mark.parametrize(("name", "calls"), [("close", []), ("force_close", ["close"])])
def test_two_ways_to_close(run: Run, name: str, calls: list[str]) -> None:
    async def main() -> None:
        _, connection, transport = await serve(never)
        getattr(connection, name)()
        assert transport.calls == calls
        connection.cancel()
        await turns()
        connection.connection_lost(None)

    run(main())


async def stubborn(_request: BaseRequest) -> StreamResponse:
    for _ in range(3):
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            continue
    return Response()


@pytest.mark.parametrize("handler", [never, stubborn])
def test_shutdown_cancels_the_handler(run: Run, handler: Callable[[BaseRequest], Any]) -> None:
    async def main() -> None:
        _, connection, transport = await serve(handler)
        task = connection._exchange.task
        await connection.shutdown(0)
        assert not connection.busy
        assert transport.is_closing()
        connection.connection_lost(None)
        if task is not None:
            await asyncio.wait([task])

    run(main())


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        ((500, KeyError("x")), 500, "500 Internal Server Error\n\nServer got itself in trouble"),
        ((503, None, "wait"), 503, "wait"),
        ((504,), 504, None),
    ],
)
def test_handle_error(
    run: Run,
    caplog: pytest.LogCaptureFixture,
    arguments: tuple[Any, ...],
    status: int,
    text: str | None,
) -> None:
    async def handler(request: BaseRequest) -> StreamResponse:
        response = request.protocol.handle_error(request, *arguments)
        assert isinstance(response, Response)
        assert (response.status, response.text) == (status, text)
        assert response.keep_alive is False
        return response

    async def main() -> None:
        _, connection, transport = await serve(handler)
        assert transport.written.startswith(b"HTTP/1.1 %d " % status)
        assert caplog.messages == ["Error handling request from 192.0.2.7"]
        connection.connection_lost(None)

    run(main())


def test_an_error_behind_the_head_of_a_response(run: Run) -> None:
    async def handler(request: BaseRequest) -> StreamResponse:
        response = StreamResponse()
        await response.prepare(request)
        with pytest.raises(ConnectionError, match="Response is sent already"):
            request.protocol.handle_error(request)
        await response.write_eof()
        return response

    async def main() -> None:
        _, connection, transport = await serve(handler)
        assert transport.written.startswith(b"HTTP/1.1 200 ")
        connection.connection_lost(None)

    run(main())


@pytest.mark.parametrize(("debug", "lines"), [(True, ["note 1", "failed"]), (False, ["failed"])])
def test_its_log(run: Run, caplog: pytest.LogCaptureFixture, debug: bool, lines: list[str]) -> None:
    async def main() -> None:
        connection = Server(never, debug=debug)()
        assert isinstance(connection, RequestHandler)
        with caplog.at_level(logging.DEBUG):
            connection.log_debug("note %d", 1)
            connection.log_exception("failed", exc_info=KeyError("x"))
        assert caplog.messages == lines

    run(main())


@pytest.mark.parametrize("debug", [True, False])
def test_a_timeout_of_a_handler_is_a_504(
    run: Run, caplog: pytest.LogCaptureFixture, debug: bool
) -> None:
    async def handler(_request: BaseRequest) -> StreamResponse:
        raise TimeoutError("too slow")

    async def main() -> None:
        with caplog.at_level(logging.DEBUG):
            _, connection, transport = await serve(handler, debug=debug)
        assert transport.written.startswith(b"HTTP/1.1 504 Gateway Timeout\r\n")
        assert b"Connection: close\r\n" in transport.written
        assert (b"too slow" in transport.written) is debug
        assert ("Request handler timed out." in caplog.messages) is debug
        errors = [record for record in caplog.records if record.name == "treadle.server"]
        assert errors[-1].getMessage() == "Error handling request from 192.0.2.7"
        connection.connection_lost(None)

    run(main())
