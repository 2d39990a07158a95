"""The names that treadle_limits promises."""

import treadle_limits
from testkit import check_public_api

NAMES = ["__version__"]


def test_public_api() -> None:
    check_public_api(treadle_limits, NAMES)
