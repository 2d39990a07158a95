"""Tell linear work from quadratic work by two inputs, so that a slow machine does not matter."""

import time
from collections.abc import Callable
from typing import Final

__all__ = ["assert_linear"]

#: A quadratic function takes sixteen times as long for four times the input. The bound leaves room
#: for a noisy machine.
_FACTOR: Final = 10
_SECONDS: Final = 0.01


def assert_linear(
    call: Callable[[bytes], object],
    unit: bytes,
    size: int,
    clock: Callable[[], float] = time.process_time,
) -> None:
    """Assert that four times the input takes about four times as long, or next to nothing.

    ``clock`` is by default the CPU time of this process alone: others may be busy.
    """
    short = unit * (size // len(unit))
    base = _shortest(call, short, clock)
    longer = _shortest(call, short * 4, clock)
    assert longer < _FACTOR * base + _SECONDS, f"{base:.3f} s, for 4 times the input {longer:.3f} s"


def _shortest(call: Callable[[bytes], object], data: bytes, clock: Callable[[], float]) -> float:
    best = float("inf")
    for _ in range(3):
        start = clock()
        call(data)
        best = min(best, clock() - start)
    return best
