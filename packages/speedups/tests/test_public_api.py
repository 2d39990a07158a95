import treadle_speedups
from testkit import check_public_api


def test_public_api() -> None:
    check_public_api(treadle_speedups, {"__version__", "unmask"})


def test_functions_are_documented() -> None:
    assert treadle_speedups.unmask.__doc__
    assert "key" in treadle_speedups.unmask.__doc__
