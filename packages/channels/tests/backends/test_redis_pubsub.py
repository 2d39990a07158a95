"""The sockets of a Redis."""

from testkit import Run
from testkit.backends import Case, running
from testkit.engines import Redis
from treadle_channels import (
    RedisPubSubBackend,
)


def test_a_unix_socket(redis: Redis, run: Run) -> None:
    url = f"unix://{redis.path}"
    case = Case("", redis, lambda **options: RedisPubSubBackend(url, **options))

    async def main() -> None:
        async with running(case) as (backend, notes):
            await backend.subscribe(["a"])
            await backend.publish("a", b"t")
            assert await notes.messages(1) == [("a", b"t")]
            assert backend.description == f"Redis at {url}"

    run(main())
