"""The names that treadle_limits promises."""

import treadle_limits
import treadle_limits.web
from testkit import check_public_api

NAMES = [
    "AnyRates", "Decision", "Limiter", "MemoryStore", "Rate", "RedisStore", "Store", "StoreError",
    "__version__",
]  # fmt: skip

WEB_NAMES = [
    "Key", "LimitOptions", "STORE", "by_address", "by_route", "exempt", "limited", "rate_limit",
    "setup", "together",
]  # fmt: skip


def test_public_api() -> None:
    check_public_api(treadle_limits, NAMES)
    assert sorted(treadle_limits.web.__all__) == WEB_NAMES
