"""Both stores are a ``Store``, and so may be one of the program."""

from treadle_limits import MemoryStore, RedisStore, Store, StoreError


def test_the_stores_are_stores() -> None:
    # For type checkers; and the methods are there.
    stores: list[Store] = [MemoryStore(), RedisStore("redis://localhost")]
    for store in stores:
        assert all(callable(getattr(store, name)) for name in ("hit", "reset", "aclose"))
    assert issubclass(StoreError, Exception)
