"""Presence: names that are there several times, renewal, engines that fail, and the stop."""

import asyncio

import pytest

from testkit import FakeClock, Run, SlowEngine
from treadle_channels import Channels, MemoryBackend, NoPresenceError
from treadle_channels._channels.presence import Presence


def test_members(run: Run) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend()) as chat:
            assert await chat.members("room") == {}
            async with chat.present("room", "bob"), chat.present("room", "ada", "Ada L."):
                there = [("ada", "Ada L."), ("bob", "")]
                assert list((await chat.members("room")).items()) == there
                assert await chat.members("other") == {}
                async with chat.present("room", "ada", "from a phone"):
                    pass
                # The other window is still open.
                assert "ada" in await chat.members("room")
            assert await chat.members("room") == {}
            with pytest.raises(ValueError, match="oops"):
                async with chat.present("room", "ada"):
                    raise ValueError("oops")
            assert await chat.members("room") == {}

    run(main())


def test_a_member_of_two_processes_is_gone_with_the_last(run: Run) -> None:
    async def main() -> None:
        engine = MemoryBackend()
        one, two = Presence(engine, 10), Presence(engine, 10)
        async with one.present("room", "ada", "one"):
            async with two.present("room", "ada", "two"):
                assert list(await one.members("room")) == ["ada"]
            assert await two.members("room") == {"ada": "one"}
        assert await two.members("room") == {}
        await one.stop()
        await two.stop()

    run(main())


def test_members_are_renewed_by_one_task(clock: FakeClock) -> None:
    async def main() -> None:
        engine = MemoryBackend(clock=clock.loop.time)
        async with Channels(engine, presence_ttl=9) as chat:
            before = len(asyncio.all_tasks())
            async with chat.present("room", "ada"), chat.present("hall", "bob", "Bob"):
                assert len(asyncio.all_tasks()) == before + 1
                await clock.advance(100)
                assert await chat.members("room") == {"ada": ""}
                assert await chat.members("hall") == {"bob": "Bob"}
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert len(asyncio.all_tasks()) == before
            async with chat.present("room", "ada"):
                await clock.advance(100)
                assert await chat.members("room") == {"ada": ""}

    clock.run(main())


def test_an_engine_that_is_down(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        engine = MemoryBackend(clock=clock.loop.time)
        presence = Presence(engine, 9)
        touch, remove = engine.touch, engine.remove
        down = False

        async def failing_touch(topic: str, members: dict[str, str], ttl: float) -> None:
            if down:
                raise ConnectionError("down")
            await touch(topic, members, ttl)

        async def failing_remove(topic: str, members: list[str]) -> None:
            if down:
                raise ConnectionError("down too")
            await remove(topic, members)

        engine.touch, engine.remove = failing_touch, failing_remove  # type: ignore[method-assign, assignment]  # a fault that memory does not have
        async with presence.present("room", "ada"):
            down = True
            with pytest.raises(ConnectionError):
                async with presence.present("room", "bob"):
                    raise AssertionError("it is not there")
            await clock.advance(4)
            down = False
            await clock.advance(4)
            assert await presence.members("room") == {"ada": ""}
            await clock.advance(10)
            assert await presence.members("room") == {"ada": ""}
            down = True
        # It could not be removed: it goes by itself.
        assert await presence.members("room") == {"ada": ""}
        await clock.advance(10)
        assert await presence.members("room") == {}
        await presence.stop()
        assert "down" in caplog.text

    clock.run(main())


def test_stop_removes_the_members(run: Run) -> None:
    async def main() -> None:
        engine = MemoryBackend()
        presence = Presence(engine, 10)
        async with presence.present("room", "ada"), presence.present("room", "ada"):
            await presence.stop()
            assert await presence.members("room") == {}
            assert presence._task is None
        assert presence._own == {}

    run(main())


@pytest.mark.parametrize(
    ("topic", "member", "note", "text"),
    [
        ("", "ada", "", "topic must not be empty"),
        ("t", "", "", "member must not be empty"),
        ("t", 7, "", "member is a str, not 7"),
        ("t", "\ud800", "", "lone surrogate"),
        ("t", "x" * 513, "", "513 bytes, of which 512"),
        ("t", "ada", None, "note is a str, not None"),
        ("t", "ada", "x" * 4097, "4097 bytes"),
    ],
)
def test_mistakes(run: Run, topic: str, member: str, note: str, text: str) -> None:
    async def main() -> None:
        async with Channels(MemoryBackend()) as chat:
            with pytest.raises((TypeError, ValueError), match=text):
                async with chat.present(topic, member, note):
                    raise AssertionError("it is not there")
            assert chat._presence._own == {}

    run(main())


def test_backends_without_members(run: Run) -> None:
    async def main() -> None:
        async with Channels(SlowEngine()) as chat:
            with pytest.raises(NoPresenceError, match="slow engine"):
                await chat.members("room")
            with pytest.raises(NoPresenceError, match="does not keep members"):
                async with chat.present("room", "ada"):
                    raise AssertionError("it is not there")

    run(main())


@pytest.mark.parametrize("ttl", [0, -1, float("inf"), float("nan")])
def test_options(ttl: float) -> None:
    with pytest.raises(ValueError, match="presence_ttl"):
        Channels(MemoryBackend(), presence_ttl=ttl)
