"""Errors of forms as answers."""

import json

import pytest

from treadle_multipart import (
    MalformedError,
    MultipartError,
    TooManyFieldsError,
    TooManyHeadersError,
    TooManyPartsError,
    TotalTooLargeError,
    UndecodableTextError,
    UnknownCharsetError,
    UnknownCodingError,
    UnsupportedError,
    UsageError,
)
from treadle_responses import HTTPException
from treadle_server._forms.errors import PartJSONError, form_answer

CAUSE = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
ERRORS = [
    (MalformedError("bad field 'a'", field="a"), 400, "400: bad field 'a'"),
    (TotalTooLargeError(5), 413, "413: the body is longer than 5 bytes"),
    (TooManyPartsError(5), 413, "Maximum number of form fields 5 exceeded."),
    (TooManyFieldsError(5), 413, "Maximum number of form fields 5 exceeded."),
    (UnsupportedError("no such charset"), 415, "415: no such charset"),
    (UnknownCharsetError("no such charset"), 415, "415: no such charset"),
    (UnknownCodingError("no such coding"), 415, "415: no such coding"),
    (UndecodableTextError("no text", CAUSE, field="a"), 400, "400: no text"),
    (PartJSONError("no JSON", json.JSONDecodeError("Bad", "x", 0), "a"), 400, "400: no JSON"),
    (TooManyHeadersError(2), 431, "431: a part has more than 2 headers"),
]


@pytest.mark.parametrize(
    ("error", "status", "text"), ERRORS, ids=[type(case[0]).__name__ for case in ERRORS]
)
def test_an_error_is_an_answer_and_a_value_error(
    error: MultipartError, status: int, text: str
) -> None:
    answer = form_answer(error)
    assert isinstance(answer, HTTPException)
    assert isinstance(answer, ValueError)
    assert answer.status == status
    assert answer.text == text
    # All that a program may catch by a built-in class, it can catch so still.
    modules = ("builtins", "json.decoder")
    kinds = {kind for kind in type(error).__mro__ if kind.__module__ in modules}
    assert kinds <= set(type(answer).__mro__)


def test_a_malformed_form_says_what_is_wrong() -> None:
    assert str(form_answer(MalformedError("bad field"))) == "400: bad field"


def test_a_bug_of_the_program_stays_one() -> None:
    error = UsageError("wrong order")
    assert form_answer(error) is error
