"""CPU time by process, from the operating system."""

import os
import subprocess
import sys
import time

import pytest

from bench._account import cpu_seconds, cpu_used

SPIN = "import time, sys\nwhile time.process_time() < .2: pass\nprint(flush=True)\nsys.stdin.read()"


def test_our_own_account_is_what_python_says() -> None:
    pid = os.getpid()
    low = time.process_time()
    ours = cpu_seconds([pid])[pid]
    assert low <= ours <= time.process_time()


def test_the_account_of_another_process() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SPIN], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert 0.2 <= cpu_seconds([process.pid])[process.pid] < 5
    with pytest.raises(OSError, match=f"process {process.pid}"):
        cpu_seconds([process.pid])


@pytest.mark.parametrize(
    ("before", "after", "used"),
    [({1: 1.0}, {1: 1.5}, 0.5), ({1: 1.0}, {1: 1.5, 2: 0.25}, 0.75), ({}, {}, 0)],
)
def test_cpu_used(before: dict[int, float], after: dict[int, float], used: float) -> None:
    assert cpu_used(before, after) == used


def test_an_account_that_was_lost_is_an_error() -> None:
    with pytest.raises(ProcessLookupError, match=r"\[2\]"):
        cpu_used({1: 1.0, 2: 1.0}, {1: 2.0})
