"""Messages of other programs in the channels of Redis."""

import asyncio
import logging

import pytest

from testkit import Run
from testkit.backends import case_for, running
from testkit.engines import Redis
from treadle_channels import (
    RedisPubSubBackend,
)


def test_a_foreign_publisher_is_told_and_harms_nothing(
    redis: Redis, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    case = case_for(redis, RedisPubSubBackend)

    async def main() -> None:
        async with running(case) as (backend, notes):
            await backend.subscribe(["a"])
            for text in ("garbage", "", "\r\n", "x" * 100_000):
                await asyncio.to_thread(redis.ask, "PUBLISH", "treadle:a", text)
            await backend.publish("a", b"t1")
            await notes.messages(1)
            assert notes.losses == [(("a",), "undecodable", 1)] * 4
            assert notes.order[-1] == b"t1"
            assert backend.connected

    run(main())
    assert len([r for r in caplog.records if r.levelno >= logging.WARNING]) == 1
