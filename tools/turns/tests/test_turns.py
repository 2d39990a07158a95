"""No call with the bytes of a stranger holds the loop for long, whatever the bytes."""

import gc
import time
from collections.abc import Callable

import pytest

from turns._steps import STEPS_OF_A_TURN, count_steps, measure_time
from turns.cases import FIELDS, KEPT, MESSAGES, PATHS, PIPELINES, READS, Make, attempt, field_values

#: The growth of steps, and of time, with four times the input: 4 is linear, 16 quadratic.
_STEPS = 6
_TIME = 8
#: Below these a constant part hides the growth, or the clock is too coarse.
_FEW = 500
_SHORT = 20_000
_TRIES = 4
#: The seconds from which a field is looked at: 16 KiB to the square take longer on any machine.
_NOTABLE = 0.004


def check_growth(make: Make, size: int) -> str:
    """Return the fault of a call that grows faster than its input, ``""`` without one."""
    small, large = count_steps(make(size)), count_steps(make(4 * size))
    if large > _FEW and large > _STEPS * small:
        return f"{small} steps become {large}"
    small_time = large_time = 0.0
    for _ in range(_TRIES):
        large_time = measure_time(lambda: make(4 * size))
        small_time = measure_time(lambda: make(size))
        if large_time < _SHORT or large_time < _TIME * small_time:
            return ""
    return f"a time of {small_time:.0f} steps becomes {large_time:.0f}"


@pytest.mark.parametrize("name", READS)
def test_one_read(name: str) -> None:
    size, make = READS[name]
    assert count_steps(make(size)) <= STEPS_OF_A_TURN
    # The time of a step varies with the step: twice as much is no fault.
    assert min(measure_time(lambda: make(size)) for _ in range(2)) <= 2 * STEPS_OF_A_TURN
    assert check_growth(make, size // 8) == ""


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message(name: str) -> None:
    assert check_growth(MESSAGES[name], 16_384) == ""


@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_is_answered_in_several_turns(name: str) -> None:
    assert count_steps(PIPELINES[name]) <= STEPS_OF_A_TURN


@pytest.mark.parametrize("name", PATHS)
def test_a_path(name: str) -> None:
    make = PATHS[name]
    small, large = count_steps(make(1024)), count_steps(make(4096))
    assert large <= max(_FEW, _STEPS * small)
    # What a regular expression looks at: a path of 8 KiB at the most.
    assert measure_time(lambda: make(8192)) <= STEPS_OF_A_TURN


@pytest.mark.parametrize("name", FIELDS)
def test_a_field(name: str) -> None:
    """All values in one test: only those that take long are looked at closely."""
    parse = FIELDS[name]
    faults = []
    for text, value in field_values():
        large_time = spend(parse, value(16_384))
        if large_time < _NOTABLE or large_time < _STEPS * spend(parse, value(4096)):
            continue

        def make(size: int, value: Callable[[int], str] = value) -> Callable[[], object]:
            data = value(size)
            return lambda: attempt(parse, data)

        if fault := check_growth(make, 4096):
            faults.append(f"{text}: {fault}")
    assert not faults


def spend(parse: Callable[[str], object], value: str) -> float:
    """Return the CPU seconds of one call: a first look, which other work may disturb."""
    start = time.process_time()
    attempt(parse, value)
    return time.process_time() - start


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_input_of_the_fuzz_targets(name: str) -> None:
    assert count_steps(KEPT[name]) <= STEPS_OF_A_TURN


# The measure itself.


def linear(size: int) -> Callable[[], object]:
    return lambda: sum(number for number in range(size))


def quadratic(size: int) -> Callable[[], object]:
    return lambda: [sum(range(10)) for _ in range(size // 50) for _ in range(size // 50)]


def cubic_in_c(size: int) -> Callable[[], object]:
    # Its time grows by 64: on a busy machine a measured 16 may be less than the 8 of the bound.
    text = "a" * (size * size // 16)
    return lambda: [text.count("b") for _ in range(size)]


def test_growth_is_seen() -> None:
    assert check_growth(linear, 4096) == ""
    assert "steps become" in check_growth(quadratic, 1024)
    assert "a time of" in check_growth(cubic_in_c, 512)


def test_steps_are_the_same_each_time() -> None:
    first = count_steps(linear(1000))
    assert first == count_steps(linear(1000))
    assert 1000 < first < 10_000


def test_the_rubbish_of_others_is_no_step() -> None:
    class Finalized:
        def __init__(self) -> None:
            self.cycle = self

        def __del__(self) -> None:
            finalized.append(None)

    def allocate() -> list[list[int]]:
        return [[number] for number in range(5000)]

    finalized: list[None] = []
    alone = count_steps(allocate)
    for _ in range(100):
        Finalized()
    before = len(finalized)
    assert count_steps(allocate) == alone
    assert len(finalized) == before
    assert gc.isenabled()
    gc.collect()
    assert len(finalized) == 100


def test_a_call_that_raises_leaves_no_counter() -> None:
    def fail() -> None:
        raise LookupError

    for _ in range(10):
        with pytest.raises(LookupError):
            count_steps(fail)
