"""Steps of the interpreter and CPU time: what a call costs, whatever machine it runs on.

Steps are lines, jumps and calls. They are the same in each run, so a slow or busy machine changes
nothing. They do not see the bytes that a C function looks at (``find``, ``decode``, ``re``); CPU
time does. It is measured in units of what a step takes here and now, as the least of some tries.
"""

import gc
import sys
import time
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, Final

__all__ = ["STEPS_OF_A_TURN", "count_steps", "measure_time"]

#: The most steps of one callback of the event loop: some 50 ms of a fast machine.
STEPS_OF_A_TURN: Final = 1_000_000

_TRIES: Final = 3
#: Steps of the loop that tells how long a step takes.
_YARDSTICK: Final = 100_000


def count_steps(call: Callable[[], object]) -> int:
    """Return the steps of ``call()``."""
    # A collection within would run the finalizers of what others have left: steps of Python.
    collects = gc.isenabled()
    gc.disable()
    try:
        if sys.version_info >= (3, 12):
            return _count_monitored(call)
        return _count_traced(call)
    finally:
        if collects:
            gc.enable()


if sys.version_info >= (3, 12):

    def _count_monitored(call: Callable[[], object]) -> int:
        monitoring = sys.monitoring
        tool = next(number for number in range(6) if monitoring.get_tool(number) is None)
        steps = 0

        def note(_code: CodeType, *_where: object) -> None:
            nonlocal steps
            steps += 1

        events = monitoring.events
        kinds = (events.LINE, events.JUMP, events.CALL)
        monitoring.use_tool_id(tool, "turns")
        try:
            for kind in kinds:
                monitoring.register_callback(tool, kind, note)
            monitoring.set_events(tool, events.LINE | events.JUMP | events.CALL)
            call()
        finally:
            monitoring.set_events(tool, 0)
            for kind in kinds:
                monitoring.register_callback(tool, kind, None)
            monitoring.free_tool_id(tool)
        return steps


def _count_traced(call: Callable[[], object]) -> int:
    steps = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal steps
        steps += event in ("line", "call")
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return steps


def measure_time(make: Callable[[], Callable[[], object]]) -> float:
    """Return the CPU time of a call that ``make`` prepares, in steps: the least of some tries."""
    least = float("inf")
    for _ in range(_TRIES):
        call = make()
        gc.disable()
        try:
            start = time.process_time()
            call()
            spent = time.process_time() - start
            start = time.process_time()
            _walk()
            step = max((time.process_time() - start) / _YARDSTICK, 1e-9)
        finally:
            gc.enable()
        least = min(least, spent / step)
    return least


def _walk() -> int:
    total = 0
    number = 0
    while number < _YARDSTICK // 4:
        total ^= len(b"x")
        number += 1
    return total
