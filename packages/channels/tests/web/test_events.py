"""Event streams: what comes, resuming, gaps, and the end whatever happens."""

import asyncio
from typing import Any

import pytest

from testkit import Peer, Run, each_loop, serve, until
from treadle_channels import Channels, Gap, MemoryBackend, Message
from treadle_channels._web.app import WebChannels, of, setup
from treadle_channels._web.events import subscribe_after
from treadle_responses import StreamResponse
from treadle_server import Application, AppRunner, Request, TCPSite


def make(backend: Any, **options: Any) -> tuple[Application, WebChannels]:
    app = Application()
    chat = setup(app, backend)

    async def handle(request: Request) -> StreamResponse:
        return of(request).event_stream(request, *request.query.getall("in"), **options)

    app.router.add_route("*", "/", handle)
    return app, chat


async def ask(
    peer: Peer, last: str | None = None, topics: str = "in=a", method: str = "GET"
) -> None:
    field = "" if last is None else f"Last-Event-ID: {last}\r\n"
    await peer.send(f"{method} /?{topics} HTTP/1.1\r\nHost: x\r\n{field}\r\n".encode())
    assert (await peer.head()).startswith(b"HTTP/1.1 200 ")


async def event(peer: Peer) -> dict[str, str]:
    """Return the fields of the next event, which is a chunk of its own."""
    size = int((await asyncio.wait_for(peer.reader.readline(), 10)).strip(), 16)
    text = (await peer.exactly(size + 2)).decode()
    return dict(line.split(": ", 1) for line in text.strip().split("\n") if line)


async def wait_empty(chat: WebChannels) -> None:
    await until(lambda: not chat._subscribers)


@each_loop
def test_a_stream_without_history(run: Run) -> None:
    async def main() -> None:
        app, chat = make(MemoryBackend(), event="news")
        async with serve(app) as connect:
            peer = await connect()
            await ask(peer, topics="in=a&in=b")
            # A client that has the head misses nothing.
            await chat.publish("a", "one")
            await chat.publish("b", b"two \xc3\xa4")
            await chat.publish("b", b"\xff")
            assert await event(peer) == {"event": "news", "data": "one"}
            assert await event(peer) == {"event": "news", "data": "two ä"}
            assert await event(peer) == {
                "event": "gap", "data": '{"topics": ["b"], "reason": "undecodable", "missed": 1}',
            }  # fmt: skip
            peer.reader._transport.abort()  # type: ignore[attr-defined]  # the only way
            await wait_empty(chat)

    run(main())


@each_loop
def test_a_stream_resumes(run: Run) -> None:
    async def main() -> None:
        app, chat = make(MemoryBackend(history=3), encode=lambda message: f"<{message.data!r}>")
        async with serve(app) as connect:
            peer = await connect()
            await ask(peer)
            last = (await event(peer))["id"]
            await chat.publish("a", "0")
            first = await event(peer)
            assert first["data"] == "<'0'>"
            assert first["id"] != last
            peer.reader._transport.abort()  # type: ignore[attr-defined]  # the only way
            await wait_empty(chat)
            for number in range(1, 4):
                await chat.publish("a", str(number))
            peer = await connect()
            await ask(peer, first["id"])
            assert (await event(peer)) == {"id": first["id"]}
            got = [await event(peer) for _ in range(3)]
            assert [each["data"] for each in got] == ["<'1'>", "<'2'>", "<'3'>"]
            # From the beginning there is more than the history has.
            peer = await connect()
            await ask(peer, last)
            assert (await event(peer)) == {"id": last}
            lost = await event(peer)
            assert lost["event"] == "gap"
            assert lost["data"] == '{"topics": ["a"], "reason": "trimmed", "missed": null}'
            assert (await event(peer))["data"] == "<'1'>"

    run(main())


@pytest.mark.parametrize("history", [0, 5])
@pytest.mark.parametrize("last", ["7", "c1:", "c1:x=y", "c1:AAAAAAAAAAA=1-1", "x" * 5000, "0"])
def test_an_id_that_is_not_ours_is_a_gap(run: Run, last: str, history: int) -> None:
    async def main() -> None:
        app, chat = make(MemoryBackend(history))
        async with serve(app) as connect:
            peer = await connect()
            await ask(peer, last)
            first = await event(peer)
            assert first["event"] == "gap"
            assert first["data"] == '{"topics": ["a"], "reason": "trimmed", "missed": null}'
            assert ("id" in first) is bool(history)
            await chat.publish("a", "live")
            assert (await event(peer))["data"] == "live"

    run(main())


def test_topics_that_a_cursor_does_not_have(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend(history=5)) as chat:
            async with chat.subscribe("a") as messages:
                cursor = messages.cursor
            subscription, lost = subscribe_after(chat, ["a", "b"], cursor)
            assert lost == Gap(frozenset("b"), "trimmed")
            await chat.publish("a", "1")
            async with subscription:
                assert isinstance(await anext(subscription), Message)
            assert subscribe_after(chat, ["a"], cursor)[1] is None

    run(main())


def test_the_stop_of_the_server_ends_streams(run: Run) -> None:
    async def main() -> None:
        before = asyncio.all_tasks()
        app, chat = make(MemoryBackend(history=1))
        runner = AppRunner(app, shutdown_timeout=10)
        await runner.setup()
        site = TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        peer = Peer(*await asyncio.open_connection(*runner.addresses[0][:2]))
        await ask(peer)
        await event(peer)
        reading = asyncio.ensure_future(peer.rest())
        await runner.cleanup()
        assert (await reading).endswith(b"0\r\n\r\n")
        peer.writer.close()
        assert list(chat._subscribers) == []
        assert asyncio.all_tasks() == before

    run(main())


def test_a_head_is_no_stream(run: Run) -> None:
    async def main() -> None:
        app, chat = make(MemoryBackend(history=1))
        async with serve(app) as connect:
            peer = await connect()
            await ask(peer, method="HEAD")
            await wait_empty(chat)
            await ask(peer)
            assert "id" in await event(peer)

    run(main())


@pytest.mark.parametrize("topics", ["in=", "in=%00", "in=a&in="])
def test_bad_topics_are_the_handlers_error(run: Run, topics: str) -> None:
    async def main() -> None:
        app, chat = make(MemoryBackend())
        async with serve(app) as connect:
            peer = await connect()
            await peer.send(f"GET /?{topics} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert (await peer.response())[0] == 500
        assert list(chat._subscribers) == []

    run(main())


def test_an_encoder_that_fails_ends_the_stream(run: Run) -> None:
    def fail(message: Message) -> str:
        raise ValueError("oops")

    async def main() -> None:
        app, chat = make(MemoryBackend(), encode=fail)
        async with serve(app) as connect:
            peer = await connect()
            await ask(peer)
            await chat.publish("a", "x")
            # Cut off rather than ended: the client connects again.
            assert not (await peer.rest()).endswith(b"0\r\n\r\n")
            await wait_empty(chat)

    run(main())
