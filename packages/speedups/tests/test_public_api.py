from typing import TYPE_CHECKING

import pytest

from testkit import check_public_api

if TYPE_CHECKING:
    import treadle_speedups
else:
    treadle_speedups = pytest.importorskip(
        "treadle_speedups", reason="not compiled: there was no C compiler", exc_type=ImportError
    )


def test_public_api() -> None:
    check_public_api(treadle_speedups, {"__version__", "unmask"})


def test_functions_are_documented() -> None:
    assert treadle_speedups.unmask.__doc__
    assert "key" in treadle_speedups.unmask.__doc__
