"""Limits are checked when they are made."""

import dataclasses
import sys

import pytest

from treadle_multipart import MultipartLimits, UsageError
from treadle_multipart._limits import bound

NAMES = [field.name for field in dataclasses.fields(MultipartLimits)]


def test_defaults() -> None:
    assert dataclasses.asdict(MultipartLimits()) == {
        "max_total": 268435456,
        "max_part_size": 134217728,
        "max_memory": 4194304,
        "max_parts": 1000,
        "max_files": 100,
        "max_fields": 1000,
        "max_part_headers": 32,
        "max_header_size": 16384,
        "max_name_length": 1024,
        "max_depth": 3,
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [-1, 1.5, "1", True, float("inf")])
def test_bad_values(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"{name}=.*pass an integer from 0 up, or None"):
        MultipartLimits(**{name: value})  # type: ignore[arg-type]  # on purpose


@pytest.mark.parametrize("name", NAMES)
def test_none_and_zero(name: str) -> None:
    for value in (None, 0):
        assert getattr(MultipartLimits(**{name: value}), name) == value


def test_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        MultipartLimits().max_total = 1  # type: ignore[misc]  # on purpose


def test_unlimited_and_replace() -> None:
    none = MultipartLimits.unlimited()
    assert dataclasses.asdict(none) == dict.fromkeys(NAMES)
    some = none.replace(max_files=3, max_depth=0)
    assert dataclasses.asdict(some) == {**dict.fromkeys(NAMES), "max_files": 3, "max_depth": 0}
    assert some.replace(max_files=None, max_depth=None) == none
    assert MultipartLimits().replace() == MultipartLimits()
    with pytest.raises(UsageError, match="max_files=-1 is not a limit"):
        none.replace(max_files=-1)
    with pytest.raises(TypeError, match="max_filez"):
        none.replace(max_filez=1)


def test_bound() -> None:
    assert (bound(None), bound(0), bound(7)) == (sys.maxsize, 0, 7)
