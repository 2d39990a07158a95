"""The channel of one response: what is queued, what is withdrawn, what is refused."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from multidict import CIMultiDict

from testkit import ScopeServer, http_scope, run_on
from treadle_asgi._callable.channel import ScopeChannel
from treadle_http_parser import LocalProtocolError
from treadle_responses import Response
from treadle_server import BaseRequest, ClientConnectionResetError, Server

run = run_on("asyncio")


async def handle(request: BaseRequest) -> Response:
    return Response()


def channel_of(server: ScopeServer, method: str = "GET") -> ScopeChannel:
    state = Server(handle).state
    return ScopeChannel(http_scope(method), server.receive, server.send, state)


def head(channel: ScopeChannel, **fields: str) -> None:
    channel.write_head(200, "OK", CIMultiDict(fields), body_follows=True)


def test_a_head_can_be_withdrawn_until_it_is_sent() -> None:
    async def main() -> None:
        server = ScopeServer()
        channel = channel_of(server)
        head(channel, A="1")
        assert (channel.head_sent, server.sent) == (True, [])
        head(channel, B="2")
        assert channel.withdraw()
        assert not channel.head_sent
        head(channel, C="3")
        await channel.write(b"x")
        assert not channel.withdraw()
        with pytest.raises(ValueError, match="a request has one"):
            head(channel)
        with pytest.raises(LocalProtocolError):
            channel.write_whole(200, None, b"", b"")
        await channel.write_eof(b"y")
        assert (channel.response_ended, channel.head_sent) == (True, False)
        assert (server.fields, server.body) == ({"c": "3"}, b"xy")
        await channel.close()

    run(main())


def test_one_response() -> None:
    async def main() -> None:
        server = ScopeServer()
        channel = channel_of(server)
        assert channel.write_whole(200, None, b"A: 1\r\n", b"xy") == 8
        with pytest.raises(LocalProtocolError):
            channel.write_whole(200, None, b"", b"")
        await channel.write_eof(b"more")
        await channel.flush()
        assert (server.fields, server.body) == ({"a": "1"}, b"xy")

    run(main())


async def begin(channel: ScopeChannel) -> None:
    head(channel)


LOST: dict[str, Callable[[ScopeChannel], Awaitable[None]]] = {
    "write_head": begin,
    "write": lambda channel: channel.write(b"x"),
    "drain": lambda channel: channel.drain(),
    "send_path": lambda channel: channel.send_path("/a", 1),
}


@pytest.mark.parametrize("name", LOST)
def test_a_lost_client(name: str) -> None:
    async def main() -> None:
        server = ScopeServer()
        channel = channel_of(server)
        channel.lose()
        assert channel.client_left
        await channel.wait_client_left()
        with pytest.raises(ClientConnectionResetError):
            await LOST[name](channel)
        # These say nothing: the exchange looks at ``is_lost``.
        assert channel.write_whole(200, None, b"", b"x") == 0
        channel.write_informational(103, [("Link", "</a>")])
        channel.finish(b"x")
        channel.end_bodiless()
        channel.fail(None)
        await channel.flush()
        assert (server.sent, channel.broken, channel.transport) == ([], False, None)

    run(main())


def test_informational_responses_come_first() -> None:
    async def main() -> None:
        channel = channel_of(ScopeServer())
        head(channel)
        with pytest.raises(ValueError, match="a 1xx response comes before it"):
            channel.write_informational(103)

    run(main())


def test_the_connection_is_the_servers() -> None:
    async def main() -> None:
        channel = channel_of(ScopeServer())
        with pytest.raises(RuntimeError, match="have it serve WebSockets"):
            channel.switch(CIMultiDict(), None)  # type: ignore[arg-type]  # it is not looked at
        transport = channel.transport
        assert transport is not None
        transport.abort()
        assert (channel.is_lost, channel.broken) == (True, True)

    run(main())


def test_blocking_calls_run_in_order() -> None:
    async def main() -> None:
        channel = channel_of(ScopeServer())
        calls: list[int] = []
        await asyncio.gather(
            *(channel.run_blocking(lambda n=n: calls.append(n)) for n in range(5))  # type: ignore[misc]  # n is bound
        )
        assert calls == [0, 1, 2, 3, 4]

    run(main())


def test_a_handler_that_writes_much_gives_others_a_turn() -> None:
    async def main() -> None:
        server = ScopeServer()
        channel = channel_of(server)
        head(channel)
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        other = asyncio.ensure_future(others())
        for _ in range(600):
            await channel.write(b"x" * 1024)
        assert turns >= 8
        other.cancel()
        await asyncio.wait([other])
        await channel.close()

    run(main())
