"""``MemoryBackend``: history with its limits, ids of other processes, and members that expire."""

import asyncio
from collections.abc import Collection

import pytest

from testkit import Run
from treadle_channels import BackendUnavailableError, Delivery, GapReason, MemoryBackend


class Kept:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes, str | None]] = []

    def deliver(self, topic: str, envelope: bytes, id: str | None) -> None:  # noqa: A002  # the interface's
        self.got.append((topic, envelope, id))

    def lost(
        self, topics: Collection[str] | None, reason: GapReason, missed: int | None = None
    ) -> None:
        raise AssertionError("memory loses nothing")


async def replayed(backend: MemoryBackend, topic: str, after: str) -> list[bytes | None]:
    found = [each async for each in backend.replay(topic, after)]
    return [None if each is None else each.envelope for each in found]


def test_a_message_is_delivered_at_once(run: Run) -> None:
    async def main() -> None:
        backend, sink = MemoryBackend(), Kept()
        with pytest.raises(BackendUnavailableError, match="not been started"):
            await backend.publish("t", b"0")
        assert not backend.connected
        await backend.start(sink)
        assert backend.connected
        assert await backend.publish("t", b"1") is None
        await backend.subscribe(["t", "u"])
        assert await backend.publish("t", b"2") is None
        assert sink.got == [("t", b"2", None)]
        await backend.unsubscribe(["t"])
        await backend.publish("t", b"3")
        await backend.stop()
        await backend.stop()
        await backend.start(sink)
        await backend.publish("u", b"4")
        assert sink.got == [("t", b"2", None)]
        assert (backend.delivery, "memory" in backend.description) == (Delivery.AT_MOST_ONCE, True)

    run(main())


def test_history(run: Run) -> None:
    async def main() -> None:
        backend, sink = MemoryBackend(history=3), Kept()
        assert backend.delivery is Delivery.REPLAYABLE
        await backend.start(sink)
        await backend.subscribe(["t"])
        assert await backend.last_id("t") == "0"
        assert await replayed(backend, "t", "0") == []
        ids = [await backend.publish("t", b"%d" % number) for number in range(5)]
        assert [each[2] for each in sink.got] == ids
        assert await backend.last_id("t") == ids[-1]
        assert None not in ids
        positions = [backend.position(each) for each in ids if each is not None]
        assert positions == sorted(set(positions))
        assert backend.position("0") < positions[0]
        table = [("0", True, "234"), (ids[0], True, "234"), (ids[1], False, "234"),
                 (ids[2], False, "34"), (ids[4], False, "")]  # fmt: skip
        for after, lost, kept in table:
            expected = [None] * lost + [each.encode() for each in kept]
            assert await replayed(backend, "t", str(after)) == expected

    run(main())


def test_topics_are_bounded_and_what_is_forgotten_is_told(run: Run) -> None:
    async def main() -> None:
        backend = MemoryBackend(history=2, max_topics=2)
        await backend.start(Kept())
        first = str(await backend.publish("a", b"a"))
        await backend.publish("b", b"b")
        await backend.publish("a", b"a")
        last = str(await backend.publish("c", b"c"))
        assert set(backend._topics) == {"a", "c"}
        assert await replayed(backend, "a", first) == [b"a"]
        assert await replayed(backend, "b", "0") == [None]
        assert await backend.last_id("b") == "0"
        await backend.publish("b", b"again")
        assert await replayed(backend, "b", first) == [None, b"again"]
        assert await replayed(backend, "b", last) == [b"again"]

    run(main())


def test_ids_of_another_process_are_told_as_lost(run: Run) -> None:
    async def main() -> None:
        old = MemoryBackend(history=2)
        await old.start(Kept())
        after = str(await old.publish("t", b"old"))
        new = MemoryBackend(history=2)
        new._epoch += 1  # type: ignore[misc]  # made in the same microsecond
        await new.start(Kept())
        assert await replayed(new, "t", after) == [None]
        await new.publish("t", b"new")
        assert await replayed(new, "t", after) == [None, b"new"]

    run(main())


@pytest.mark.parametrize(
    "text", ["", "1", "-", "1-", "-1", "a-1", "1-a", "1-2-3", "²-1", "+1-1", "1-" + "1" * 5000]
)
def test_what_is_no_id(run: Run, text: str) -> None:
    async def main() -> None:
        backend = MemoryBackend(history=1)
        with pytest.raises(ValueError, match="Not an id"):
            backend.position(text)
        with pytest.raises(ValueError, match="Not an id"):
            await replayed(backend, "t", text)

    run(main())


def test_members_expire(run: Run) -> None:
    now = 0.0

    async def main() -> None:
        nonlocal now
        backend = MemoryBackend(clock=lambda: now)
        await backend.start(Kept())
        await backend.touch("t", {"a": "A", "b": ""}, 10)
        now = 5
        await backend.touch("t", {"a": "A2"}, 10)
        assert await backend.members("t") == {"a": "A2", "b": ""}
        now = 10
        assert await backend.members("t") == {"a": "A2"}
        await backend.remove("t", ["a", "never"])
        await backend.remove("never", ["a"])
        assert await backend.members("t") == {}
        await backend.touch("t", {"a": ""}, 1)
        await backend.touch("u", {}, 1)
        now = 11
        assert await backend.members("t") == {}
        # Nothing is left of topics without members.
        assert backend._members == {}

    run(main())


@pytest.mark.parametrize("options", [{"history": -1}, {"history": 1, "max_topics": 0}])
def test_options(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be at least"):
        MemoryBackend(**options)  # type: ignore[arg-type]  # a table of options


def test_a_backend_without_a_loop() -> None:
    assert asyncio.run(MemoryBackend().members("t")) == {}
