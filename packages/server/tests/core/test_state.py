"""What applications keep: typed by key, refused after the start, several read as one."""

import pytest

from treadle_responses import AppKey
from treadle_server import Application, ChainMapProxy


def test_several_states_as_one() -> None:
    key = AppKey("key", int)
    inner, outer = Application(), Application()
    inner["a"], outer["a"], outer[key] = 1, 2, 3
    chain = ChainMapProxy([inner, outer])
    assert (chain["a"], chain[key], chain.get("b"), chain.get("b", 4)) == (1, 3, None, 4)
    assert (list(chain), len(chain), "a" in chain, "b" in chain) == (["a", key], 2, True, False)
    assert chain == {"a": 1, key: 3}
    assert bool(ChainMapProxy([Application()])) is True
    assert bool(ChainMapProxy([])) is False
    assert repr(chain).startswith("ChainMapProxy(<Application 0x")
    with pytest.raises(KeyError, match="b"):
        chain["b"]
    with pytest.raises(TypeError, match="Inheritance class Mine from ChainMapProxy is forbidden"):
        type("Mine", (ChainMapProxy,), {})


def test_state_has_typed_values() -> None:
    key = AppKey("key", int)
    app = Application()
    assert (app.get(key), app.get(key, "none"), app.get("name", 1)) == (None, "none", 1)
    app[key] = 1
    del app[key]
    assert (len(app), list(app)) == (0, [])
    value: int | None = app.get(key)
    assert value is None
