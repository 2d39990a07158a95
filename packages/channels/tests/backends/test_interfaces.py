"""The interfaces of backends: memory is one of each kind."""

from treadle_channels import (
    Backend,
    Delivery,
    MemoryBackend,
    PresenceBackend,
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
