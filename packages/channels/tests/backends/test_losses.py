"""Engines that are killed, frozen, cut off, or never there: what callers and subscribers see."""

import asyncio
import logging
import time
from typing import Any

import pytest

from testkit import Relay, Run, open_descriptors
from testkit.backends import SHARED, Case, Notes, case_of, running, until
from testkit.engines import Engine, Postgres, Redis
from treadle_channels import (
    Backend,
    BackendUnavailableError,
    PostgresBackend,
    PublishQueueFullError,
    RedisPubSubBackend,
    RedisStreamsBackend,
)

#: From the return of an engine to that of the link. The issue's own number.
SECONDS = 2.0


@pytest.fixture(params=SHARED)
def own(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param, request, own=True)


@pytest.fixture(params=SHARED)
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param, request)


def server_of(case: Case) -> Engine:
    assert case.server is not None
    return case.server


def through(case: Case, relay: Relay, **options: Any) -> Backend:
    """Return a backend whose connections pass the relay."""
    server = server_of(case)
    here, there = str(server.port), str(relay.port)
    if isinstance(server, Postgres):
        return PostgresBackend(server.conninfo.replace(here, there), **options)
    assert isinstance(server, Redis)
    kind = RedisPubSubBackend if case.name == "redis-pubsub" else RedisStreamsBackend
    return kind(server.url.replace(here, there), **options)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


def test_a_killed_engine_comes_back(own: Case, run: Run, caplog: pytest.LogCaptureFixture) -> None:
    server = server_of(own)

    async def main() -> None:
        before = open_descriptors()
        async with running(own) as (one, first), running(own) as (two, second):
            await one.subscribe(["a", "b"])
            await two.subscribe(["a"])
            for turn in range(3):
                del first.order[:], second.order[:], first.losses[:], second.losses[:]
                caplog.clear()
                await one.publish("a", b"tbefore")
                await first.until(lambda: first.order == [b"tbefore"])
                await second.until(lambda: second.order == [b"tbefore"])
                server.kill()
                await until(lambda: not one.connected and not two.connected)
                with pytest.raises(BackendUnavailableError, match="is not connected"):
                    await one.publish("a", b"tlost")
                # While it is down, topics come and go.
                await one.subscribe([f"late {turn}"])
                await one.unsubscribe(["b"])
                await one.subscribe(["b"])
                server.start_soon()
                await asyncio.to_thread(server.wait)
                start = time.monotonic()
                await until(lambda: one.connected and two.connected)
                assert time.monotonic() - start < SECONDS
                # The subscribers are told before ``connected``, and once.
                assert first.losses == [(None, "link", None)]
                assert second.losses == [(None, "link", None)]
                await two.publish(f"late {turn}", b"tlate")
                await two.publish("a", b"tafter")
                await first.until(lambda: b"tafter" in first.order)
                await second.until(lambda: b"tafter" in second.order)
                assert first.order == [b"tbefore", "link", b"tlate", b"tafter"]
                assert second.order == [b"tbefore", "link", b"tafter"]
                told = sorted(line.partition(": ")[2].partition(":")[0] for line in lines(caplog))
                assert told == ["connected again"] * 2 + ["not connected"] * 2
        assert open_descriptors() == before

    run(main())


def test_a_stop_while_the_engine_is_gone_leaves_nothing(own: Case, run: Run) -> None:
    server = server_of(own)

    async def main() -> None:
        before = open_descriptors()
        for pause in (0, 0.02, 0.1, 0.4):
            backend = own.backend()
            await backend.start(Notes())
            await backend.subscribe(["a"])
            server.kill()
            await asyncio.sleep(pause)
            await backend.stop()
            assert open_descriptors() == before
            assert len(asyncio.all_tasks()) == 1
            server.start()

    run(main())


