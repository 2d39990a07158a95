"""Counting steps, and the table of them."""

import sys

import pytest

from bench.steps import NAMES, as_table, count

needs_monitoring = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="sys.monitoring came with Python 3.12"
)


@needs_monitoring
@pytest.mark.parametrize("name", NAMES)
def test_the_steps_of_a_request_are_the_same_each_time(name: str) -> None:
    steps = count(name)
    assert steps == count(name)
    handlers = [row for row in steps if row.startswith("handler ")]
    assert len(handlers) == (0 if name == "not-found" else 1)
    # Every function but those of generators is called a whole number of times by each request.
    assert all(calls == int(calls) for _, calls in steps.values())


def test_the_table_shows_both_and_what_is_only_in_one() -> None:
    now = {"a.py f": (10.0, 1.0), "a.py g": (5.0, 2.0)}
    before = {"a.py f": (20.0, 1.0), "a.py h": (7.0, 1.0)}
    assert as_table("hello", now, before).splitlines()[4:] == [
        "| **all** | **27** | **15** |",
        "| `a.py f` | 20 | 10 |",
        "| `a.py h` | 7 | 0 |",
        "| `a.py g` | 0 | 5 |",
    ]
    assert as_table("hello", now, {}).splitlines()[4:] == [
        "| **all** | **15** | **3** |",
        "| `a.py f` | 10 | 1 |",
        "| `a.py g` | 5 | 2 |",
    ]
