"""Event loops for the time of a test, as aiohttp's plugin and its users make them."""

import asyncio
import contextlib
import gc
import warnings
from collections.abc import Callable, Iterator
from typing import TypeVar

__all__ = ["loop_context", "setup_test_loop", "teardown_test_loop", "unittest_run_loop"]

_T = TypeVar("_T")


def setup_test_loop(
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
) -> asyncio.AbstractEventLoop:
    """Return a new event loop, which is the current one; end it with ``teardown_test_loop``."""
    loop = loop_factory()
    asyncio.set_event_loop(loop)
    return loop


def teardown_test_loop(loop: asyncio.AbstractEventLoop, fast: bool = False) -> None:
    """Close ``loop``; unless ``fast``, collect garbage, so that its warnings belong to the test."""
    if not loop.is_closed():
        loop.call_soon(loop.stop)
        loop.run_forever()
        loop.close()
    if not fast:
        gc.collect()
    asyncio.set_event_loop(None)


@contextlib.contextmanager
def loop_context(
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    fast: bool = False,
) -> Iterator[asyncio.AbstractEventLoop]:
    """Return an event loop for a ``with`` block."""
    loop = setup_test_loop(loop_factory)
    try:
        yield loop
    finally:
        teardown_test_loop(loop, fast=fast)


def unittest_run_loop(func: _T, *args: object, **kwargs: object) -> _T:  # noqa: ARG001  # aiohttp's
    """Return ``func``: a test of ``AioHTTPTestCase`` may be a coroutine without a decorator."""
    warnings.warn(
        "Decorator `@unittest_run_loop` is no longer needed in aiohttp 3.8+",
        DeprecationWarning,
        stacklevel=2,
    )
    return func
