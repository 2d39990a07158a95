"""Which backend is what: the protocols, and the promise."""

import pytest

from treadle_channels import (
    Backend,
    Delivery,
    MemoryBackend,
    PostgresBackend,
    PresenceBackend,
    RedisPubSubBackend,
    RedisStreamsBackend,
    ReplayBackend,
)


@pytest.mark.parametrize(
    ("backend", "replays"),
    [
        (MemoryBackend(history=1), True),
        (RedisPubSubBackend(), False),
        (RedisStreamsBackend(), True),
        (PostgresBackend(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_backend_is(backend: Backend, replays: bool) -> None:
    assert isinstance(backend, PresenceBackend)
    assert isinstance(backend, ReplayBackend) is replays
    assert (backend.delivery is Delivery.REPLAYABLE) is replays
    assert not backend.connected
