"""Messages of other programs in the streams of Redis."""

import asyncio

from testkit import Run
from testkit.backends import case_for, running
from testkit.engines import Redis
from treadle_channels import (
    RedisStreamsBackend,
)


def test_foreign_messages_of_streams(redis: Redis, run: Run) -> None:
    case = case_for(redis, RedisStreamsBackend)

    async def main() -> None:
        async with running(case) as (backend, notes):
            assert isinstance(backend, RedisStreamsBackend)
            await backend.subscribe(["a"])
            for text in ("garbage", "", "1-1", "99999999999999999999999-1 t", "\N{SNOWMAN} t"):
                await asyncio.to_thread(redis.ask, "PUBLISH", "treadle:live:a", text)
            await asyncio.to_thread(redis.ask, "XADD", "treadle:stream:a", "*", "other", "field")
            await backend.publish("a", b"t1")
            await notes.messages(1)
            assert {loss[1] for loss in notes.losses} == {"undecodable"}
            found = [item async for item in backend.replay("a", "0")]
            assert [item and item.envelope for item in found] == [b"", b"t1"]

    run(main())
