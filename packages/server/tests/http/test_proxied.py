"""Connections that begin with the PROXY protocol: before HTTP and before TLS, or not served."""

import asyncio
import contextlib
import logging
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from testkit import GET, FakeClock, Peer, Run, each_loop, hello, serve, tls_contexts, turns
from treadle_responses import Response
from treadle_server import (
    Application,
    AppRunner,
    Request,
    Server,
    SharedSite,
    SockSite,
    UnixSite,
    WebSocketResponse,
)
from treadle_server._http.interfaces import Connection

V1 = b"PROXY TCP4 203.0.113.7 10.0.0.2 4711 80\r\n"
V2 = (
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11"
    + struct.pack("!H", 12 + 3 + 5)
    + bytes([203, 0, 113, 7, 10, 0, 0, 2])
    + struct.pack("!HH", 4711, 80)
    + b"\x20\0\x05\x01\0\0\0\0"
)
LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
OPTIONS: dict[str, Any] = {"trusted_proxies": ["127.0.0.0/8"], "proxy_protocol": True}


async def who(request: Request) -> Response:
    peer = request.get_extra_info("peername")[0]
    return Response(text=f"{request.remote} {request.scheme} {peer}")


def get(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in ("GET / HTTP/1.1", "Host: a", *lines, "")).encode()


@each_loop
@pytest.mark.parametrize(
    ("header", "answer"),
    [
        (V1, b"203.0.113.7 http 127.0.0.1"),
        (V2, b"203.0.113.7 https 127.0.0.1"),
        (LOCAL, b"127.0.0.1 http 127.0.0.1"),
        (b"PROXY UNKNOWN\r\n", b"127.0.0.1 http 127.0.0.1"),
        (b"PROXY TCP6 2001:db8::1 ::1 1 2\r\n", b"2001:db8::1 http 127.0.0.1"),
    ],
)
def test_the_client_is_that_of_the_header(run: Run, header: bytes, answer: bytes) -> None:
    async def main() -> None:
        async with serve(who, **OPTIONS) as connect:
            together, apart, slow = await connect(), await connect(), await connect()
            forged = get("X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https")
            await together.send(header + forged + GET)
            assert await together.response() == (200, answer)
            assert await together.response() == (200, answer)
            await apart.send(header)
            await apart.send(GET)
            assert await apart.response() == (200, answer)
            # A second header is no request.
            await apart.send(header)
            assert (await apart.head()).startswith(b"HTTP/1.1 400 ")
            for place in range(len(header)):
                await slow.send(header[place : place + 1])
                await turns(1)
            await slow.send(GET)
            assert await slow.response() == (200, answer)

    run(main())


@each_loop
def test_the_walk_begins_at_the_client_of_the_header(run: Run) -> None:
    async def main() -> None:
        trusted = OPTIONS | {"trusted_proxies": ["127.0.0.0/8", "203.0.113.7"]}
        async with serve(who, **trusted) as connect:
            peer = await connect()
            fields = get("X-Forwarded-For: 6.6.6.6, 198.51.100.1", "X-Forwarded-Proto: https")
            await peer.send(V1 + fields)
            assert await peer.response() == (200, b"198.51.100.1 https 127.0.0.1")

    run(main())


REFUSED: list[tuple[bytes, str]] = [
    (GET, "it does not begin with a header of the PROXY protocol"),
    (b"\x16\x03\x01\x02", "it does not begin with a header of the PROXY protocol"),
    (b"PROXY TCP4 203.0.113.7\r\n", "its header of version 1 is malformed"),
    (b"PROXY " + b"x" * 200, "its first line is longer than 107 bytes"),
    (V2[:12] + b"\x31\x11\x00\x0c", "its header has the unknown version and command 0x31"),
]


