"""The exceptions: one base, fitting built-in bases, attributes, copies."""

import pickle

import pytest

import treadle_router
from treadle_router import PathError, PathPattern, Resource, RouterError

CLASSES = [
    value
    for name in treadle_router.__all__
    if isinstance(value := getattr(treadle_router, name), type)
    and issubclass(value, Exception)
    and not issubclass(value, Warning)
]


def test_one_base() -> None:
    assert len(CLASSES) == 17
    assert all(issubclass(value, RouterError) for value in CLASSES)


@pytest.mark.parametrize("error", [value for value in CLASSES if value is not RouterError])
def test_each_is_a_builtin_too(error: type[RouterError]) -> None:
    assert issubclass(error, (ValueError, TypeError, KeyError, RuntimeError))


def test_pickle_keeps_the_facts() -> None:
    with pytest.raises(PathError) as caught:
        PathPattern("/{")
    copied = pickle.loads(pickle.dumps(caught.value))
    assert (str(copied), copied.position) == (str(caught.value), 1)
    with pytest.raises(RouterError) as built:
        Resource[str]("/{x}").build()
    copied = pickle.loads(pickle.dumps(built.value))
    assert (str(copied), copied.part) == (str(built.value), "x")
