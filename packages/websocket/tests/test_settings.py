import dataclasses

import pytest

from treadle_websocket import SessionSettings, WSMessageTypeError, WSValueError


def test_defaults() -> None:
    settings = SessionSettings()
    assert settings.max_msg_size == 4 * 1024 * 1024
    assert settings.max_fragments is None
    assert settings.close_timeout == 10
    assert settings.heartbeat is None


def test_settings_are_frozen() -> None:
    name = "max_msg_size"
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(SessionSettings(), name, 5)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"max_msg_size": -1}, "max_msg_size=-1 must be at least 0"),
        ({"max_fragments": -1}, "max_fragments=-1"),
        ({"close_timeout": -0.5}, "close_timeout=-0.5"),
        ({"close_timeout": float("nan")}, "close_timeout=nan"),
        ({"compress_from": -1}, "compress_from=-1"),
        ({"heartbeat": 0}, "heartbeat=0 must be above 0; None turns it off"),
        ({"pong_timeout": -1}, "pong_timeout=-1"),
    ],
)
def test_impossible_settings(settings: dict[str, float], text: str) -> None:
    with pytest.raises(WSValueError, match=text):
        SessionSettings(**settings)  # type: ignore[arg-type]  # a table of wrong values


@pytest.mark.parametrize(
    "name", ["max_msg_size", "max_fragments", "close_timeout", "compress_from", "heartbeat"]
)
def test_settings_that_are_no_numbers(name: str) -> None:
    with pytest.raises(WSMessageTypeError, match=f"{name}='5' takes a number, not str"):
        SessionSettings(**{name: "5"})  # type: ignore[arg-type]  # a wrong type
