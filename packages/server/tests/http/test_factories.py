"""Request factories: our own, aiohttp's, and the application's method that programs override."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from testkit import CONNECTION, FakeChannel, FakeTransport, Run, request_head
from treadle_responses import Response
from treadle_server import (
    EMPTY_PAYLOAD,
    AbstractStreamWriter,
    Application,
    AppRunner,
    BaseRequest,
    RawRequestMessage,
    Request,
    RequestHandler,
    StreamReader,
)
from treadle_server._http.factories import direct_factory
from treadle_server._http.interfaces import DirectFactory


@pytest.mark.parametrize(
    ("factory", "cls"), [(None, BaseRequest), (DirectFactory(Request.received), Request)]
)
def test_our_own(factory: DirectFactory[BaseRequest] | None, cls: type) -> None:
    head = request_head("GET", "/")
    made = direct_factory(factory)(head, EMPTY_PAYLOAD, FakeChannel(), CONNECTION)
    assert type(made) is cls
    assert made._head is head
    assert not made.made_by_hand


class Mine(Request):
    """A request with a value of its own."""

    tenant = ""


class Site(Application):
    """Makes requests of its own class, as programs for aiohttp do."""

    def _make_request(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[Any] | None",
        _cls: type[Request] = Mine,
    ) -> Request:
        made = super()._make_request(message, payload, protocol, writer, task, _cls=_cls)
        assert isinstance(made, Mine)
        made.tenant = message.headers["Host"]
        return made


def of_an_instance(
    message: RawRequestMessage,
    payload: StreamReader,
    protocol: RequestHandler,
    writer: AbstractStreamWriter,
    task: "asyncio.Task[Any] | None",
) -> Request:
    loop = asyncio.get_running_loop()
    made = Mine(message, payload, protocol, writer, task, loop, client_max_size=50)
    made.tenant = "an instance"
    return made


def with_method() -> Application:
    app = Application()
    setattr(app, "_make_request", of_an_instance)  # noqa: B010  # programs patch the method
    return app


@pytest.mark.parametrize(
    ("make", "tenant"),
    [(lambda: Site(client_max_size=50), "a.test"), (with_method, "an instance")],
)
def test_an_overridden_method_makes_the_requests(
    run: Run, make: Callable[[], Application], tenant: str
) -> None:
    protocols: list[object] = []

    async def handler(request: Request) -> Response:
        assert isinstance(request, Mine)
        assert request.client_max_size == 50
        protocols.append(request.protocol)
        info = request.match_info
        assert info.current_app is request.app
        return Response(text=f"{request.tenant}, {info['name']}: {await request.text()}")

    async def main() -> None:
        app = make()
        app.router.add_post("/{name}", handler)
        runner = AppRunner(app)
        await runner.setup()
        assert runner.server is not None
        connection = runner.server()
        transport = FakeTransport()
        connection.connection_made(transport)
        connection.data_received(
            b"POST /Ada HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi"
        )
        await asyncio.sleep(0)
        assert transport.written.endswith(f"\r\n\r\n{tenant}, Ada: hi".encode())
        assert protocols == [connection]
        connection.connection_lost(None)
        await runner.cleanup()

    run(main())
