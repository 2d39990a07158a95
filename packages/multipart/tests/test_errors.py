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
    UndecodableTextError,
    UnsupportedError,
    UsageError,
    parse_form,
    parse_urlencoded,
)

CODED = (
    b'--x\r\nContent-Disposition: form-data; name="a"\r\nContent-Type: %b\r\n\r\n\xff\r\n--x--'
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
        "UndecodableTextError": 400, "UnknownCharsetError": 415, "UnknownCodingError": 415,
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


def test_undecodable_text_is_the_error_of_the_codec_too() -> None:
    with pytest.raises(UnicodeDecodeError) as caught:
        parse_urlencoded(b"a=1&b=x%FFy")
    error = caught.value
    assert isinstance(error, UndecodableTextError)
    assert (error.field, error.leniency) == ("b", "undecodable-text")
    assert (error.encoding, error.object, error.start, error.end) == ("utf-8", b"x\xffy", 1, 2)
    assert str(error) == "the bytes of field 'b' are not utf-8: invalid start byte"
    assert isinstance(error.__cause__, UnicodeDecodeError)


BUILT_INS = [
    ("application/x-www-form-urlencoded; charset=punycode", b"a=1", LookupError),
    ("multipart/form-data; boundary=x", CODED % b"text/plain; charset=hex", LookupError),
    ("multipart/form-data; boundary=x", CODED % b"a/b\r\nContent-Transfer-Encoding: z",
     RuntimeError),
    ("multipart/form-data; boundary=x", CODED % b"text/plain; charset=ascii", UnicodeDecodeError),
]


@pytest.mark.parametrize(("content_type", "body", "error"), BUILT_INS, ids=range(len(BUILT_INS)))
def test_errors_are_those_of_python_and_aiohttp_too(
    content_type: str, body: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        parse_form(content_type, body)
    assert isinstance(caught.value, MultipartError)


@pytest.mark.parametrize("cls", [MalformedError, UnsupportedError, UsageError])
def test_one_base(cls: type[MultipartError]) -> None:
    error = cls("sentence")
    assert isinstance(error, MultipartError)
    assert isinstance(error, ValueError)
    assert (error.message, error.field, error.offset) == ("sentence", None, None)
