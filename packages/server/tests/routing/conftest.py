"""Routing is above the event loop: these tests run on one."""

import pytest

from testkit import Run, run_on


@pytest.fixture
def run() -> Run:
    """Run a coroutine; fails when it leaves a task behind."""
    return run_on("asyncio")
