"""An outage: when a store is asked again, and what the log says."""

import logging

import pytest

from treadle_limits._limiter.outage import PAUSE, Outage


def test_one_caller_asks_again_behind_each_pause() -> None:
    outage = Outage()
    assert outage.may_ask(0.0)
    outage.failed(0.0, "it is gone", "nothing is limited")
    assert [outage.may_ask(now) for now in (0.0, 0.99, PAUSE, PAUSE, 1.5, 2.0)] == [
        False, False, True, False, False, True,
    ]  # fmt: skip
    outage.answered()
    assert outage.may_ask(2.0)


def test_an_outage_is_two_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    outage = Outage()
    outage.answered()
    for now in range(5):
        outage.failed(float(now), "It is gone", "nothing is limited")
    outage.answered()
    outage.answered()
    assert [record.getMessage() for record in caplog.records] == [
        "Rate limits: It is gone. Until it answers, nothing is limited",
        "Rate limits: the store answers again",
    ]
