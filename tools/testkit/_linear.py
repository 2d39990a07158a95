"""Tell linear work from quadratic work by two inputs, so that a slow machine does not matter."""

import gc
import time
from collections.abc import Callable
from typing import Final

__all__ = ["assert_linear", "growth"]

#: A quadratic function takes sixteen times as long for four times the input. The bound leaves room
#: for a noisy machine.
_FACTOR: Final = 10
_SECONDS: Final = 0.01

#: By default the CPU time of this process alone: others may be busy.
_Clock = Callable[[], float]


def growth(
    make: Callable[[int], Callable[[], object]], size: int, clock: _Clock = time.process_time
) -> float:
    """Measure how many times longer a call takes for four times as much: 4 is linear, 16 quadratic.

    The best of several measurements counts, because a busy machine only adds time. A good one is
    the last.
    """
    small, large = make(size), make(4 * size)
    best = float("inf")
    for _ in range(5):
        best = min(best, max(_shortest(large, clock), 1e-5) / max(_shortest(small, clock), 1e-5))
        if best < 7:
            break
    return best


def assert_linear(
    call: Callable[[bytes], object], unit: bytes, size: int, clock: _Clock = time.process_time
) -> None:
    """Assert that four times the input takes about four times as long, or next to nothing."""
    short = unit * (size // len(unit))
    base = _shortest(lambda: call(short), clock)
    longer = _shortest(lambda: call(short * 4), clock)
    assert longer < _FACTOR * base + _SECONDS, f"{base:.3f} s, for 4 times the input {longer:.3f} s"


def _shortest(call: Callable[[], object], clock: _Clock) -> float:
    best = float("inf")
    # A pass of the collector costs time for the objects of the whole test run, not of this call.
    gc.disable()
    try:
        for _ in range(3):
            start = clock()
            call()
            best = min(best, clock() - start)
    finally:
        gc.enable()
    return best
