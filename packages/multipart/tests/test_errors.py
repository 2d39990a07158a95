"""Errors carry facts."""

import dataclasses

import pytest

import treadle_multipart
from treadle_multipart import (
    LimitError,
    MalformedError,
    MultipartError,
    MultipartLimits,
    PartTooLargeError,
    UnsupportedError,
    UsageError,
)

CLASSES = [
    value
    for value in vars(treadle_multipart).values()
    if isinstance(value, type) and issubclass(value, MultipartError)
]


def test_statuses() -> None:
    statuses = {cls.__name__: cls.status for cls in CLASSES}
    assert statuses == {
        "MultipartError": 400, "MalformedError": 400, "UnsupportedError": 415, "UsageError": 500,
        "LimitError": 413, "TotalTooLargeError": 413, "PartTooLargeError": 413,
        "MemoryLimitError": 413, "TooManyPartsError": 413, "TooManyFilesError": 413,
        "TooManyFieldsError": 413, "NameTooLongError": 413, "TooManyHeadersError": 431,
        "HeaderTooLargeError": 431, "NestedTooDeepError": 400,
    }  # fmt: skip


def test_each_limit_has_one_error() -> None:
    limits = [cls.limit_name for cls in CLASSES if issubclass(cls, LimitError) and cls.limit_name]
    assert sorted(limits) == sorted(field.name for field in dataclasses.fields(MultipartLimits))


def test_facts() -> None:
    error = PartTooLargeError(10, field="a\r\n" + "b" * 100, offset=3)
    assert (error.limit, error.offset, error.field) == (10, 3, "a\r\n" + "b" * 100)
    assert str(error) == (
        f"a part is longer than 10 bytes in field 'a\\r\\n{'b' * 37}...' at offset 3; "
        "raise max_part_size= to allow it"
    )
    malformed = MalformedError("m", field="f", offset=1, leniency="lf-line-ends")
    assert (str(malformed), malformed.field, malformed.offset) == ("m", "f", 1)
    assert malformed.leniency == "lf-line-ends"


@pytest.mark.parametrize("cls", [MalformedError, UnsupportedError, UsageError])
def test_one_base(cls: type[MultipartError]) -> None:
    error = cls("sentence")
    assert isinstance(error, MultipartError)
    assert isinstance(error, ValueError)
    assert (error.message, error.field, error.offset) == ("sentence", None, None)
