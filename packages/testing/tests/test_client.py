"""The test client against real test servers."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientResponse

from treadle_responses import Response, StreamResponse
from treadle_server import Application, BaseRequest, Request
from treadle_testing import RawTestServer, TestClient, TestServer


async def show(request: BaseRequest) -> StreamResponse:
    body = await request.read()
    response = Response(text=f"{request.method} {request.path_qs} {body!r}")
    response.set_cookie("seen", "yes")
    response.headers["X-Cookie"] = request.cookies.get("seen", "no")
    return response


def with_client(check: Callable[[TestClient], Awaitable[None]]) -> None:
    async def main() -> None:
        async with TestClient(RawTestServer(show)) as client:
            await check(client)

    asyncio.run(main())


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
def test_a_method_for_each_method(method: str) -> None:
    async def check(client: TestClient) -> None:
        response = await getattr(client, method)("/a b?x=1", data=b"body")
        assert response.status == 200
        assert await response.text() == f"{method.upper()} /a%20b?x=1 b'body'"

    with_client(check)


def test_head_has_no_body() -> None:
    async def check(client: TestClient) -> None:
        response = await client.head("/")
        assert (response.status, await response.read()) == (200, b"")

    with_client(check)


def test_requests_are_awaited_or_entered() -> None:
    async def check(client: TestClient) -> None:
        async with client.get("/") as response:
            assert response.status == 200
        assert (await client.request("GET", "/")).status == 200

    with_client(check)


def test_cookies_of_an_ip_address_are_kept() -> None:
    async def check(client: TestClient) -> None:
        assert (await client.get("/")).headers["X-Cookie"] == "no"
        assert (await client.get("/")).headers["X-Cookie"] == "yes"

    with_client(check)


def test_responses_are_closed_with_the_client() -> None:
    responses: list[ClientResponse] = []

    async def check(client: TestClient) -> None:
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
        with pytest.raises(TypeError, match="must be a TestServer"):
            TestClient(Application())  # type: ignore[arg-type]  # the mistake under test

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
