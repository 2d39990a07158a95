"""Log lines that could be many are few, and say how many there were."""

import logging

import pytest

from treadle_channels._channels.logs import RareLog


def test_one_in_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    now = 100.0
    log = RareLog(lambda: now)
    with caplog.at_level(logging.ERROR, "treadle.channels"):
        for number in range(5):
            log.error("Lost %d", number)
        now = 110.0
        log.error("Lost %d", 7, error=ValueError("why"))
        now = 120.0
        log.error("Lost %d", 8)
    assert [record.getMessage() for record in caplog.records] == [
        "Lost 0", "Lost 7 (and 4 others like this)", "Lost 8",
    ]  # fmt: skip
    assert "ValueError: why" in caplog.text
