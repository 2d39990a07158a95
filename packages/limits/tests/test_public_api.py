"""The names that treadle_limits promises."""

import treadle_limits
from testkit import check_public_api

NAMES = [
    "AnyRates", "Decision", "Limiter", "MemoryStore", "Rate", "RedisStore", "Store", "StoreError",
    "__version__",
]  # fmt: skip


def test_public_api() -> None:
    check_public_api(treadle_limits, NAMES)
