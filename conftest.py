"""The plugins and the fixtures of the whole suite."""

import pytest

# Before their first import, so that the assertions of their helpers are explained and counted.
pytest.register_assert_rewrite("testkit", "fuzz")

from testkit import FakeClock, Run, run_on  # noqa: E402  # see above

pytest_plugins = ["testkit.assertions", "testkit.counting", "testkit.engines"]


@pytest.fixture
def run() -> Run:
    """Run a coroutine on asyncio's own event loop; fails if it leaves a task behind.

    Most behaviour does not depend on the loop. asyncio's is the one that exists everywhere, so that
    a case has the same name on every system. A test of what does depend on it (transports, flow
    control, TLS, upgrades, files, timers, the stop) is marked ``testkit.each_loop``.
    """
    return run_on("asyncio")


@pytest.fixture
def clock() -> FakeClock:
    """Run a coroutine under a clock that stands still until the test moves it."""
    return FakeClock()
