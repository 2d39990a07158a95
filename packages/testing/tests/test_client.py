"""The test client against real test servers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse

from treadle_responses import Response, StreamResponse
from treadle_server import Application, BaseRequest, Request, WebSocketResponse
from treadle_testing import RawTestServer, TestClient, TestServer


async def show(request: BaseRequest) -> StreamResponse:
    body = await request.read()
    response = Response(text=f"{request.method} {request.path_qs} {body!r}")
    response.set_cookie("seen", "yes")
    response.headers["X-Cookie"] = request.cookies.get("seen", "no")
    return response


def with_client(check: Callable[[TestClient[BaseRequest, None]], Awaitable[None]]) -> None:
    async def main() -> None:
        async with TestClient(RawTestServer(show)) as client:
            await check(client)

    asyncio.run(main())


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_a_method_for_each_method(method: str) -> None:
    async def check(client: TestClient[BaseRequest, None]) -> None:
        response = await getattr(client, method)("/a b?x=1", data=b"body")
        assert response.status == 200
        assert await response.text() == f"{method.upper()} /a%20b?x=1 b'body'"

    with_client(check)


def test_head_has_no_body() -> None:
    async def check(client: TestClient[BaseRequest, None]) -> None:
        response = await client.head("/")
        assert (response.status, await response.read()) == (200, b"")

    with_client(check)


def test_requests_are_awaited_or_entered() -> None:
    async def check(client: TestClient[BaseRequest, None]) -> None:
        async with client.get("/") as response:
            assert response.status == 200
        assert (await client.request("GET", "/")).status == 200

    with_client(check)


def test_cookies_of_an_ip_address_are_kept() -> None:
    async def check(client: TestClient[BaseRequest, None]) -> None:
        assert (await client.get("/")).headers["X-Cookie"] == "no"
        assert (await client.get("/")).headers["X-Cookie"] == "yes"

    with_client(check)


def test_responses_are_closed_with_the_client() -> None:
    responses: list[ClientResponse] = []

    async def check(client: TestClient[BaseRequest, None]) -> None:
        responses.append(await client.get("/"))

    with_client(check)
    assert responses[0].closed


def test_the_client_knows_its_server() -> None:
    async def main() -> None:
        app = Application()
        async with TestClient(TestServer(app)) as client:
            assert client.app is app
            assert client.make_url("/x").port == client.port
            assert client.host == client.server.host == "127.0.0.1"
            assert not client.session.closed
        await client.close()
        assert client.session.closed
        async with TestClient(RawTestServer(show)) as bare:
            assert bare.app is None

    asyncio.run(main())


def test_only_a_test_server_will_do() -> None:
    async def main() -> None:
        with pytest.raises(TypeError, match="must be TestServer instance"):
            TestClient(Application())  # type: ignore[call-overload]  # the mistake under test

    asyncio.run(main())


def test_an_application_error_is_a_response() -> None:
    async def fails(request: Request) -> Response:
        raise RuntimeError("no")

    async def main() -> None:
        app = Application()
        app.router.add_get("/", fails)
        async with TestClient(TestServer(app)) as client:
            assert (await client.get("/")).status == 500

    asyncio.run(main())


def test_a_request_is_a_coroutine() -> None:
    async def check(client: TestClient[BaseRequest, None]) -> None:
        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(client.get("/first"))
            second = tasks.create_task(client.get("/second"))
        assert await first.result().text() == "GET /first b''"
        assert await second.result().text() == "GET /second b''"
        client.get("/never").close()

    with_client(check)


async def echo(request: BaseRequest) -> StreamResponse:
    ws = WebSocketResponse(protocols=["chat"])
    await ws.prepare(request)
    async for message in ws:
        await ws.send_str(f"{message.data!s}!")
    return ws


def test_websockets_are_awaited_or_entered_and_closed_with_the_client() -> None:
    async def main() -> None:
        async with TestClient(RawTestServer(echo)) as client:
            async with client.ws_connect("/", protocols=["chat"]) as ws:
                await ws.send_str("a")
                assert (await ws.receive_str(), ws.protocol) == ("a!", "chat")
            assert ws.closed
            left_open = await client.ws_connect("/")
            assert not left_open.closed
        assert left_open.closed

    asyncio.run(main())


def test_only_async_with() -> None:
    async def main() -> None:
        # Type checkers report both: ``with`` is there only to say what is meant.
        client: Any = TestClient(RawTestServer(show))
        with pytest.raises(TypeError, match="Use async with instead"), client:
            pass
        await client.close()
        server: Any = RawTestServer(show)
        with pytest.raises(TypeError, match="Use async with instead"), server:
            pass

    asyncio.run(main())
