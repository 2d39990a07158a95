"""WebSockets in memory."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import WSServerHandshakeError

from treadle_server import BaseRequest, ClientConnectionResetError, WebSocketResponse
from treadle_testing import MemoryClient, MemoryWebSocket
from treadle_websocket import WSMessageTypeError, WSMsgType


async def echo(request: BaseRequest) -> WebSocketResponse:
    ws = WebSocketResponse(protocols=["chat"], max_msg_size=100_000)
    await ws.prepare(request)
    async for message in ws:
        if message.type is WSMsgType.TEXT and message.data == "leave":
            await ws.close(code=4000, message=b"as you wish")
        elif message.type is WSMsgType.TEXT:
            await ws.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await ws.send_bytes(message.data)
    return ws


def run(check: Callable[[MemoryClient], Awaitable[None]]) -> None:
    async def main() -> None:
        async with MemoryClient(echo) as client:
            await check(client)

    asyncio.run(main())


def test_messages() -> None:
    async def check(client: MemoryClient) -> None:
        async with client.ws_connect("/", protocols=["other", "chat"]) as ws:
            assert (ws.protocol, ws.closed, ws.response.status) == ("chat", False, 101)
            await ws.send_str("text")
            assert await ws.receive_str() == "text"
            await ws.send_bytes(b"\x00\xff")
            assert await ws.receive_bytes() == b"\x00\xff"
            await ws.send_json({"a": 1})
            assert await ws.receive_json() == {"a": 1}
            await ws.send_str("x" * 70_000)
            assert await ws.receive_str(timeout=10) == "x" * 70_000
            await ws.ping(b"there?")
            pong = await ws.receive()
            assert (pong.type, pong.data) == (WSMsgType.PONG, b"there?")
            await ws.send_bytes(b"not text")
            with pytest.raises(WSMessageTypeError, match="is not"):
                await ws.receive_str()
        assert (ws.closed, ws.close_code) == (True, 1000)

    run(check)


def test_the_server_closes() -> None:
    async def check(client: MemoryClient) -> None:
        ws = await client.ws_connect("/")
        await ws.send_str("leave")
        message = await ws.receive()
        assert (message.type, message.data, message.extra) == (WSMsgType.CLOSE, 4000, "as you wish")
        assert (ws.close_code, await ws.close()) == (4000, False)
        assert (await ws.receive()).type is WSMsgType.CLOSED
        with pytest.raises(ClientConnectionResetError):
            await ws.send_str("too late")

    run(check)


def test_iteration_ends_with_the_connection() -> None:
    async def check(client: MemoryClient) -> None:
        ws = await client.ws_connect("/")
        for text in ("a", "b", "leave"):
            await ws.send_str(text)
        assert [message.data async for message in ws] == ["a", "b"]

    run(check)


def test_a_message_that_is_too_big() -> None:
    async def check(client: MemoryClient) -> None:
        ws = await client.ws_connect("/")
        await ws.send_str("x" * 100_001)
        assert (await ws.receive()).data == 1009

    run(check)


def test_a_wait_with_a_timeout() -> None:
    async def check(client: MemoryClient) -> None:
        ws = await client.ws_connect("/")
        with pytest.raises(TimeoutError):
            await ws.receive(timeout=0)

    run(check)


def test_a_refused_handshake() -> None:
    async def check(client: MemoryClient) -> None:
        with pytest.raises(WSServerHandshakeError) as error:
            await client.ws_connect("/", headers={"Sec-WebSocket-Version": "99"})
        assert error.value.status == 426

    run(check)


def test_all_are_closed_with_the_client() -> None:
    left: list[MemoryWebSocket] = []

    async def check(client: MemoryClient) -> None:
        left.append(await client.ws_connect("/"))

    run(check)
    assert left[0].closed


def test_a_server_that_never_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("treadle_testing._memory_websocket._CLOSE_TIMEOUT", 0)

    async def deaf(request: BaseRequest) -> WebSocketResponse:
        ws = WebSocketResponse(autoclose=False)
        await ws.prepare(request)
        await asyncio.Event().wait()
        return ws

    async def main() -> None:
        async with MemoryClient(deaf, shutdown_timeout=0) as client:
            ws = await client.ws_connect("/")
            assert await ws.close()
            assert await ws.receive() is not None

    asyncio.run(main())
