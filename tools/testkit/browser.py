"""Playwright's ``expect``, whose checks count as assertions of the test."""

import functools
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator
from playwright.sync_api import expect as _expect

__all__ = ["expect"]


class _Counted:
    def __init__(self, assertions: object) -> None:
        self._assertions = assertions

    def __getattr__(self, name: str) -> Callable[..., None]:
        check = getattr(self._assertions, name)

        @functools.wraps(check)
        def counted(*args: Any, **kwargs: Any) -> None:
            # The check raises where it does not hold; ``assert`` is what ``assertions`` counts.
            assert check(*args, **kwargs) is None

        return counted


def expect(actual: Locator) -> "_Counted":
    """Return the assertions about ``actual``; each one waits until it holds, or fails."""
    return _Counted(_expect(actual))
