"""Leave these tests out where the package could not be compiled."""

import pytest

pytest.importorskip(
    "treadle_speedups",
    reason="treadle_speedups is not compiled here: no C compiler was found",
    exc_type=ImportError,
)
