"""A real process with open WebSockets, event streams and kept connections, stopped by SIGTERM."""

import asyncio

import pytest

from bench.stop import measure
from testkit import LOOPS


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("loop", LOOPS)
def test_a_stop_takes_two_seconds_and_the_longest_handler(loop: str, workers: int) -> None:
    result = asyncio.run(measure(60, loop, workers, slow=1.0))
    assert result.faults == []
    # The time of the handler, and twice two seconds on a busy machine.
    assert 0.5 < result.seconds < 5.0
