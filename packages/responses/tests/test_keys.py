"""Keys: equal to themselves only, sorted, and readable."""

import re
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
    namespace: dict[str, Any] = {"kind": kind, "Iterable": Iterable, "__name__": "app.keys"}

    def made(expression: str) -> str:
        # As in a module of this name.
        return repr(eval(compile(expression, "keys.py", "eval"), namespace))

    assert made("kind('a', int)") == f"<{name}(app.keys.a, type=int)>"
    assert made("kind('a')") == f"<{name}(app.keys.a, type=unspecified)>"
    assert made("kind[int]('a')") == f"<{name}(app.keys.a, type=int)>"
    assert made("kind('a', kind)") == f"<{name}(app.keys.a, type=treadle_responses._keys.{name})>"
    alias = made("kind[Iterable[int]]('a')")
    assert alias == f"<{name}(app.keys.a, type=collections.abc.Iterable[int])>"


def test_a_key_made_in_a_function_has_the_name_of_the_program() -> None:
    # As in aiohttp: the function was called by pytest's module ``__main__``, or in a worker of it.
    assert re.fullmatch(r"<AppKey\(__(main|channelexec)__\.a, type=int\)>", repr(AppKey("a", int)))


def test_a_key_made_without_a_module() -> None:
    made: dict[str, Any] = {"AppKey": AppKey}
    exec("key = AppKey('a')", {"AppKey": AppKey, "__name__": ""}, made)
    assert repr(made["key"]) == "<AppKey(a, type=unspecified)>"


@pytest.mark.parametrize("kind", KINDS)
def test_no_attributes_but_its_own(kind: Any) -> None:
    with pytest.raises(AttributeError):
        kind("a").value = 1
