"""What each backend promises, as one table of behaviours, on the real engines."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from testkit import Run, open_descriptors, run_on
from testkit._loops import LOOPS
from testkit.backends import ENGINES, SHARED, Case, Notes, case_of, running
from treadle_channels import (
    Backend,
    BackendUnavailableError,
    Delivery,
    PresenceBackend,
    ReplayBackend,
)


@pytest.fixture(params=ENGINES)
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param, request)


@pytest.fixture(params=SHARED)
def shared(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param, request)


ODD_TOPICS = [
    "a", "ключ", "two words", "a'b", 'a"b', "a*", "a[b]", "a?", "%41", "a:b", "{a}", "\\a",
    "x" * 512,
    "é" * 256, "a;b", "$1",
    "😀",
]  # fmt: skip

ENVELOPES = [
    b"t", b"b", b"ttext", b"bbytes",
    "tçedilla 😀".encode(), b"b\x00\xff\r\n", b"t a  b ",
    b"tit's \"x\"",
    b"b" + bytes(range(256)), b"t" + b"x" * 7900, b"t" + b"x" * 8100, b"b" + bytes(1 << 20),
]  # fmt: skip


@pytest.mark.parametrize("loop", LOOPS)
def test_a_message_comes_to_each_process_once(shared: Case, loop: str) -> None:
    async def main() -> None:
        async with running(shared) as (one, first), running(shared) as (two, second):
            await one.subscribe(["room"])
            await two.subscribe(["room", "other"])
            await one.publish("room", b"ta")
            await two.publish("other", b"tb")
            await two.publish("room", b"tc")
            assert await first.messages(2) == [("room", b"ta"), ("room", b"tc")]
            assert sorted(await second.messages(3)) == [
                ("other", b"tb"), ("room", b"ta"), ("room", b"tc"),
            ]  # fmt: skip
            assert not first.losses
            assert not second.losses

    run_on(loop)(main())


@pytest.mark.parametrize("topic", ODD_TOPICS, ids=lambda topic: ascii(topic)[:12])
def test_odd_topics_are_as_good_as_others(case: Case, run: Run, topic: str) -> None:
    async def main() -> None:
        async with running(case) as (backend, notes):
            await backend.subscribe([topic, "ab", "aXb"])
            await backend.publish(topic, b"t1")
            await backend.publish("b", b"t2")
            await backend.publish("ab", b"t3")
            assert await notes.messages(2) == [(topic, b"t1"), ("ab", b"t3")]

    run(main())


def test_a_message_comes_as_it_was_published(case: Case, run: Run) -> None:
    async def main() -> None:
        async with running(case) as (backend, notes):
            await backend.subscribe(["room"])
            for envelope in ENVELOPES:
                await backend.publish("room", envelope)
            await notes.messages(len(ENVELOPES))
            assert [envelope for _, envelope in notes.got] == ENVELOPES

    run(main())


def test_concurrent_publishers_keep_their_own_order(shared: Case, run: Run) -> None:
    async def main() -> None:
        async with running(shared) as (one, notes), running(shared) as (two, _):
            await one.subscribe(["room"])

            async def publish(backend: Backend, who: bytes) -> None:
                for i in range(100):
                    body = b"x" * 9000 if i % 25 == 0 else b""
                    await backend.publish("room", b"t%s %d %s" % (who, i, body))

            await asyncio.gather(
                publish(one, b"a"), publish(one, b"b"), publish(two, b"c"), publish(two, b"d")
            )
            await notes.messages(400)
            seen: dict[bytes, list[int]] = {}
            for _, envelope in notes.got:
                who, number, _ = envelope[1:].split(b" ")
                seen.setdefault(who, []).append(int(number))
            assert seen == {who: list(range(100)) for who in (b"a", b"b", b"c", b"d")}

    run(main())


def test_messages_of_one_task_that_waits_for_none_keep_their_order(case: Case, run: Run) -> None:
    async def main() -> None:
        async with running(case) as (backend, notes):
            await backend.subscribe(["room"])
            await asyncio.gather(*(backend.publish("room", b"t%d" % i) for i in range(2000)))
            await notes.messages(2000)
            assert [envelope for _, envelope in notes.got] == [b"t%d" % i for i in range(2000)]

    run(main())


def test_equal_messages_are_messages(case: Case, run: Run) -> None:
    async def main() -> None:
        async with running(case) as (backend, notes):
            await backend.subscribe(["room"])
            await asyncio.gather(*(backend.publish("room", b"tsame") for _ in range(50)))
            assert await notes.messages(50) == [("room", b"tsame")] * 50

    run(main())


def test_topics_come_and_go(shared: Case, run: Run) -> None:
    async def main() -> None:
        async with running(shared) as (backend, notes), running(shared) as (other, control):
            await other.subscribe(["a", "b", "last"])
            await backend.subscribe(["a", "b"])
            await backend.unsubscribe(["a"])
            await backend.subscribe(["c"])  # behind the change before
            await other.publish("a", b"t1")
            await other.publish("b", b"t2")
            assert await notes.messages(1) == [("b", b"t2")]
            # The last topic: the listener goes on.
            await backend.unsubscribe(["b", "c"])
            await backend.subscribe(["d"])
            await backend.unsubscribe(["d"])
            await other.publish("b", b"t3")
            await control.messages(3)
            await backend.subscribe(["a", "b"])
            await other.publish("b", b"t4")
            await other.publish("a", b"t5")
            await notes.until(lambda: ("a", b"t5") in notes.got)
            assert notes.got == [("b", b"t2"), ("b", b"t4"), ("a", b"t5")]
            assert not notes.losses
            assert backend.connected

    run(main())


def test_a_topic_that_goes_and_comes_at_once_is_there(case: Case, run: Run) -> None:
    async def main() -> None:
        async with running(case) as (backend, notes):
            await backend.subscribe(["a"])
            for i in range(20):
                await backend.unsubscribe(["a"])
                await backend.subscribe(["a"])
                await backend.publish("a", b"t%d" % i)
                await notes.messages(i + 1)
            assert [envelope for _, envelope in notes.got] == [b"t%d" % i for i in range(20)]

    run(main())


def test_thousands_of_topics(case: Case, run: Run) -> None:
    topics = [f"topic {i}" for i in range(3000)]

    async def main() -> None:
        async with running(case) as (backend, notes):
            await backend.subscribe(topics[:1500])
            await asyncio.gather(*(backend.subscribe([topic]) for topic in topics[1500:]))
            await asyncio.gather(*(backend.publish(topic, b"t") for topic in topics))
            await notes.messages(3000)
            assert sorted(topic for topic, _ in notes.got) == sorted(topics)
            await backend.unsubscribe(topics)
            await backend.subscribe(["one"])
            await backend.publish("topic 7", b"t")
            await backend.publish("one", b"t")
            await notes.messages(3001)
            assert notes.got[3000:] == [("one", b"t")]

    run(main())


def test_a_prefix_is_a_world_of_its_own(shared: Case, run: Run) -> None:
    async def main() -> None:
        async with (
            running(shared, prefix="one:") as (one, first),
            running(shared, prefix="two:") as (two, second),
        ):
            await one.subscribe(["a"])
            await two.subscribe(["a"])
            await one.publish("a", b"t1")
            await two.publish("a", b"t2")
            assert await first.messages(1) == [("a", b"t1")]
            assert await second.messages(1) == [("a", b"t2")]

    run(main())


# The life of a backend


def test_a_stopped_backend_has_left_nothing_and_may_start_again(case: Case, run: Run) -> None:
    async def main() -> None:
        backend, notes = case.backend(), Notes()
        before = open_descriptors()
        for i in range(3):
            await backend.start(notes)
            assert backend.connected
            await backend.subscribe(["a"])
            await backend.publish("a", b"t%d" % i)
            await notes.messages(i + 1)
            await backend.stop()
            await backend.stop()
            assert not backend.connected
            assert open_descriptors() == before
            assert len(asyncio.all_tasks()) == 1
        with pytest.raises(BackendUnavailableError, match="started"):
            await backend.publish("a", b"t")
        assert not notes.losses

    run(main())


def test_a_backend_serves_one_loop_after_another(case: Case) -> None:
    backend, count = case.backend(), 0

    async def main() -> None:
        nonlocal count
        notes = Notes()
        await backend.start(notes)
        await backend.subscribe(["a"])
        await backend.publish("a", b"t")
        count += len(await notes.messages(1))
        await backend.stop()

    for name in [*LOOPS, *LOOPS]:
        run_on(name)(main())
    assert count == 2 * len(LOOPS)


def test_a_second_start_is_refused(shared: Case, run: Run) -> None:
    async def main() -> None:
        async with running(shared) as (backend, notes):
            with pytest.raises(RuntimeError, match="started already"):
                await backend.start(Notes())
            await backend.subscribe(["a"])
            await backend.publish("a", b"t")
            assert await notes.messages(1) == [("a", b"t")]

    run(main())


async def _cancel_at(step: int, work: Callable[[], Awaitable[object]]) -> bool:
    """Cancel ``work`` after ``step`` turns of the loop; return True if it was done before."""
    task = asyncio.ensure_future(work())
    for _ in range(step):
        await asyncio.sleep(0)
        if task.done():
            break
    done = task.done()
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
    return done


def _steps(limit: int = 3000) -> "itertools.chain[int]":
    """Return numbers of turns: each of the first ones, then fewer, because a real server answers
    when it does."""
    return itertools.chain(range(40), range(40, limit, 80))


def test_a_start_that_is_cancelled_leaves_nothing(case: Case, run: Run) -> None:
    async def main() -> None:
        before, done = open_descriptors(), 0
        for step in _steps():
            backend = case.backend()
            done += await _cancel_at(step, partial(backend.start, Notes()))
            await backend.stop()
            assert not backend.connected
            assert len(asyncio.all_tasks()) == 1
            if done > 2:
                break
        await asyncio.sleep(0)
        assert open_descriptors() == before

    run(main())


def test_a_stop_that_is_cancelled_can_be_called_again(case: Case, run: Run) -> None:
    async def main() -> None:
        before = open_descriptors()
        for step in range(12):
            backend, notes = case.backend(), Notes()
            await backend.start(notes)
            await backend.subscribe(["a"])
            await _cancel_at(step, backend.stop)
            await backend.stop()
            assert len(asyncio.all_tasks()) == 1
        assert open_descriptors() == before

    run(main())


def test_cancelled_callers_leave_the_link_whole(case: Case, run: Run) -> None:
    async def main() -> None:
        async with running(case) as (backend, notes):
            for step in range(30):
                await _cancel_at(step, partial(backend.subscribe, [f"x{step}"]))
                await _cancel_at(step, lambda: backend.publish("y", b"t" + b"z" * 9000))
                await _cancel_at(step, lambda: backend.unsubscribe(["q"]))
            await backend.subscribe(["a"])
            await backend.publish("a", b"t1")
            await notes.until(lambda: ("a", b"t1") in notes.got)
            assert not notes.losses
            assert backend.connected

    run(main())


def test_a_stop_ends_what_waits(case: Case, run: Run) -> None:
    async def main() -> None:
        backend, notes = case.backend(), Notes()
        await backend.start(notes)
        calls = [asyncio.ensure_future(backend.publish("a", b"t")) for _ in range(100)]
        calls += [asyncio.ensure_future(backend.subscribe([f"{i}"])) for i in range(100)]
        await asyncio.sleep(0)
        await backend.stop()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(result) for result in results} <= {type(None), str, BackendUnavailableError}
        assert len(asyncio.all_tasks()) == 1

    run(main())


# Options


def test_an_engine_is_described_by_its_place(shared: Case) -> None:
    assert shared.server is not None
    assert f"127.0.0.1:{shared.server.port}" in shared.backend().description
    assert shared.backend().description in repr(shared.backend())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"when_down": "wait"}, "when_down='wait'"),
        ({"queue_limit": 0}, "queue_limit=0"),
        ({"timeout": 0}, "timeout=0"),
        ({"heartbeat": -1}, "heartbeat=-1"),
    ],
)
def test_options_that_make_no_sense(shared: Case, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shared.backend(**options)


# Presence


def test_presence(shared: Case, run: Run) -> None:
    async def main() -> None:
        async with running(shared) as (one, _), running(shared) as (two, _):
            if not isinstance(one, PresenceBackend) or not isinstance(two, PresenceBackend):
                pytest.skip("it has no presence")
            assert await one.members("room") == {}
            await one.touch("room", {"ada": "Ada L.", "eve": ""}, 60)
            await two.touch("room", {"bob": "Bob ' \" ☃"}, 60)
            await two.touch("other", {"dan": ""}, 60)
            expected = {"ada": "Ada L.", "bob": "Bob ' \" ☃", "eve": ""}
            assert await one.members("room") == expected
            assert await two.members("room") == expected
            await two.touch("room", {"ada": "Countess"}, 60)
            await one.remove("room", ["eve", "nobody"])
            assert await two.members("room") == {"ada": "Countess", "bob": "Bob ' \" ☃"}
            await one.touch("room", {}, 60)
            await one.remove("room", [])
            # A member that is not touched is gone; the others stay.
            await one.touch("room", {"ada": "short"}, 0.05)
            async with asyncio.timeout(10):
                while "ada" in await two.members("room"):
                    pass
            assert await one.members("room") == {"bob": "Bob ' \" ☃"}
            many = {f"member {i}": str(i) for i in range(3000)}
            await one.touch("many", many, 60)
            assert await two.members("many") == many
            await two.remove("many", list(many))
            assert await one.members("many") == {}

    run(main())


# Replay


def test_replay(case: Case, run: Run) -> None:
    async def main() -> None:
        async with running(case) as (backend, notes):
            if not isinstance(backend, ReplayBackend):
                assert backend.delivery is Delivery.AT_MOST_ONCE
                assert await backend.publish("a", b"t") is None
                return
            assert backend.delivery is Delivery.REPLAYABLE
            assert await backend.last_id("a") == "0"
            assert [item async for item in backend.replay("a", "0")] == []
            await backend.subscribe(["a"])
            ids = [await backend.publish("a", b"t%d" % i) for i in range(250)]
            assert await backend.last_id("a") == ids[-1]
            await notes.messages(250)
            assert notes.ids == ids
            for start in (0, 1, 99, 100, 101, 249):
                after = str(ids[start])
                found = [item async for item in backend.replay("a", after)]
                assert [item and (item.id, item.envelope) for item in found] == [
                    (ids[i], b"t%d" % i) for i in range(start + 1, 250)
                ]
            assert len([item async for item in backend.replay("a", "0")]) == 250
            positions = [backend.position(str(each)) for each in ids]
            assert positions == sorted(set(positions))
            for wrong in ("", "x", "1-", "-1", "1-2-3", "9" * 40, "1 ", "\u0661"):
                with pytest.raises(ValueError, match="id"):
                    backend.position(wrong)
                with pytest.raises(ValueError, match="id"):
                    await anext(backend.replay("a", wrong))

    run(main())
