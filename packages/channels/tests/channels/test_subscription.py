"""Subscriptions: order, policies, topics that come and go, replay without doubles or holes."""

import asyncio
import gc
import random

import pytest

from testkit import Run, SlowEngine, each_loop, until
from treadle_channels import (
    BackendUnavailableError,
    Channels,
    Gap,
    MemoryBackend,
    Message,
    NotReplayableError,
    Overflow,
    SlowSubscriberError,
    Subscription,
)


async def take(messages: Subscription, count: int) -> list[Message | Gap]:
    return [await asyncio.wait_for(anext(messages), 10) for _ in range(count)]


async def texts(messages: Subscription, count: int) -> list[object]:
    got = await take(messages, count)
    return [each.data if isinstance(each, Message) else each for each in got]


@each_loop
def test_a_loop_without_a_block(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend()) as chat:
            subscription = chat.subscribe("a", "b")
            assert chat.topics == frozenset()

            async def publish() -> None:
                engine = chat._engine
                assert engine is not None
                await until(lambda: len(engine.active) >= 2)
                for number in range(3):
                    await chat.publish("ab"[number % 2], str(number))

            task = asyncio.ensure_future(publish())
            got = []
            async for message in subscription:
                assert isinstance(message, Message)
                got.append((message.topic, message.data))
                if len(got) == 3:
                    break
            await task
            assert got == [("a", "0"), ("b", "1"), ("a", "2")]
            del message
            gc.collect()
            await until(lambda: not chat.topics)
            assert list(chat._subscribers) == []

    run(main())


def test_what_is_published_behind_the_entry_comes(run: Run) -> None:
    async def main() -> None:
        async with Channels(SlowEngine(turns=3)) as chat:
            await chat.publish("t", "before")
            async with chat.subscribe("t") as messages:
                await chat.publish("t", "behind")
                assert await texts(messages, 1) == ["behind"]

    run(main())


def test_the_end_of_the_channels_is_the_end_of_the_iteration(run: Run) -> None:
    async def main() -> None:
        chat = Channels(MemoryBackend())
        await chat.start()
        async with chat.subscribe("t") as waits, chat.subscribe("t") as reads_later:
            waiting = asyncio.ensure_future(anext(waits, None))
            await asyncio.sleep(0)
            await chat.publish("t", "last")
            assert await waiting == Message("t", "last")
            waiting = asyncio.ensure_future(anext(waits, None))
            await asyncio.sleep(0)
            await chat.stop()
            assert await waiting is None
            assert [each async for each in reads_later] == [Message("t", "last")]
            assert await anext(reads_later, None) is None

    run(main())


def test_closing_wakes_a_task_that_waits(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend()) as chat:
            async with chat.subscribe("t") as messages:
                waiting = asyncio.ensure_future(anext(messages, None))
                await asyncio.sleep(0)
                with pytest.raises(RuntimeError, match="Another task"):
                    await anext(messages)
                messages.close()
                messages.close()
                assert await waiting is None
                assert chat.topics == frozenset()
            with pytest.raises(RuntimeError, match="entered once"):
                await messages.__aenter__()

    run(main())


def test_a_cancelled_read_loses_nothing(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend()) as chat, chat.subscribe("t") as messages:
            for number in range(20):
                waiting = asyncio.ensure_future(anext(messages))
                await asyncio.sleep(0)
                await chat.publish("t", str(number))
                # It was woken already, and has yet to run.
                waiting.cancel()
                await asyncio.wait([waiting])
                assert waiting.cancelled()
                assert await texts(messages, 1) == [str(number)]

    run(main())


def gap(missed: int) -> Gap:
    return Gap(frozenset("t"), "behind", missed)


POLICIES: list[tuple[Overflow, list[object]]] = [
    ("drop_oldest", [gap(3), "3", "4"]),
    ("drop_newest", ["0", "1", gap(3)]),
]


@pytest.mark.parametrize(("overflow", "expected"), POLICIES)
def test_policies(run: Run, overflow: Overflow, expected: list[object]) -> None:
    async def main() -> None:
        async with (
            Channels(MemoryBackend()) as chat,
            chat.subscribe("t", queue=2, overflow=overflow) as messages,
        ):
            for number in range(5):
                await chat.publish("t", str(number))
            assert await texts(messages, 3) == expected
            await chat.publish("t", "next")
            assert await texts(messages, 1) == ["next"]

    run(main())


