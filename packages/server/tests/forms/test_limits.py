"""The limits of each reader, written out: a limit that is not here must not apply."""

from dataclasses import asdict

import pytest

from treadle_multipart import MultipartLimits
from treadle_server._forms.limits import (
    body_limits,
    form_limits,
    reader_limits,
    urlencoded_limits,
)

OFF = asdict(MultipartLimits.unlimited())
PART = {"max_part_headers": 32, "max_header_size": 16384, "max_name_length": 1024, "max_depth": 3}


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        (form_limits(5, 7), PART | {"max_total": 5, "max_parts": 7}),
        (form_limits(0, 0), PART),
        (body_limits(7), PART | {"max_parts": 7}),
        (body_limits(0), PART),
        (
            reader_limits(9, 2, 50),
            PART | {"max_parts": 9, "max_part_headers": 2, "max_header_size": 100},
        ),
        (reader_limits(None, 2, 50), PART | {"max_part_headers": 2, "max_header_size": 100}),
        (urlencoded_limits(7), {"max_fields": 7}),
        (urlencoded_limits(0), {}),
    ],
)
def test_limits(limits: MultipartLimits, expected: dict[str, int]) -> None:
    assert asdict(limits) == OFF | expected
