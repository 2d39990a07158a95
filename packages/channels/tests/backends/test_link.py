"""The link over sessions of a fake engine, under a clock that the test moves."""

import asyncio
from collections.abc import Sequence

import pytest

from testkit import FakeClock
from treadle_channels import BackendError, BackendUnavailableError
from treadle_channels._backends.link import Link
from treadle_channels._backends.session import LinkOptions


class Engine:
    """An engine that answers, or does not."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.hangs = False
        self.opened: list[float] = []
        self.closed = 0
        self.topics: set[str] = set()
        self.changes: list[tuple[list[str], list[str]]] = []
        self.batches: list[list[str]] = []
        self.lose = asyncio.Event()
        self.ups: list[bool] = []

    def link(self, **options: object) -> Link[str]:
        given = LinkOptions(**options)  # type: ignore[arg-type]  # tables of options
        return Link(lambda: FakeSession(self), self.ups.append, given, "Fake")


class FakeSession:
    ping = "ping"

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def open(self) -> None:
        self.engine.opened.append(asyncio.get_running_loop().time())
        if self.engine.error is not None:
            raise self.engine.error
        if self.engine.hangs:
            await asyncio.Event().wait()
        self.engine.topics.clear()
        self.engine.lose.clear()

    async def listen(self) -> None:
        await self.engine.lose.wait()
        raise ConnectionError("lost")

    async def change(self, add: Sequence[str], drop: Sequence[str]) -> None:
        await asyncio.sleep(0)
        self.engine.changes.append((sorted(add), sorted(drop)))
        self.engine.topics.update(add)
        self.engine.topics.difference_update(drop)

    async def send(self, batch: Sequence[str]) -> Sequence[object]:
        await asyncio.sleep(0)
        if self.engine.hangs:
            await asyncio.Event().wait()
        self.engine.batches.append(list(batch))
        return [BackendError(work) if work == "refuse" else work.upper() for work in batch]

    async def check(self) -> None:
        if self.engine.hangs:
            raise TimeoutError

    async def close(self) -> None:
        self.engine.closed += 1


def test_attempts_come_soon_and_then_each_second_at_most(clock: FakeClock) -> None:
    async def main() -> None:
        engine = Engine()
        engine.error = ConnectionError("refused")
        link = engine.link(required=False)
        await link.start()
        await clock.advance(20)
        await link.stop()
        pauses = [b - a for a, b in zip(engine.opened, engine.opened[1:], strict=False)]
        # The clock moves by half seconds, and a delay is at most one.
        assert 18 < len(engine.opened) < 45
        assert max(pauses) <= 1.5
        assert engine.closed == len(engine.opened)

    clock.run(main())


def test_an_engine_that_does_not_answer_is_given_its_time(clock: FakeClock) -> None:
    async def main() -> None:
        engine = Engine()
        engine.hangs = True
        link = engine.link(timeout=5.0)
        starting = asyncio.ensure_future(link.start())
        await clock.advance(4.9)
        assert not starting.done()
        await clock.advance(0.2)
        with pytest.raises(BackendUnavailableError, match=r"Fake cannot be reached \(no answer in"):
            await starting
        assert engine.closed == 1

    clock.run(main())


def test_only_differences_are_told_to_the_engine(clock: FakeClock) -> None:
    async def main() -> None:
        engine = Engine()
        link = engine.link()
        await link.start()
        await asyncio.gather(*(link.subscribe([name]) for name in "abc"))
        assert engine.changes == [(["a", "b", "c"], [])]
        link.unsubscribe(["a", "b"])
        await link.subscribe(["b", "d"])
        assert engine.changes[1:] == [(["d"], ["a"])]
        assert engine.topics == {"b", "c", "d"}
        assert engine.ups == [False]
        engine.lose.set()
        await clock.advance(1)
        assert link.connected
        assert engine.topics == {"b", "c", "d"}
        assert engine.ups == [False, True]
        await link.stop()

    clock.run(main())


def test_calls_share_batches_and_keep_their_order(clock: FakeClock) -> None:
    async def main() -> None:
        engine = Engine()
        link = engine.link()
        await link.start()
        calls = [link.call(f"c{i}", size=1000) for i in range(600)]
        answers = await asyncio.gather(*calls)
        assert answers == [f"C{i}" for i in range(600)]
        assert [work for batch in engine.batches for work in batch] == [f"c{i}" for i in range(600)]
        assert 3 <= len(engine.batches) <= 6
        engine.batches.clear()
        await asyncio.gather(*(link.call("x", size=1 << 20) for _ in range(3)))
        assert [len(batch) for batch in engine.batches] == [1, 1, 1]
        with pytest.raises(BackendError, match="refuse"):
            await link.call("refuse")
        assert link.connected
        await link.stop()

    clock.run(main())


def test_a_call_without_an_answer_ends_the_session(clock: FakeClock) -> None:
    async def main() -> None:
        engine = Engine()
        link = engine.link(timeout=5.0, when_down="queue")
        await link.start()
        engine.hangs = True
        sent = asyncio.ensure_future(link.call("sent", keep=True))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        behind = asyncio.ensure_future(link.call("behind", keep=True))
        question = asyncio.ensure_future(link.call("question"))
        await clock.advance(5.1)
        with pytest.raises(BackendUnavailableError, match="may have been published or not"):
            await sent
        # What was not sent yet waits; a question is not kept.
        assert await behind is None
        with pytest.raises(BackendUnavailableError):
            await question
        engine.hangs = False
        await clock.advance(10)
        assert engine.batches[0] == ["behind"]
        await link.stop()

    clock.run(main())


def test_an_engine_that_says_nothing_is_found_by_the_heartbeat(clock: FakeClock) -> None:
    async def main() -> None:
        engine = Engine()
        link = engine.link(heartbeat=5.0)
        await link.start()
        await clock.advance(20)
        assert engine.closed == 0
        engine.hangs = True
        await clock.advance(6)
        assert engine.closed == 1
        assert not link.connected
        await link.stop()

    clock.run(main())


def test_a_session_that_cannot_be_made_is_an_error_of_the_start(clock: FakeClock) -> None:
    def make() -> FakeSession:
        raise TypeError("a mistake")

    async def main() -> None:
        link: Link[str] = Link(make, lambda _: None, LinkOptions(), "Fake")
        with pytest.raises(BackendUnavailableError, match="a mistake"):
            await link.start()
        await link.stop()

    clock.run(main())
