"""Members in Redis: keys go with their last member, and the time is the server's."""

import asyncio

from testkit import Run
from testkit.backends import case_for, running
from testkit.engines import Redis
from treadle_channels import RedisPubSubBackend


def test_keys_go_with_their_last_member(redis: Redis, run: Run) -> None:
    async def main() -> None:
        async with running(case_for(redis, RedisPubSubBackend)) as (backend, _):
            assert isinstance(backend, RedisPubSubBackend)
            await backend.touch("a", {"ada": "", "bob": ""}, 100)
            await backend.touch("a", {"eve": ""}, 0.001)
            answer = await asyncio.to_thread(redis.ask, "TTL", "treadle:members:a")
            assert answer in {b":100\r\n", b":99\r\n"}
            await backend.remove("a", ["ada", "bob", "eve"])
            assert await asyncio.to_thread(redis.ask, "DBSIZE") == b":0\r\n"
            assert await backend.members("a") == {}

    run(main())
