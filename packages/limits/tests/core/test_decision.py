"""The decision that counts among several."""

import pytest

from treadle_limits import Decision, Rate
from treadle_limits._core.decision import strictest

RATE = Rate(10, 60)
PASSED = Decision(True, RATE, 5, 30.0)
FEW = Decision(True, RATE, 2, 10.0)
REFUSED = Decision(False, RATE, 0, 60.0, 3.0)
LONGER = Decision(False, RATE, 4, 60.0, 9.0)


@pytest.mark.parametrize(
    ("decisions", "wanted"),
    [
        ((PASSED,), PASSED),
        ((PASSED, FEW), FEW),
        ((FEW, PASSED), FEW),
        ((FEW, REFUSED), REFUSED),
        ((LONGER, REFUSED, FEW), LONGER),
    ],
)
def test_the_strictest(decisions: tuple[Decision, ...], wanted: Decision) -> None:
    assert strictest(decisions) is wanted


def test_the_limit_is_that_of_its_rate() -> None:
    assert PASSED.limit == 10
