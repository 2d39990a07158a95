"""Tell linear work from quadratic work by two inputs, so that a slow machine does not matter."""

import time
from collections.abc import Callable
from typing import Final

__all__ = ["assert_linear"]

#: A quadratic function takes sixteen times as long for four times the input. The bound leaves room
#: for a noisy machine.
_FACTOR: Final = 10
_SECONDS: Final = 0.01


def assert_linear(call: Callable[[bytes], object], unit: bytes, size: int) -> None:
    """Assert that four times the input takes about four times as long, or next to nothing."""
    short = unit * (size // len(unit))
    base = _cpu_time(call, short)
    longer = _cpu_time(call, short * 4)
    assert longer < _FACTOR * base + _SECONDS, f"{base:.3f} s, for 4 times the input {longer:.3f} s"


def _cpu_time(call: Callable[[bytes], object], data: bytes) -> float:
    best = float("inf")
    for _ in range(3):
        # Of this process alone: others may be busy.
        start = time.process_time()
        call(data)
        best = min(best, time.process_time() - start)
    return best
