"""Errors that are answers and what programs catch, in one."""

import copy
import json
import pickle
from typing import Any

import pytest

from treadle_responses import HTTPBadRequest, HTTPException, HTTPUnprocessableEntity
from treadle_server._forms import refusals


def bad_text() -> refusals.BadTextError:
    return refusals.BadTextError(UnicodeDecodeError("ascii", b"\xff", 0, 1, "no"), "400: text")


@pytest.mark.parametrize(
    ("error", "status", "builtin", "shown"),
    [
        (bad_text(), 400, UnicodeDecodeError, "codec can't decode byte 0xff"),
        (refusals.BadJSONError("Bad", "a\nb", 3, "400: j"), 400, json.JSONDecodeError, "line 2"),
        (refusals.UnknownCharsetError(), 415, LookupError, ""),
        (refusals.UnknownCodingError(), 415, RuntimeError, ""),
        (refusals.NotMultipartError(), 415, AssertionError, ""),
        (refusals.FormTooLargeError(5), 413, ValueError, ""),
        (refusals.FormHeadersTooLargeError(), 431, ValueError, ""),
        (refusals.BadFormError(), 400, ValueError, ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_answer_is_a_builtin_error_too(
    error: HTTPException, status: int, builtin: type[Exception], shown: str
) -> None:
    assert error.status == status
    assert isinstance(error, builtin)
    assert isinstance(error, ValueError)
    assert shown in str(error)


def test_answers_leave_a_process_pool() -> None:
    for error in (refusals.BadJSONError("Bad", "a\nb", 3, "400: j"), bad_text()):
        for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
            assert (type(again), str(again), again.text) == (type(error), str(error), error.text)


class DecoderError(ValueError):
    """The error of a decoder, with facts of its own."""

    def __init__(self, place: int, status: int) -> None:
        super().__init__(f"bad at {place}")
        self.place = place
        self.status = status


class PickyError(json.JSONDecodeError):
    """As orjson has one."""


class NewError(ValueError):
    """Its constructor cannot be called with its arguments."""

    def __new__(cls, *args: object, key: str) -> Any:
        return super().__new__(cls, *args)

    def __init__(self, *args: object, key: str) -> None:
        super().__init__(*args)


class TwoInOneError(HTTPUnprocessableEntity, ValueError):
    """An application's own answer."""


def test_the_class_of_another_decoder_is_kept() -> None:
    answer = refusals.json_refusal(DecoderError(7, 99), "doc", "400: no")
    assert isinstance(answer, DecoderError)
    assert isinstance(answer, HTTPBadRequest)
    assert isinstance(answer, json.JSONDecodeError)
    # Its facts are kept, the status of the answer too.
    assert (answer.place, answer.status, answer.text, str(answer)) == (7, 400, "400: no", "bad at 7")
    assert type(answer) is type(refusals.json_refusal(DecoderError(8, 9), "", ""))

    answer = refusals.json_refusal(PickyError("Bad", "a\nb", 2), "other", "400: no")
    assert isinstance(answer, PickyError)
    assert (answer.msg, answer.doc, answer.pos, answer.lineno) == ("Bad", "a\nb", 2, 2)


@pytest.mark.parametrize(
    "error", [ValueError("nope"), NewError("nope", key="a"), RecursionError("deep")]
)
def test_other_errors_are_json_errors(error: ValueError) -> None:
    answer = refusals.json_refusal(error, "doc", "400: no")
    assert type(answer) is refusals.BadJSONError
    assert (answer.doc, answer.pos, answer.text) == ("doc", 0, "400: no")
    assert str(answer) == ("nope" if isinstance(error, ValueError) else str(answer))


def test_an_answer_of_the_application_passes() -> None:
    error = TwoInOneError()
    assert refusals.json_refusal(error, "", "") is error
