"""Event loops for the time of a test."""

import asyncio

import pytest

from treadle_testing import loop_context, setup_test_loop, teardown_test_loop, unittest_run_loop


def test_a_loop_is_closed_after_use() -> None:
    with loop_context() as loop:
        assert loop.run_until_complete(asyncio.sleep(0, "done")) == "done"
    assert loop.is_closed()


def test_a_loop_is_closed_after_an_error() -> None:
    with pytest.raises(ValueError, match="of the test"), loop_context() as loop:
        raise ValueError("of the test")
    assert loop.is_closed()


def test_by_hand() -> None:
    made: list[asyncio.AbstractEventLoop] = []

    def factory() -> asyncio.AbstractEventLoop:
        made.append(asyncio.new_event_loop())
        return made[-1]

    loop = setup_test_loop(factory)
    assert made == [loop]
    teardown_test_loop(loop, fast=True)
    assert loop.is_closed()
    # A test may have closed it.
    teardown_test_loop(loop)


def test_the_old_decorator_does_nothing() -> None:
    async def check() -> None:
        pass

    with pytest.warns(DeprecationWarning, match="`@unittest_run_loop` is no longer needed"):
        assert unittest_run_loop(check) is check