def test_the_policy_close(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend(), queue=2, overflow="close") as chat:
            async with chat.subscribe("t") as messages:
                for number in range(5):
                    await chat.publish("t", str(number))
                assert chat.topics == frozenset()
                assert await texts(messages, 2) == ["0", "1"]
                for _ in range(2):
                    with pytest.raises(SlowSubscriberError, match=r"full \(2 messages\)"):
                        await anext(messages)
            assert await anext(messages, None) is None

    run(main())


def test_topics_come_and_go(run: Run) -> None:
    async def main() -> None:
        engine = SlowEngine(turns=1)
        async with Channels(engine) as chat:
            subscription = chat.subscribe("a")
            for call in (subscription.add("b"), subscription.remove("a"), anext(subscription)):
                with pytest.raises(RuntimeError, match="belongs into the block"):
                    await call
            async with subscription as messages:
                await messages.add("b", "a")
                assert messages.topics == chat.topics == {"a", "b"}
                await chat.publish("b", "1")
                await messages.remove("a", "never")
                await chat.publish("a", "2")
                await chat.publish("b", "3")
                assert await texts(messages, 2) == ["1", "3"]
                with pytest.raises(ValueError, match="must not be empty"):
                    await messages.add("")
                await messages.remove("b")
                assert (messages.topics, chat.topics) == (frozenset(), frozenset())
                # Without topics it is still there, and told the end.
                waiting = asyncio.ensure_future(anext(messages, None))
                await asyncio.sleep(0)
                chat.end_subscriptions()
                assert await waiting is None

    run(main())


def test_gaps_of_the_engine_come_in_their_place(run: Run) -> None:
    async def main() -> None:
        engine = SlowEngine()
        async with Channels(engine) as chat, chat.subscribe("a", "b") as messages:
            await chat.publish("a", "1")
            assert engine.sink is not None
            engine.sink.lost(None, "link")
            engine.sink.lost(["a"], "link")
            await chat.publish("b", "2")
            assert await texts(messages, 3) == ["1", Gap(frozenset("ab"), "link"), "2"]

    run(main())


# Replay.


def test_after_an_id(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend(history=3)) as chat:
            ids = [await chat.publish("t", str(number)) for number in range(5)]
            cases: list[tuple[str | None, list[object]]] = [
                ("0", [Gap(frozenset("t"), "trimmed"), "2", "3", "4"]),
                (ids[1], ["2", "3", "4"]),
                (ids[4], []),
                (None, []),
            ]
            for after, expected in cases:
                async with chat.subscribe("t", after=after) as messages:
                    last = await chat.publish("other", "x")
                    assert last is not None
                    assert await texts(messages, len(expected)) == expected
                    chat._intake.lost(None, "link")  # type: ignore[union-attr]  # it runs
                    assert await take(messages, 1) == [Gap(frozenset("t"), "link")]

    run(main())


@pytest.mark.parametrize("seed", range(15))
@pytest.mark.parametrize("queue", [2, 1000])
def test_no_doubles_and_no_holes(run: Run, seed: int, queue: int) -> None:
    """A reader that stops and goes on with its cursor has each message of each topic once."""
    chance = random.Random(seed)

    async def main() -> None:
        async with Channels(SlowEngine(1000, turns=1), queue=queue) as chat:
            published: dict[str, list[str]] = {"a": [], "b": []}

            async def publish() -> None:
                for number in range(60):
                    topic = chance.choice("ab")
                    published[topic].append(str(number))
                    await chat.publish(topic, str(number))
                    for _ in range(chance.randrange(4)):
                        await asyncio.sleep(0)

            async with chat.subscribe("a", "b") as first:
                cursor = first.cursor
            publisher = asyncio.ensure_future(publish())
            got: dict[str, list[object]] = {"a": [], "b": []}
            while sum(map(len, got.values())) < 60:
                async with chat.subscribe("a", "b", after=cursor) as messages:
                    for _ in range(chance.randrange(1, 15)):
                        if publisher.done() and sum(map(len, got.values())) == 60:
                            break
                        try:
                            item = await asyncio.wait_for(anext(messages), 0.05)
                        except TimeoutError:
                            break
                        if isinstance(item, Gap):
                            # Its queue was full: it reads what it has missed with the old cursor.
                            break
                        got[item.topic].append(item.data)
                        cursor = messages.cursor
                        if chance.random() < 0.3:
                            await asyncio.sleep(0)
            assert got == published
            await publisher

    run(main())


