"""The interfaces of backends: which backend is what."""

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
    Replayed,
)


def test_memory_is_a_backend_of_each_kind() -> None:
    backend: Backend = MemoryBackend()
    assert isinstance(backend, ReplayBackend)
    assert isinstance(backend, PresenceBackend)
    assert not isinstance(object(), (ReplayBackend, PresenceBackend))


def test_values() -> None:
    assert [each.value for each in Delivery] == ["at most once", "replayable"]
    assert Replayed("1", b"t") == Replayed("1", b"t") != Replayed("2", b"t")


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
