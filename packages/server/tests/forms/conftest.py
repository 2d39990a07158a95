"""Most tests here read from memory: one event loop is enough. Those over sockets run on each."""

import pytest

from testkit import LOOPS, Run, run_on


@pytest.fixture
def run() -> Run:
    """Run a coroutine that touches no transport, on one event loop."""
    return run_on("asyncio")


@pytest.fixture(params=LOOPS)
def run_each(request: pytest.FixtureRequest) -> Run:
    """Run a coroutine on every event loop."""
    return run_on(request.param)
