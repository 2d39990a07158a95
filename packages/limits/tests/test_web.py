"""The names that treadle_limits.web promises."""

import treadle_limits.web

NAMES = [
    "Key", "LimitOptions", "STORE", "by_address", "by_route", "exempt", "limited", "rate_limit",
    "setup", "together",
]  # fmt: skip


def test_public_api() -> None:
    assert sorted(treadle_limits.web.__all__) == NAMES
    assert all(hasattr(treadle_limits.web, name) for name in NAMES)
