"""A pytest plugin that counts the test functions and the distinct cases of a run.

A case is a test function with its parameters. A case that ran on two event loops counts once. Under
xdist the reports of all workers reach the controller, which prints the sum.
"""

import re
from typing import Final

import pytest

from ._loops import EVERY_LOOP

__all__ = ["pytest_configure"]

# pytest joins the names of parameters with hyphens: ``test_x[uvloop-GET]``.
_LOOP: Final = re.compile(rf"(?<=[\[-])(?:{'|'.join(EVERY_LOOP)})(?=[\]-])")


class Counter:
    """Collects the names of what ran."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that passed or failed."""
        if report.when == "call" and not report.skipped:
            self._names.add(report.nodeid)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the counts."""
        functions = {name.partition("[")[0] for name in self._names}
        distinct = {_LOOP.sub("", name) for name in self._names}
        terminalreporter.write_line(
            f"{len(functions):,} test functions, {len(distinct):,} distinct cases"
            f" ({len(self._names) - len(distinct):,} of them on both event loops)"
        )


def pytest_configure(config: pytest.Config) -> None:
    """Count in the process that prints the summary."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Counter(), "testkit-counter")
