"""Messages and gaps are values."""

import dataclasses

import pytest

from treadle_channels import Gap, Message


@pytest.mark.parametrize("data", ['{"a": [1]}', b'{"a": [1]}'])
def test_json(data: str | bytes) -> None:
    assert Message("t", data).json() == {"a": [1]}


def test_what_is_no_json() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        Message("t", "hello").json()


def test_they_are_values() -> None:
    assert Message("t", "x") == Message("t", "x", None) != Message("t", b"x")
    assert len({Gap(frozenset("a"), "behind", 1), Gap(frozenset("a"), "behind", 1)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        Message("t", "x").topic = "u"  # type: ignore[misc]  # the mistake