def test_messages_that_come_during_the_replay_fit_into_no_queue(run: Run) -> None:
    async def main() -> None:
        engine = SlowEngine(1000)
        async with Channels(engine) as chat:
            for number in range(10):
                await chat.publish("t", str(number))
            async with chat.subscribe("t", after="0", queue=3, overflow="close") as messages:
                got = await texts(messages, 4)
                await messages.add("u")
                for number in range(10, 30):
                    await chat.publish("t", str(number))
                    await chat.publish("u", f"u{number}")
                got += await texts(messages, 46)
                assert [each for each in got if "u" not in str(each)] == [*map(str, range(30))]
                others = [each for each in got if "u" in str(each)]
                assert others == [f"u{number}" for number in range(10, 30)]

    run(main())


def test_a_cursor_has_topics_that_were_quiet(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend(history=10)) as chat:
            await chat.publish("quiet", "long ago")
            async with chat.subscribe("busy", "quiet") as messages:
                await chat.publish("busy", "1")
                assert await texts(messages, 1) == ["1"]
                cursor = messages.cursor
            await chat.publish("quiet", "meanwhile")
            async with chat.subscribe("busy", "quiet", "new", after=cursor) as messages:
                assert await texts(messages, 1) == ["meanwhile"]
                await messages.remove("busy")
                await chat.publish("new", "2")
                assert await texts(messages, 1) == ["2"]

    run(main())


def test_a_replay_that_fails_goes_on(run: Run) -> None:
    async def main() -> None:
        engine = SlowEngine(100, turns=1)
        async with Channels(engine) as chat:
            for number in range(4):
                await chat.publish("t", str(number))
            async with chat.subscribe("t", after="0") as messages:
                assert await texts(messages, 2) == ["0", "1"]
                engine.failing["replay"] = BackendUnavailableError("down")
                with pytest.raises(BackendUnavailableError):
                    await anext(messages)
                del engine.failing["replay"]
                waiting = asyncio.ensure_future(anext(messages))
                await asyncio.sleep(0)
                waiting.cancel()
                await asyncio.wait([waiting])
                assert await texts(messages, 2) == ["2", "3"]

    run(main())


def test_the_end_during_a_replay(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend(history=100)) as chat:
            for number in range(4):
                await chat.publish("t", str(number))
            async with chat.subscribe("t", after="0") as messages:
                await chat.publish("t", "live")
                assert await texts(messages, 1) == ["0"]
                chat.end_subscriptions()
                assert await anext(messages, None) is None
            # One that is closed in the middle leaves no generator behind.
        async with Channels(MemoryBackend(history=100)) as chat:
            await chat.publish("t", "0")
            await chat.publish("t", "1")
            async with chat.subscribe("t", after="0") as messages:
                assert await texts(messages, 1) == ["0"]

    run(main())


def test_bad_places(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend()) as chat:
            with pytest.raises(NotReplayableError, match="leave out `after`"):
                chat.subscribe("t", after="0")
            async with chat.subscribe("t") as messages:
                assert messages.cursor is None
        async with Channels(MemoryBackend(history=1)) as chat:
            for bad in ("x", "", "1-1-1", "c1:", "c1:x", "\n", "c1:AAAAAAAAAAA=x,"):
                with pytest.raises(ValueError, match="Not a"):
                    chat.subscribe("t", after=bad)
            with pytest.raises(ValueError, match="is of one topic, and 2"):
                chat.subscribe("a", "b", after="5-1")
            with pytest.raises(TypeError, match="id of a message or a cursor"):
                chat.subscribe("t", after=5)  # type: ignore[arg-type]  # the mistake
            assert chat.topics == frozenset()

    run(main())


def test_envelopes_of_the_past_that_are_not_ours(run: Run) -> None:
    async def main() -> None:
        backend = MemoryBackend(history=5)
        async with Channels(backend) as chat:
            await chat.publish("t", "1")
            await backend.publish("t", b"?")
            await chat.publish("t", "2")
            async with chat.subscribe("t", after="0") as messages:
                lost = Gap(frozenset("t"), "undecodable", 1)
                assert await texts(messages, 3) == ["1", lost, "2"]

    run(main())
