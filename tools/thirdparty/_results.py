"""The results of two runs of one suite, side by side."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import NamedTuple

from ._suites import Suite

__all__ = ["Comparison", "compare", "passed_tests"]


def passed_tests(junit: Path) -> frozenset[str]:
    """Return the ids of the tests that passed, from pytest's JUnit file."""
    passed: set[str] = set()
    for case in ET.parse(junit).iter("testcase"):  # pytest has written it
        if any(child.tag in ("failure", "error", "skipped") for child in case):
            continue
        test = base = f"{case.get('classname')}::{case.get('name')}"
        count = 1
        while test in passed:  # a suite may give one name to several cases
            count += 1
            test = f"{base}#{count}"
        passed.add(test)
    return frozenset(passed)


class Comparison(NamedTuple):
    """The tests of one suite that pass on both, and those that do not."""

    suite: Suite
    on_aiohttp: int
    on_treadle: int
    #: Passing on aiohttp only, with the reason or None.
    lost: dict[str, str | None]
    #: Reasons of the file for which no test fails any more.
    unused: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """True if tests ran, every lost test has a reason, and every reason a test."""
        return bool(self.on_aiohttp) and not self.unused and None not in self.lost.values()


def compare(suite: Suite, aiohttp: frozenset[str], treadle: frozenset[str]) -> Comparison:
    """Compare the tests that passed on either."""
    lost = {test: suite.reason_for(test) for test in sorted(aiohttp - treadle)}
    unused = tuple(part for part in suite.reasons if not any(part in test for test in lost))
    return Comparison(suite, len(aiohttp), len(aiohttp & treadle), lost, unused)
