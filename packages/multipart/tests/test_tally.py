"""Counting parts against limits."""

import pytest

from treadle_multipart import (
    LimitError,
    MultipartLimits,
    NameTooLongError,
    PartBegin,
    TooManyFieldsError,
    TooManyFilesError,
    TooManyPartsError,
)
from treadle_multipart._tally import Tally

BARE = PartBegin(())
FIELD = PartBegin((), "form-data", "abc")
FILE = PartBegin((), "form-data", "f", "a.txt")
NO_FILE = PartBegin((), "form-data", "f", "")


def test_counts() -> None:
    tally = Tally(MultipartLimits())
    for part in (BARE, FIELD, FILE, FILE, NO_FILE):
        tally.count(part)
    assert (tally.parts, tally.fields, tally.files) == (5, 2, 2)


@pytest.mark.parametrize(
    ("limits", "parts", "error"),
    [
        (MultipartLimits(max_parts=1), [BARE, BARE], TooManyPartsError),
        (MultipartLimits(max_fields=1), [FILE, FIELD, NO_FILE], TooManyFieldsError),
        (MultipartLimits(max_files=1), [FILE, FIELD, FILE], TooManyFilesError),
        (MultipartLimits(max_name_length=2), [FILE, FIELD], NameTooLongError),
    ],
)
def test_limits(limits: MultipartLimits, parts: list[PartBegin], error: type[LimitError]) -> None:
    tally = Tally(limits)
    for part in parts[:-1]:
        tally.count(part)
    with pytest.raises(error) as caught:
        tally.count(parts[-1])
    assert caught.value.field == parts[-1].name
