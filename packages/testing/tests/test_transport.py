"""The transport in memory: each side can stop the other, and both learn of the end."""

import asyncio
from collections.abc import Callable

from treadle_testing._transport import MemoryTransport


class Client:
    """Notes what the server writes."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def receive(self, data: bytes) -> None:
        self.events.append(data)

    def lost(self) -> None:
        self.events.append("lost")


class Server(asyncio.Protocol):
    """Notes asyncio's calls."""

    def __init__(self) -> None:
        self.events: list[object] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.events.append("made")

    def data_received(self, data: bytes) -> None:
        self.events.append(data)

    def pause_writing(self) -> None:
        self.events.append("pause")

    def resume_writing(self) -> None:
        self.events.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.events.append("lost")


def run(
    check: Callable[[MemoryTransport, Client, Server], None], *after: object
) -> tuple[list[object], list[object]]:
    async def main() -> tuple[list[object], list[object]]:
        client, server = Client(), Server()
        transport = MemoryTransport(client, {"peername": ("192.0.2.1", 5)})
        transport.connect(lambda: server)
        check(transport, client, server)
        for _ in range(5):
            await asyncio.sleep(0)
        return client.events, server.events

    return asyncio.run(main())


def test_both_ways() -> None:
    def check(transport: MemoryTransport, client: Client, server: Server) -> None:
        transport.send(b"request")
        transport.write(bytearray(b"response"))
        assert transport.get_extra_info("peername") == ("192.0.2.1", 5)
        assert transport.get_protocol() is server
        assert transport.is_reading()
        assert not transport.is_closing()

    assert run(check) == ([b"response"], ["made", b"request"])


def test_the_server_pauses() -> None:
    def check(transport: MemoryTransport, client: Client, server: Server) -> None:
        transport.pause_reading()
        transport.send(b"a")
        transport.send(b"b")
        assert server.events == ["made"]
        assert not transport.is_reading()
        transport.resume_reading()

    assert run(check) == ([], ["made", b"a", b"b"])


def test_the_client_holds() -> None:
    def check(transport: MemoryTransport, client: Client, server: Server) -> None:
        transport.hold()
        transport.hold()
        transport.write(b"abc")
        transport.write(b"de")
        assert transport.get_write_buffer_size() == 5
        assert client.events == []
        transport.release()

    assert run(check) == ([b"abc", b"de"], ["made", "pause", "resume"])


def test_close_waits_for_the_client() -> None:
    def check(transport: MemoryTransport, client: Client, server: Server) -> None:
        transport.hold()
        transport.write(b"last")
        transport.close()
        transport.write(b"too late")
        transport.send(b"too late")
        assert transport.is_closing()
        transport.release()

    assert run(check) == ([b"last", "lost"], ["made", "pause", "lost"])


def test_abort_does_not_wait() -> None:
    def check(transport: MemoryTransport, client: Client, server: Server) -> None:
        transport.hold()
        transport.write(b"last")
        transport.abort()

    assert run(check) == (["lost"], ["made", "pause", "lost"])


def test_the_client_leaves() -> None:
    def check(transport: MemoryTransport, client: Client, server: Server) -> None:
        transport.hang_up()
        transport.hang_up()

    assert run(check) == (["lost"], ["made", "lost"])


def test_the_end_of_output_is_the_end() -> None:
    def check(transport: MemoryTransport, client: Client, server: Server) -> None:
        assert transport.can_write_eof()
        transport.write(b"last")
        transport.write_eof()

    assert run(check) == ([b"last", "lost"], ["made", "lost"])


def test_another_protocol() -> None:
    other = Server()

    def check(transport: MemoryTransport, client: Client, server: Server) -> None:
        transport.set_protocol(other)
        transport.send(b"frame")

    assert run(check) == ([], ["made"])
    assert other.events == [b"frame"]
