"""The limits as a value."""

from dataclasses import FrozenInstanceError, fields

import pytest

from treadle_http_parser import DEFAULT_LIMITS, Limits


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, 1.5, "8", None, True])
def test_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"Limits.{name} must be an int of at least 1, got "):
        Limits(**{name: value})  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_accepted(name: str) -> None:
    assert getattr(Limits(**{name: 1}), name) == 1


def test_defaults() -> None:
    assert Limits() == DEFAULT_LIMITS
    assert {field.name: getattr(DEFAULT_LIMITS, field.name) for field in fields(Limits)} == {
        "max_request_line": 8192,
        "max_field_line": 8192,
        "max_head": 65536,
        "max_fields": 128,
        "max_chunk_extension": 4096,
        "max_chunk_extensions_total": 16384,
    }


def test_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        DEFAULT_LIMITS.max_head = 1  # type: ignore[misc]  # the mistake under test
