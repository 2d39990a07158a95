"""The engine's subscriptions follow those of the hub, however fast subscribers come and go."""

import asyncio
import random

import pytest

from testkit import Run, SlowEngine, until
from treadle_channels import BackendError, ChannelsStoppedError, Gap, Message
from treadle_channels._channels.engine import EngineTopics
from treadle_channels._core.hub import Hub


class Listener:
    def deliver(self, message: Message) -> None:
        raise AssertionError("nothing is published")

    def lose(self, gap: Gap) -> None:
        raise AssertionError("nothing is lost")

    def end(self) -> None:
        raise AssertionError("nothing ends")


def make(turns: int) -> tuple[SlowEngine, Hub, EngineTopics]:
    engine = SlowEngine(turns=turns)
    hub = Hub(lambda subscriber, error: None)
    return engine, hub, EngineTopics(engine, hub)


async def settle(topics: EngineTopics) -> None:
    while topics._task is not None:
        await asyncio.wait([topics._task])


@pytest.mark.parametrize("seed", range(20))
def test_joining_and_leaving_fast(run: Run, seed: int) -> None:
    """After any steps with any turns between them, the engine has what the hub has."""
    chance = random.Random(seed)

    async def main() -> None:
        engine, hub, topics = make(chance.randrange(4))
        listeners = [Listener() for _ in range(3)]

        async def member(listener: Listener) -> None:
            for _ in range(30):
                wanted = chance.sample("abc", chance.randrange(1, 4))
                hub.add(listener, wanted)
                joining = asyncio.ensure_future(topics.ensure(wanted))
                if chance.random() < 0.2:
                    await asyncio.sleep(0)
                    joining.cancel()
                    await asyncio.wait([joining])
                else:
                    await joining
                    # What a subscriber joined is subscribed to, until it leaves.
                    assert engine.subscribed.issuperset(wanted)
                for _ in range(chance.randrange(3)):
                    await asyncio.sleep(0)
                    if not joining.cancelled():
                        assert engine.subscribed.issuperset(wanted)
                ended = hub.remove(listener, wanted)
                if ended:
                    topics.look_at(ended)
                for _ in range(chance.randrange(3)):
                    await asyncio.sleep(0)

        await asyncio.gather(*(member(listener) for listener in listeners))
        await settle(topics)
        assert engine.subscribed == set(topics.active) == set(hub.topics) == set()
        await topics.stop()

    run(main())


def test_the_last_leaves_while_another_joins(run: Run) -> None:
    async def main() -> None:
        engine, hub, topics = make(3)
        one, two = Listener(), Listener()
        hub.add(one, ["t"])
        await topics.ensure(["t"])
        topics.look_at(hub.remove(one))
        await until(lambda: "unsubscribe" in engine.calls)
        hub.add(two, ["t"])
        await topics.ensure(["t"])
        assert engine.subscribed == {"t"}
        assert engine.calls == ["subscribe", "unsubscribe", "subscribe"]
        await settle(topics)
        assert engine.subscribed == {"t"}

    run(main())


def test_topics_that_come_together_are_one_call(run: Run) -> None:
    async def main() -> None:
        engine, hub, topics = make(1)
        listener = Listener()
        names = [f"t{number}" for number in range(100)]
        hub.add(listener, names)
        await asyncio.gather(*(topics.ensure([name]) for name in names))
        assert len(engine.calls) <= 2
        assert engine.subscribed == set(names)
        await topics.ensure(names)
        await settle(topics)
        assert topics._task is None

    run(main())


def test_an_engine_that_refuses(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        engine, hub, topics = make(1)
        listener = Listener()
        engine.failing["subscribe"] = BackendError("no")
        hub.add(listener, ["t"])
        waiting = [asyncio.ensure_future(topics.ensure(["t"])) for _ in range(2)]
        for each in waiting:
            with pytest.raises(BackendError, match="no"):
                await each
        assert not topics.active
        engine.failing = {"unsubscribe": BackendError("not that either")}
        await topics.ensure(["t"])
        topics.look_at(hub.remove(listener))
        await settle(topics)
        assert "not that either" in caplog.text

    run(main())


def test_stop_ends_those_who_wait(run: Run) -> None:
    async def main() -> None:
        engine, hub, topics = make(1_000_000)
        hub.add(Listener(), ["t", "u"])
        first = asyncio.ensure_future(topics.ensure(["t"]))
        await until(lambda: engine.calls)
        second = asyncio.ensure_future(topics.ensure(["u"]))
        await asyncio.sleep(0)
        await topics.stop()
        await topics.stop()
        for waiting in (first, second):
            with pytest.raises(ChannelsStoppedError):
                await waiting
        assert topics._task is None

    run(main())
