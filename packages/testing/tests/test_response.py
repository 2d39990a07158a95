"""A response of the client in memory: its properties, and the body in its forms."""

import asyncio
import gzip
import zlib
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import ClientResponseError

from treadle_responses import Response
from treadle_server import BaseRequest
from treadle_testing import MemoryClient, MemoryResponse


def run(
    response: Callable[[], Response], check: Callable[[MemoryResponse], Awaitable[None]]
) -> None:
    async def handler(request: BaseRequest) -> Response:
        return response()

    async def main() -> None:
        async with MemoryClient(handler) as client:
            await check(await client.get("/path?a=b"))

    asyncio.run(main())


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"text", mtime=0)),
        ("deflate", zlib.compress(b"text")),
        ("identity", b"text"),
    ],
    ids=["gzip", "deflate", "identity"],
)
def test_content_codings(coding: str, body: bytes) -> None:
    async def check(response: MemoryResponse) -> None:
        assert await response.read() == b"text"
        assert await response.read() == b"text"

    run(lambda: Response(body=body, headers={"Content-Encoding": coding}), check)


def test_a_coding_without_a_body() -> None:
    async def check(response: MemoryResponse) -> None:
        assert await response.read() == b""

    run(lambda: Response(headers={"Content-Encoding": "gzip"}), check)


def test_text() -> None:
    async def check(response: MemoryResponse) -> None:
        assert await response.text() == "\u00e9"
        assert await response.text("utf-8", errors="replace") == "\ufffd"
        assert response.charset == "latin-1"

    run(lambda: Response(text="\u00e9", charset="latin-1"), check)


def test_json() -> None:
    async def check(response: MemoryResponse) -> None:
        assert await response.json() == {"a": 1}
        assert await response.json(loads=len) == 8

    run(lambda: Response(text='{"a": 1}', content_type="application/json"), check)


def test_an_error() -> None:
    async def check(response: MemoryResponse) -> None:
        assert not response.ok
        with pytest.raises(ClientResponseError) as error:
            response.raise_for_status()
        assert (error.value.status, error.value.message) == (418, "Teapot")
        assert str(error.value.request_info.url) == "http://testserver/path?a=b"

    run(lambda: Response(status=418, reason="Teapot"), check)


def test_cookies() -> None:
    def make() -> Response:
        response = Response()
        response.set_cookie("a", "1", path="/x")
        response.set_cookie("b", "2")
        return response

    async def check(response: MemoryResponse) -> None:
        assert {name: morsel.value for name, morsel in response.cookies.items()} == {
            "a": "1",
            "b": "2",
        }
        assert response.cookies["a"]["path"] == "/x"
        assert response.headers.getall("Set-Cookie")[0].startswith("a=1")

    run(make, check)


def test_a_length() -> None:
    async def check(response: MemoryResponse) -> None:
        assert response.content_length == 3
        assert response.content_type == "application/octet-stream"

    run(lambda: Response(body=b"abc", content_type="application/octet-stream"), check)
