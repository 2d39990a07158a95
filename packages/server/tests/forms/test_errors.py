"""Errors of forms as answers."""

import pytest

from treadle_multipart import (
    MalformedError,
    MultipartError,
    TooManyHeadersError,
    TotalTooLargeError,
    UnsupportedError,
    UsageError,
)
from treadle_responses import HTTPException
from treadle_server._forms.errors import form_answer

ERRORS = [
    (MalformedError("bad field 'a'", field="a"), 400, "400: bad field 'a'"),
    (TotalTooLargeError(5), 413, "413: the body is longer than 5 bytes"),
    (UnsupportedError("no such charset"), 415, "415: no such charset"),
    (TooManyHeadersError(2), 431, "431: a part has more than 2 headers"),
]


@pytest.mark.parametrize(("error", "status", "text"), ERRORS, ids=[str(e[1]) for e in ERRORS])
def test_an_error_is_an_answer_and_a_value_error(
    error: MultipartError, status: int, text: str
) -> None:
    answer = form_answer(error)
    assert isinstance(answer, HTTPException)
    assert isinstance(answer, ValueError)
    assert answer.status == status
    assert answer.text == text


def test_a_bug_of_the_program_stays_one() -> None:
    error = UsageError("wrong order")
    assert form_answer(error) is error