@each_loop
@pytest.mark.parametrize(("data", "reason"), REFUSED)
def test_a_connection_without_a_header_is_closed(
    run: Run, data: bytes, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with serve(who, **OPTIONS) as connect:
            for _ in range(3):
                peer = await connect()
                with contextlib.suppress(ConnectionError):
                    assert await peer.ask(data) == b""
            peer = await connect()
            await peer.send(V1 + GET)
            assert (await peer.response())[0] == 200

    caplog.set_level(logging.INFO, "treadle.server")
    run(main())
    # One line, however many there are.
    (record,) = (each for each in caplog.records if each.name == "treadle.server")
    assert record.levelno == logging.WARNING
    text = f"Closed a connection from 127.0.0.1: {reason}; 0 more were closed since the last such"
    assert record.getMessage().startswith(text)


def test_warnings_are_counted_and_rare(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serve(who, **OPTIONS) as connect:
            for pause in (0, 0, 61, 0):
                await clock.advance(pause)
                peer = await connect()
                with contextlib.suppress(ConnectionError):
                    assert await peer.ask(b"x") == b""

    caplog.set_level(logging.INFO, "treadle.server")
    clock.run(main())
    ends = [each.getMessage().rpartition("; ")[2] for each in caplog.records]
    assert [end for end in ends if end.endswith("since the last such line")] == [
        "0 more were closed since the last such line",
        "1 more were closed since the last such line",
    ]


@each_loop
@pytest.mark.parametrize(
    ("options", "served"),
    [
        ({"trusted_proxies": ["10.0.0.0/8"], "proxy_protocol": True}, False),
        ({"trusted_proxies": ["unix"], "proxy_protocol": True}, False),
        ({"trusted_proxies": 1, "proxy_protocol": True}, True),
        ({"proxy_protocol": "any-peer"}, True),
        ({"trusted_proxies": ["10.0.0.0/8"], "proxy_protocol": "any-peer"}, True),
    ],
)
def test_the_peers_that_may_send_a_header(
    run: Run, options: dict[str, Any], served: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with serve(who, **options) as connect:
            peer = await connect()
            with contextlib.suppress(ConnectionError):
                await peer.send(V1 + GET)
                if served:
                    assert await peer.response() == (200, b"203.0.113.7 http 127.0.0.1")
                else:
                    assert await peer.rest() == b""

    run(main())
    assert ("it is not one of trusted_proxies" in caplog.text) is not served


def test_without_trusted_proxies_it_must_be_said() -> None:
    async def main() -> None:
        Server(who, proxy_protocol=True)  # type: ignore[arg-type]  # never called

    with pytest.raises(ValueError, match="proxy_protocol=True without trusted_proxies lets any"):
        asyncio.run(main())


@each_loop
def test_half_a_header_and_none(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serve(who, **OPTIONS) as connect:
            # A proxy that only looks if the port is open.
            silent = await connect()
            silent.writer.write_eof()
            assert await silent.rest() == b""
            assert not [each for each in caplog.records if each.levelno >= logging.WARNING]
            half = await connect()
            await half.send(V1[:10])
            half.writer.write_eof()
            with contextlib.suppress(ConnectionError):
                assert await half.rest() == b""
            gone = await connect()
            gone.writer.transport.abort()

    run(main())
    assert "it has ended within its header" in caplog.text


@each_loop
def test_a_connection_that_is_reset_before_it_is_accepted(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with serve(who, **OPTIONS) as connect:
            first = await connect()
            address = first.writer.get_extra_info("peername")
            for _ in range(3):
                # The event loop does not run meanwhile.
                with socket.create_connection(address) as sock:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await first.send(V1 + GET)
            assert (await first.response())[0] == 200
            last = await connect()
            await last.send(V1 + GET)
            assert (await last.response())[0] == 200

    caplog.set_level(logging.WARNING, "treadle")
    run(main())
    assert caplog.records == []


def test_the_header_has_a_deadline(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serve(who, head_timeout=10, **OPTIONS) as connect:
            silent, slow = await connect(), await connect()
            rests = [asyncio.ensure_future(peer.reader.read()) for peer in (silent, slow)]
            await slow.send(V2[:3])
            await clock.advance(8)
            # Another byte does not stretch it.
            await slow.send(V2[3:4])
            assert not any(rest.done() for rest in rests)
            await clock.advance(4)
            assert await asyncio.gather(*rests) == [b"", b""]

    clock.run(main())
    assert "its header did not come within head_timeout" in caplog.text


@each_loop
def test_it_counts_for_max_connections(run: Run) -> None:
    async def main() -> None:
        async with serve(who, max_connections=2, **OPTIONS) as connect:
            silent, served = await connect(), await connect()
            await served.send(V1 + GET)
            assert (await served.response())[0] == 200
            beyond = await connect()
            assert (await beyond.ask(V1 + GET)).startswith(b"HTTP/1.1 503 ")
            waiting = await connect()
            silent.writer.close()
            await silent.writer.wait_closed()
            async with asyncio.timeout(10):
                while True:
                    again = await connect()
                    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                        await again.send(V1 + GET)
                        if (await again.response())[0] == 200:
                            break
            # It was beyond the limit when it came.
            assert (await waiting.ask(V1 + GET)).startswith(b"HTTP/1.1 503 ")

    run(main())


@each_loop
def test_the_log_has_the_client_of_the_header(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with serve(who, access_log_format="%a %s", max_connections=1, **OPTIONS) as connect:
            peer = await connect()
            await peer.send(V1 + GET)
            assert (await peer.response())[0] == 200
            assert (await (await connect()).ask(V1 + GET)).startswith(b"HTTP/1.1 503 ")
            assert (await peer.ask(b"?\r\n\r\n")).startswith(b"HTTP/1.1 400 ")

    caplog.set_level(logging.INFO, "treadle.access")
    run(main())
    lines = [each.getMessage() for each in caplog.records if each.name == "treadle.access"]
    assert sorted(lines) == ["203.0.113.7 200", "203.0.113.7 400", "203.0.113.7 503"]


@each_loop
def test_the_path_of_a_client_cannot_forge_a_line(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with serve(hello, access_log_format="%a %s", **OPTIONS) as connect:
            peer = await connect()
            path = b'/a\n\xff"\x1b[31m'.ljust(216, b"\0")
            await peer.send(b"\r\n\r\n\0\r\nQUIT\n\x21\x31" + struct.pack("!H", 216) + path + GET)
            assert (await peer.response())[0] == 200

    caplog.set_level(logging.INFO, "treadle.access")
    run(main())
    (line,) = (each.getMessage() for each in caplog.records if each.name == "treadle.access")
    assert line.isprintable()
    assert line.startswith("/a")
    assert line.endswith(" 200")


@each_loop
def test_a_stop_closes_those_that_wait(run: Run) -> None:
    async def main() -> None:
        async with serve(who, **OPTIONS) as connect:
            served = await connect()
            await served.send(V1 + GET)
            assert (await served.response())[0] == 200
            silent = await connect()
            half = await connect()
            await half.send(V1[:5])
            # The server has accepted both when this one is served.
            last = await connect()
            await last.send(V1 + GET)
            assert (await last.response())[0] == 200
            rests = [asyncio.ensure_future(peer.rest()) for peer in (silent, half)]
        assert await asyncio.gather(*rests) == [b"", b""]

    run(main())


@each_loop
def test_unix_sockets_and_clones(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async def handler(request: Request) -> Response:
            clone = request.clone(method="GET")
            other = request.clone(remote="192.0.2.1", scheme="ws")
            return Response(text=f"{clone.remote} {clone.scheme} {other.remote} {other.scheme}")

        app = Application()
        app.router.add_get("/", handler)
        runner = AppRunner(app, trusted_proxies=["unix"], proxy_protocol=True)
        await runner.setup()
        path = str(tmp_path / "app.sock")
        await UnixSite(runner, path).start()
        try:
            peer = Peer(*await asyncio.open_unix_connection(path))
            await peer.send(V2 + GET)
            assert await peer.response() == (200, b"203.0.113.7 https 192.0.2.1 ws")
            peer.writer.close()
        finally:
            await runner.cleanup()

    run(main())


# TLS.


@pytest.fixture(scope="module")
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's context that know each other."""
    return tls_contexts()


class TlsClient:
    """A client of TLS in memory, over a socket: it decides which bytes are sent together."""

    def __init__(self, peer: Peer, context: ssl.SSLContext) -> None:
        self.peer = peer
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")

    async def step(self, call: Callable[[], Any], before: bytes = b"", after: bytes = b"") -> Any:
        """Return what a call of TLS returns, once enough has come; ``after`` is sent encrypted."""
        while True:
            try:
                found = call()
            except ssl.SSLWantReadError:
                found = None
            if found is not None and after:
                self.tls.write(after)
            data = before + self.outgoing.read()
            before = b""
            if data:
                await self.peer.send(data)
            if found is not None:
                return found
            data = await asyncio.wait_for(self.peer.reader.read(65_536), 25)
            if data:
                self.incoming.write(data)
            else:
                raise ConnectionResetError

    async def handshake(self, before: bytes = b"", after: bytes = b"") -> None:
        def call() -> bool:
            self.tls.do_handshake()
            return True

        await self.step(call, before, after)

    async def read(self) -> bytes:
        answer: bytes = await self.step(lambda: self.tls.read(65_536))
        return answer


@contextlib.asynccontextmanager
async def serving_tls(
    context: ssl.SSLContext,
    site: type[SockSite] = SockSite,
    **options: Any,
) -> AsyncIterator[tuple[Callable[[], Awaitable[Peer]], Server]]:
    app = Application()
    app.router.add_get("/", who)

    async def chat(request: Request) -> WebSocketResponse:
        socket = WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(f"{request.remote} {request.scheme}")
        await socket.receive()
        return socket

    app.router.add_get("/chat", chat)
    runner = AppRunner(app, shutdown_timeout=2, **(OPTIONS | options))
    await runner.setup()
    sock = socket.create_server(("127.0.0.1", 0))
    await site(runner, sock, ssl_context=context).start()
    host, port = sock.getsockname()[:2]
    peers: list[Peer] = []

    async def connect() -> Peer:
        peers.append(Peer(*await asyncio.open_connection(host, port)))
        return peers[-1]

    server = runner.server
    assert server is not None
    try:
        yield connect, server
    finally:
        for peer in peers:
            peer.writer.transport.abort()
        await runner.cleanup()


Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


@each_loop
@pytest.mark.parametrize("site", [SockSite, SharedSite])
@pytest.mark.parametrize("header", [V1, V2])
def test_the_header_comes_before_tls(
    run: Run, contexts: Contexts, header: bytes, site: type[SockSite]
) -> None:
    async def main() -> None:
        async with serving_tls(contexts[0], site) as (connect, _):
            answer = b"203.0.113.7 https 127.0.0.1"
            for together in (True, False):
                peer = await connect()
                client = TlsClient(peer, contexts[1])
                if not together:
                    await peer.send(header)
                # The request comes with the end of the handshake.
                await client.handshake(header if together else b"", GET)
                assert (await client.read()).endswith(answer)
                # Two writes, and the second one in pieces.
                client.tls.write(GET)
                client.tls.write(GET)
                data = client.outgoing.read()
                await peer.send(data[:50])
                await peer.send(data[50:])
                found = b""
                while found.count(answer) < 2:
                    found += await client.read()

    run(main())


@each_loop
def test_byte_by_byte_before_tls(run: Run, contexts: Contexts) -> None:
    async def main() -> None:
        async with serving_tls(contexts[0]) as (connect, _):
            client = TlsClient(await connect(), contexts[1])
            with contextlib.suppress(ssl.SSLWantReadError):
                client.tls.do_handshake()
            for byte in V2 + client.outgoing.read():
                await client.peer.send(bytes([byte]))
                await turns(1)
            await client.handshake(after=GET)
            assert (await client.read()).endswith(b"203.0.113.7 https 127.0.0.1")

    run(main())


@each_loop
def test_a_websocket_behind_the_header_and_tls(run: Run, contexts: Contexts) -> None:
    async def main() -> None:
        async with serving_tls(contexts[0]) as (connect, _):
            client = TlsClient(await connect(), contexts[1])
            request = (
                b"GET /chat HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            await client.handshake(V1, request)
            found = b""
            while b"203.0.113.7 https" not in found:
                found += await client.read()
            assert found.startswith(b"HTTP/1.1 101 ")

    run(main())


@each_loop
@pytest.mark.parametrize("behind", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\0\x05hello", b""])
def test_a_failed_handshake_leaves_nothing(run: Run, contexts: Contexts, behind: bytes) -> None:
    async def main() -> None:
        async with serving_tls(contexts[0]) as (connect, server):
            state = server._state
            peer = await connect()
            await peer.send(V1 + behind)
            if behind.startswith(b"GET"):
                status, body = await peer.response()
                assert status == 400
                assert b"This port speaks HTTPS" in body
                peer.writer.transport.abort()
            elif not behind:
                peer.writer.transport.abort()
            else:
                with contextlib.suppress(ConnectionError):
                    assert b"HTTP" not in await peer.rest()
            # One that is served proves that the server has seen the end of the other.
            client = TlsClient(await connect(), contexts[1])
            await client.handshake(V1, GET)
            assert b"203.0.113.7" in await client.read()
            async with asyncio.timeout(25):
                while len(state.connections) > 1:
                    await turns(1)
            (left,) = state.connections
            assert isinstance(left, asyncio.Protocol)

    run(main())


@each_loop
def test_a_stop_ends_handshakes(run: Run, contexts: Contexts) -> None:
    async def main() -> None:
        async with serving_tls(contexts[0]) as (connect, server):
            peer = await connect()
            await peer.send(V1)
            kinds: set[str] = set()
            async with asyncio.timeout(25):
                while kinds != {"HANDSHAKE"}:
                    kinds = {stage_of(each) for each in server._state.connections}
                    await turns(1)
            rest = asyncio.ensure_future(peer.rest())
            await server.shutdown(2)
            assert not server._state.connections
            with contextlib.suppress(ConnectionError):
                assert await rest == b""

    run(main())


def stage_of(connection: Connection) -> str:
    found: Any = connection
    name: str = found._stage.name
    return name


@each_loop
def test_tls_beyond_the_limit_gets_its_answer_behind_the_handshake(
    run: Run, contexts: Contexts
) -> None:
    async def main() -> None:
        async with serving_tls(contexts[0], max_connections=1) as (connect, server):
            first = TlsClient(await connect(), contexts[1])
            await first.handshake(V1, GET)
            assert b" 200 OK" in await first.read()
            second = TlsClient(await connect(), contexts[1])
            await second.handshake(V1, GET)
            assert b"HTTP/1.1 503 " in await second.read()
            assert server._state.overload_count == 1
            second.peer.writer.close()
            await second.peer.writer.wait_closed()
            async with asyncio.timeout(25):
                while server._state.overload_count:
                    await turns(1)
            assert len(server._state.connections) == 1

    run(main())


@each_loop
def test_a_bare_server_of_an_event_loop(run: Run) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        web_server = Server(who, **OPTIONS)  # type: ignore[arg-type]  # a handler of requests
        listener = await loop.create_server(web_server, "127.0.0.1", 0)
        peer = Peer(*await asyncio.open_connection(*listener.sockets[0].getsockname()))
        await peer.send(V1 + GET)
        assert await peer.response() == (200, b"203.0.113.7 http 127.0.0.1")
        peer.writer.close()
        listener.close()
        await web_server.shutdown(2)

    run(main())
