"""Plain HTTP on a port with TLS is answered, and contexts that cannot serve are refused."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from testkit import Peer, Run, each_loop, tls_contexts
from treadle_responses import Response
from treadle_server import Application, AppRunner, Request, SharedSite, SockSite
from treadle_server._transport.tls import prepare_context


async def hello(_request: Request) -> Response:
    return Response(text="hello")


Connect = Callable[..., Awaitable[Peer]]


@contextlib.asynccontextmanager
async def serving(site: type[SockSite] = SockSite, **options: Any) -> AsyncIterator[Connect]:
    server, client = tls_contexts()
    app = Application()
    app.router.add_route("*", "/", hello)
    runner = AppRunner(app, **options)
    await runner.setup()
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    await site(runner, sock, ssl_context=server).start()
    peers: list[Peer] = []

    async def connect(tls: bool = False) -> Peer:
        context, name = (client, "localhost") if tls else (None, None)
        streams = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=name
        )
        peers.append(Peer(*streams))
        return peers[-1]

    try:
        yield connect
    finally:
        for peer in peers:
            peer.writer.transport.abort()
        await runner.cleanup()
        # The end of a handshake that was cut off.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others, timeout=30)


GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
PLAIN = [
    (GET,),
    (b"DELETE / HTTP/1.1\r\nHost: localhost\r\n\r\n",),
    (b"OPTIONS * HTTP/1.1\r\n\r\n",),
    (b"CONNECT a:1 HTTP/1.1\r\n\r\n",),
    (b"G", b"ET / HTTP/1.1\r\n\r\n"),
    (b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000,),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",),
]


@each_loop
@pytest.mark.parametrize("site", [SockSite, SharedSite])
@pytest.mark.parametrize("parts", PLAIN, ids=lambda parts: parts[0][:8].decode())
def test_a_request_in_plain_http(run: Run, parts: tuple[bytes, ...], site: type[SockSite]) -> None:
    async def main() -> None:
        async with serving(site) as connect:
            peer = await connect()
            for part in parts:
                await peer.send(part)
            status, body = await peer.response()
            assert status == 400
            assert b"This port speaks HTTPS" in body
            # Others are not disturbed, nor is this one answered twice.
            await peer.send(GET)
            other = await connect(tls=True)
            await other.send(GET)
            assert await other.response() == (200, b"hello")

    run(main())


@each_loop
@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x00\x02ab", b"\0\0\0\0\0\0", b"\r\n\r\n\r\n"])
def test_other_bytes_end_the_connection(run: Run, garbage: bytes) -> None:
    async def main() -> None:
        # The first one is the beginning of a handshake, for which a second is the least time.
        async with serving(head_timeout=1.0) as connect:
            peer = await connect()
            rest = b""
            with contextlib.suppress(ConnectionResetError):
                rest = await peer.ask(garbage)
            # Nothing, or an alert of TLS.
            assert rest[:1] in (b"", b"\x15")

    run(main())


@each_loop
def test_one_that_stays_behind_its_answer_is_cut_off(run: Run) -> None:
    async def main() -> None:
        # The least time for a handshake is a second.
        async with serving(head_timeout=0.1, max_connections=1) as connect:
            peer = await connect()
            await peer.send(GET)
            assert (await peer.response())[0] == 400
            rest = b""
            with contextlib.suppress(ConnectionResetError):
                rest = await peer.rest()
            assert rest == b""

    run(main())


def test_a_context_is_prepared_once() -> None:
    server, _ = tls_contexts()
    prepare_context(server)
    wrap = server.wrap_bio
    prepare_context(server)
    assert server.wrap_bio is wrap


def test_connections_of_clients_of_the_same_context() -> None:
    """A program may use a context on both sides: a client that gets a letter is no server."""
    with pytest.warns(DeprecationWarning, match="PROTOCOL_TLS is deprecated"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS)
    prepare_context(context)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname=None)
    incoming.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(ssl.SSLError) as raised:
        client.do_handshake()
    assert not isinstance(raised.value, ssl.SSLWantReadError)
    # Only its own ClientHello.
    assert outgoing.read()[:1] == b"\x16"


def test_a_class_of_the_programs_own_stays() -> None:
    class Own(ssl.SSLObject):
        pass

    server, _ = tls_contexts()
    server.sslobject_class = Own
    prepare_context(server)
    assert type(server.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), True)) is Own


@pytest.mark.parametrize(
    ("context", "error", "text"),
    [
        ("cert.pem", TypeError, r"must be an ssl.SSLContext, as web.create_ssl.*got 'cert.pem'"),
        (True, TypeError, "got True"),
        (ssl.SSLContext, TypeError, "got <class 'ssl.SSLContext'>"),
        (ssl.create_default_context(), ValueError, "is one of clients: make it with"),
    ],
)
def test_contexts_that_are_refused(context: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        prepare_context(context)
