"""Keys: equal to themselves only, sorted, and readable."""

from collections.abc import Iterable
from typing import Any

import pytest

from treadle_responses import AppKey, RequestKey, ResponseKey

KINDS: list[Any] = [AppKey, RequestKey, ResponseKey]
MODULE = __name__


@pytest.mark.parametrize("kind", KINDS)
def test_identity(kind: Any) -> None:
    key = kind("a", int)
    assert key == key  # the claim
    assert key != kind("a", int)
    assert key != f"{MODULE}.a"
    assert {key: 1}[key] == 1
    assert kind("a", int) not in {key: 1}


@pytest.mark.parametrize("kind", KINDS)
def test_order(kind: Any) -> None:
    a, b = kind("a"), kind("b", int)
    assert a < b
    assert b > a
    assert not b < a
    assert sorted([b, "z", a, "c"], key=lambda key: key) == [a, b, "c", "z"]
    assert sorted(["c", a]) == [a, "c"]
    for other in (1, None):
        with pytest.raises(TypeError):
            _ = a < other
        with pytest.raises(TypeError):
            _ = a > other


@pytest.mark.parametrize("kind", KINDS)
def test_repr(kind: Any) -> None:
    name = kind.__name__
    assert repr(kind("a", int)) == f"<{name}({MODULE}.a, type=int)>"
    assert repr(kind("a")) == f"<{name}({MODULE}.a, type=unspecified)>"
    assert repr(kind[int]("a")) == f"<{name}({MODULE}.a, type=int)>"
    assert repr(kind("a", AppKey)) == f"<{name}({MODULE}.a, type=treadle_responses._keys.AppKey)>"
    alias = kind[Iterable[int]]("a")
    assert repr(alias) == f"<{name}({MODULE}.a, type=collections.abc.Iterable[int])>"


def test_a_key_made_without_a_module() -> None:
    made: dict[str, Any] = {"AppKey": AppKey}
    exec("key = AppKey('a')", {"AppKey": AppKey, "__name__": ""}, made)
    assert repr(made["key"]) == "<AppKey(a, type=unspecified)>"


@pytest.mark.parametrize("kind", KINDS)
def test_no_attributes_but_its_own(kind: Any) -> None:
    with pytest.raises(AttributeError):
        kind("a").value = 1
