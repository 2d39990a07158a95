"""The examples, each as a process of its own with real clients."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def running(name: str) -> Iterator[int]:
    command = [sys.executable, str(EXAMPLES / name), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().rpartition(":")[2])
        finally:
            process.kill()


@pytest.fixture
def echo() -> Iterator[int]:
    yield from running("threaded_echo.py")


@pytest.fixture
def chat() -> Iterator[int]:
    yield from running("trio_chat.py")


@pytest.mark.parametrize("compress", [0, 15])
def test_the_threaded_server_echoes(echo: int, compress: int) -> None:
    async def main() -> None:
        url = f"ws://127.0.0.1:{echo}/"
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, compress=compress) as first,
            session.ws_connect(url, compress=compress) as second,
        ):
            for client in (first, second, first):
                await client.send_str("text " * 1000)
                assert await client.receive_str(timeout=20) == "text " * 1000
                await client.send_bytes(bytes(100_000))
                assert await client.receive_bytes(timeout=20) == bytes(100_000)
            await first.close(code=1000)
            assert first.close_code == 1000

    asyncio.run(main())


def test_a_message_right_behind_the_handshake(echo: int) -> None:
    with socket.create_connection(("127.0.0.1", echo), timeout=20) as sock:
        sock.sendall(
            b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            + bytes.fromhex("818537fa213d7f9f4d5158 888000000000")
        )
        answer = b"".join(iter(lambda: sock.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert answer.endswith(b"\x81\x05Hello\x88\x00")


@pytest.mark.parametrize("example", ["echo", "chat"])
def test_what_is_no_handshake_is_answered(example: str, request: pytest.FixtureRequest) -> None:
    port: int = request.getfixturevalue(example)
    for data, status in [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: a\r\n\r\n", b"405"),
        (b"\x16\x03\x01\x02\x00\x01", b"400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"505"),
    ]:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
            sock.sendall(data)
            answer = b"".join(iter(lambda: sock.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 " + status)


def test_the_trio_server_passes_messages_on_to_one_room(chat: int) -> None:
    async def main() -> None:
        url = f"ws://127.0.0.1:{chat}"
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{url}/a", protocols=["chat"]) as ada,
            session.ws_connect(f"{url}/a", protocols=["chat"]) as bob,
            session.ws_connect(f"{url}/b", protocols=["chat"]) as eve,
        ):
            assert ada.protocol == "chat"
            for sender, text in [(ada, "hello"), (bob, "x" * 5000), (eve, "alone")]:
                await sender.send_str(text)
                for member in (eve,) if sender is eve else (ada, bob):
                    assert await member.receive_str(timeout=20) == text
            await bob.close()
            await ada.send_str("still here")
            # The next that Eve gets is her own: nothing of the other room.
            assert await ada.receive_str(timeout=20) == "still here"
            await eve.send_str("again")
            assert await eve.receive_str(timeout=20) == "again"

    asyncio.run(main())