def test_publishing_while_the_engine_is_gone(
    own: Case, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    server = server_of(own)

    async def main() -> None:
        async with running(own, when_down="queue", queue_limit=3) as (backend, notes):
            await backend.subscribe(["a"])
            server.kill()
            await until(lambda: not backend.connected)
            for i in range(3):
                assert await backend.publish("a", b"t%d" % i) is None
            with pytest.raises(PublishQueueFullError, match="raise queue_limit= or publish less"):
                await backend.publish("a", b"t3")
            server.start()
            await notes.messages(3)
            assert notes.order == ["link", b"t0", b"t1", b"t2"]
            await backend.publish("a", b"t4")
            await notes.messages(4)
            # What waits at the stop is dropped, and the log says so.
            server.kill()
            await until(lambda: not backend.connected)
            await backend.publish("a", b"t5")
        assert "stopped with 1 messages unsent" in lines(caplog)[-1]

    run(main())


def test_an_engine_that_is_not_there_at_the_start(
    own: Case, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    server = server_of(own)
    server.kill()

    async def main() -> None:
        before = open_descriptors()
        backend = own.backend()
        with pytest.raises(BackendUnavailableError) as caught:
            await backend.start(Notes())
        text = str(caught.value)
        assert f"127.0.0.1:{server.port}" in text
        assert "cannot be reached" in text
        assert "start it, or start without it by required=False" in text
        assert open_descriptors() == before
        assert len(asyncio.all_tasks()) == 1
        caplog.clear()

        async with running(own, required=False) as (waiting, notes):
            assert not waiting.connected
            await waiting.subscribe(["a"])
            with pytest.raises(BackendUnavailableError):
                await waiting.publish("a", b"t")
            server.start()
            await until(lambda: waiting.connected)
            await waiting.publish("a", b"t1")
            await notes.messages(1)
            assert notes.order == ["link", b"t1"]
        assert len(lines(caplog)) == 2

    run(main())


def test_a_frozen_engine_is_found(own: Case, run: Run) -> None:
    server = server_of(own)

    async def main() -> None:
        async with running(own, heartbeat=0.1, timeout=0.5) as (backend, notes):
            await backend.subscribe(["a"])
            server.freeze()
            try:
                with pytest.raises(BackendUnavailableError, match="may have been published or not"):
                    await backend.publish("a", b"t0")
                await until(lambda: not backend.connected)
            finally:
                server.thaw()
            await until(lambda: backend.connected)
            await backend.publish("a", b"t1")
            await notes.until(lambda: b"t1" in notes.order)
            # The message without an answer may have been published, once at most.
            assert notes.order.count(b"t0") <= 1
            assert len(notes.losses) == (0 if own.name == "redis-streams" else 1)

    run(main())


def test_a_stop_of_a_frozen_engine_ends(own: Case, run: Run) -> None:
    server = server_of(own)

    async def main() -> None:
        before = open_descriptors()
        backend = own.backend(timeout=0.5)
        await backend.start(Notes())
        server.freeze()
        try:
            calls = [asyncio.ensure_future(backend.publish("a", b"t")) for _ in range(3)]
            calls.append(asyncio.ensure_future(backend.subscribe(["a"])))
            await asyncio.sleep(0.05)
            start = time.monotonic()
            await backend.stop()
            assert time.monotonic() - start < 8
            await asyncio.gather(*calls, return_exceptions=True)
        finally:
            server.thaw()
        assert open_descriptors() == before

    run(main())


def test_a_cut_connection(case: Case, run: Run) -> None:
    async def main() -> None:
        async with Relay(server_of(case).port) as relay, running(case) as (other, _):
            backend, notes = through(case, relay), Notes()
            await backend.start(notes)
            try:
                await backend.subscribe(["a", "quiet"])
                await other.publish("a", b"t0")
                await notes.messages(1)
                relay.refuses = True
                relay.cut()
                await until(lambda: not backend.connected)
                missed = [b"t%d" % i for i in range(1, 251)]
                await asyncio.gather(*(other.publish("a", each) for each in missed))
                relay.refuses = False
                await until(lambda: backend.connected)
                await other.publish("a", b"tlast")
                await notes.until(lambda: b"tlast" in notes.order)
                if case.name == "redis-streams":
                    assert notes.order == [b"t0", *missed, b"tlast"]
                else:
                    assert notes.order == [b"t0", "link", b"tlast"]
            finally:
                await backend.stop()

    run(main())


def test_messages_during_each_cut_come_once_and_in_order(redis: Redis, run: Run) -> None:
    case = Case("redis-streams", redis, lambda **options: RedisStreamsBackend(redis.url, **options))

    async def main() -> None:
        count = 3000
        async with Relay(redis.port) as relay, running(case, history=100_000) as (other, _):
            backend, notes = through(case, relay), Notes()
            await backend.start(notes)
            try:
                await backend.subscribe(["a"])

                async def publish() -> None:
                    for i in range(count):
                        await other.publish("a", b"t%d" % i)

                publishing = asyncio.ensure_future(publish())
                for _ in range(6):
                    await notes.messages(len(notes.got) + 100)
                    relay.cut()
                await publishing
                await notes.messages(count)
                assert notes.order == [b"t%d" % i for i in range(count)]
            finally:
                await backend.stop()

    run(main())


def test_a_connection_that_swallows_is_found(case: Case, run: Run) -> None:
    async def main() -> None:
        async with Relay(server_of(case).port) as relay:
            backend, notes = through(case, relay, heartbeat=0.1, timeout=0.5), Notes()
            await backend.start(notes)
            try:
                await backend.subscribe(["a"])
                relay.swallow()
                await until(lambda: not backend.connected)
                assert not backend.connected
            finally:
                await backend.stop()

    run(main())
