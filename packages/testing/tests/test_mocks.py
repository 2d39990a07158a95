"""Requests without a server."""

import asyncio
import ssl
from typing import Any

import pytest

from treadle_responses import Response, StreamResponse
from treadle_server import (
    Application,
    BaseRequest,
    HttpVersion10,
    Request,
    StreamReader,
    middleware,
)
from treadle_testing import make_mocked_coro, make_mocked_request


def test_what_a_handler_asks_for() -> None:
    request = make_mocked_request(
        "post", "/users/Ada?x=1&x=2", {"X-Token": "t", "Cookie": "a=b"}, match_info={"name": "Ada"}
    )
    assert isinstance(request, Request)
    assert (request.method, request.path, request.query.getall("x")) == (
        "POST",
        "/users/Ada",
        ["1", "2"],
    )
    assert (request.headers["x-token"], dict(request.cookies)) == ("t", {"a": "b"})
    assert request.match_info["name"] == "Ada"
    assert (request.scheme, request.remote) == ("http", None)
    assert request.raw_headers == ((b"X-Token", b"t"), (b"Cookie", b"a=b"))


def test_what_can_be_given() -> None:
    app = Application()
    request = make_mocked_request("GET", "/", app=app, version=HttpVersion10, client_max_size=7)
    assert request.app is app
    assert (request.keep_alive, request.client_max_size) == (False, 7)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    assert make_mocked_request("GET", "/", sslcontext=context).secure


def test_a_mocked_application_keeps_state() -> None:
    request = make_mocked_request("GET", "/")
    request.app["key"] = "value"
    assert request.app["key"] == "value"


def test_a_body() -> None:
    async def main() -> None:
        payload = StreamReader(None, 2**16, loop=asyncio.get_running_loop())
        payload.feed_data(b'{"a": 1}')
        payload.feed_eof()
        request = make_mocked_request("POST", "/", payload=payload)
        assert await request.json() == {"a": 1}
        assert await make_mocked_request("POST", "/").read() == b""

    asyncio.run(main())


def test_responses_can_be_sent() -> None:
    async def main() -> None:
        request = make_mocked_request("GET", "/")
        response = Response(text="sent", headers={"X-A": "b"})
        await response.prepare(request)
        await response.write_eof()
        writer: Any = request.writer
        assert response.prepared
        assert b"sent" in [call.args[0] for call in writer.write_eof.call_args_list]
        assert writer.write_headers.call_args.args[1]["X-A"] == "b"

    asyncio.run(main())


def test_middlewares() -> None:
    @middleware
    async def tag(request: BaseRequest, handler: Any) -> StreamResponse:
        response: StreamResponse = await handler(request)
        response.headers["X-Tag"] = "yes"
        return response

    async def main() -> None:
        handler = make_mocked_coro(Response(text="inner"))
        request = make_mocked_request("GET", "/")
        response = await tag(request, handler)
        handler.assert_called_once_with(request)
        assert response.headers["X-Tag"] == "yes"

    asyncio.run(main())


def test_mocked_coroutines() -> None:
    async def main() -> None:
        assert await make_mocked_coro(5)("any", argument=True) == 5
        with pytest.raises(ValueError, match="raised"):
            await make_mocked_coro(raise_exception=ValueError("raised"))()
        future = asyncio.get_running_loop().create_future()
        future.set_result("awaited")
        assert await make_mocked_coro(future)() == "awaited"

    asyncio.run(main())
