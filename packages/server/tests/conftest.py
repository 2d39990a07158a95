"""Each test that takes ``run`` runs on every event loop."""

import pytest

from testkit import LOOPS, Run, run_on


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    """Run a coroutine; fails when it leaves a task behind."""
    return run_on(request.param)
