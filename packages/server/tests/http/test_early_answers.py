"""Answers to requests whose bodies are still on their way: the client gets them.

A client that sends 30 MB before it looks for an answer must find one. ``http.client`` and most
libraries work like this; the peers here do, too.
"""

import asyncio
import contextlib
import socket

import pytest

from testkit import FakeClock, Peer, Run, each_loop, serve
from treadle_responses import HTTPForbidden, HTTPUnauthorized, Response, StreamResponse
from treadle_server import Application, AppRunner, Request, SockSite

MEGABYTE = 1_000_000


async def unauthorized(request: Request) -> Response:
    raise HTTPUnauthorized


async def forbidden_late(request: Request) -> Response:
    await asyncio.sleep(0)
    raise HTTPForbidden


async def hello(request: Request) -> Response:
    return Response(text="hello")


async def some_of_it(request: Request) -> Response:
    await request.content.readany()
    return Response(text="enough")


async def too_large(request: Request) -> Response:
    return Response(body=await request.read())


async def form(request: Request) -> Response:
    await request.post()
    return Response(text="never")


async def broken(request: Request) -> Response:
    raise ValueError("mine")


async def streamed(request: Request) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    await response.write(b"streamed")
    return response


HANDLERS = {
    "401": (unauthorized, b"401"),
    "403, late": (forbidden_late, b"403"),
    "404": (None, b"404"),
    "413": (too_large, b"413"),
    "413 of a form": (form, b"413"),
    "500": (broken, b"500"),
    "200": (hello, b"200"),
    "200, some of it read": (some_of_it, b"200"),
    "200, streamed": (streamed, b"200"),
}


def application(name: str) -> Application:
    app = Application()
    handler = HANDLERS[name][0]
    if handler is not None:
        app.router.add_route("*", "/", handler)
    return app


def request_of(size: int, *, chunked: bool, fields: str, version: str) -> tuple[bytes, bytes]:
    """Return the head of a request, and its body with its framing."""
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"
    head = (
        f"POST / HTTP/{version}\r\nHost: x\r\n{fields}{length}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
    ).encode()
    body = b"a" * size
    return head, b"%x\r\n%b\r\n0\r\n\r\n" % (size, body) if chunked else body


async def send_before_reading(peer: Peer, head: bytes, body: bytes) -> None:
    await peer.send(head)
    for start in range(0, len(body), 65536):
        await peer.send(body[start : start + 65536])
        # As slow as the network: the server's answer is there long before the body's end.
        await asyncio.sleep(0)


@each_loop
@pytest.mark.parametrize("name", HANDLERS)
@pytest.mark.parametrize(
    ("size", "chunked", "fields", "version"),
    [
        (30 * MEGABYTE, False, "", "1.1"),
        (5 * MEGABYTE, True, "", "1.1"),
        (5 * MEGABYTE, False, "Connection: close\r\n", "1.1"),
        (5 * MEGABYTE, True, "Connection: close\r\n", "1.1"),
        (5 * MEGABYTE, False, "", "1.0"),
    ],
)
def test_a_client_that_sends_all_before_it_reads(
    run: Run, name: str, size: int, chunked: bool, fields: str, version: str
) -> None:
    async def main() -> None:
        async with serve(application(name)) as connect:
            peer = await connect()
            data = request_of(size, chunked=chunked, fields=fields, version=version)
            await send_before_reading(peer, *data)
            head = await peer.head()
            assert head.startswith(b"HTTP/1.1 " + HANDLERS[name][1])
            if fields or version == "1.0":
                # The server closes its side at once, so that the client finds the end.
                assert b"Connection: close" in head
                assert await peer.rest() != b"" or name == "200, streamed"

    run(main())


def test_a_body_that_comes_at_a_walk_is_waited_for(clock: FakeClock) -> None:
    async def main() -> None:
        async with serve(application("401")) as connect:
            peer = await connect()
            head, body = request_of(28_000, chunked=False, fields="", version="1.1")
            await peer.send(head)
            for start in range(0, len(body), 1000):
                await peer.send(body[start : start + 1000])
                await clock.advance(1)
            assert (await peer.response())[0] == 401
            # The connection goes on.
            await peer.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await peer.response())[0] == 401

    clock.run(main())


@pytest.mark.parametrize("fields", ["", "Connection: close\r\n"])
@pytest.mark.parametrize(("every", "most"), [(1, 30), (6, 5)])
def test_it_is_waited_for_with_two_bounds(
    clock: FakeClock, fields: str, every: int, most: int
) -> None:
    """In all, and without a byte."""

    async def main() -> None:
        async with serve(application("401")) as connect:
            peer = await connect()
            head, _ = request_of(MEGABYTE, chunked=False, fields=fields, version="1.1")
            await peer.send(head)
            assert (await peer.response())[0] == 401
            passed = 0
            with contextlib.suppress(ConnectionError):
                while passed < 100:
                    await peer.send(b"a")
                    await clock.advance(every)
                    passed += every
            # The sweeper is up to a second late, and a socket tells of a reset with the next write.
            assert most <= passed <= most + 2 + 2 * every

    clock.run(main())


@each_loop
@pytest.mark.parametrize("fields", ["", "Connection: close\r\n"])
def test_lingering_ends_with_the_stop(run: Run, fields: str) -> None:
    async def main() -> None:
        runner = AppRunner(application("401"), shutdown_timeout=50)
        await runner.setup()
        sock = socket.create_server(("127.0.0.1", 0))
        await SockSite(runner, sock).start()
        peers = [Peer(*await asyncio.open_connection(*sock.getsockname())) for _ in range(20)]
        for peer in peers:
            head, _ = request_of(MEGABYTE, chunked=False, fields=fields, version="1.1")
            await peer.send(head)
            assert (await peer.response())[0] == 401
        server = runner.server
        assert server is not None
        assert len(server.connections) == 20
        await asyncio.wait_for(runner.cleanup(), 2)
        assert server.connections == []
        for peer in peers:
            assert await peer.rest() == b""
            peer.writer.close()

    run(main())
