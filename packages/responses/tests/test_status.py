"""Reason phrases, and the responses without content."""

import sys
from http import HTTPStatus

import pytest

from treadle_responses._status import (
    REASONS,
    RESET_CONTENT,
    allows_no_length,
    default_reason,
    must_be_empty,
)

RENAMED = {413, 414, 416, 422}


def test_the_table_has_every_status_of_the_standard_library() -> None:
    library = {status.value: status.phrase for status in HTTPStatus}
    assert {c: r for c, r in REASONS.items() if c not in RENAMED and c != 418} == {
        c: r for c, r in library.items() if c not in RENAMED and c != 418
    }
    if sys.version_info >= (3, 13):
        assert {c: REASONS[c] for c in RENAMED} == {c: library[c] for c in RENAMED}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (200, "OK"),
        (207, "Multi-Status"),
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (416, "Range Not Satisfiable"),
        (418, "I'm a Teapot"),
        (422, "Unprocessable Content"),
        (299, ""),
        (999, ""),
    ],
)
def test_default_reason(status: int, reason: str) -> None:
    assert default_reason(status) == reason


@pytest.mark.parametrize(
    ("method", "status", "empty"),
    [
        ("GET", 100, True),
        ("GET", 101, True),
        ("GET", 199, True),
        ("GET", 200, False),
        ("GET", 203, False),
        ("GET", 204, True),
        ("GET", 205, True),  # RFC 9110 section 15.3.6
        ("GET", 304, True),
        ("GET", 404, False),
        ("HEAD", 200, True),
        ("HEAD", 500, True),
        ("CONNECT", 200, True),
        ("CONNECT", 299, True),
        ("CONNECT", 300, False),
        ("CONNECT", 404, False),
    ],
)
def test_must_be_empty(method: str, status: int, empty: bool) -> None:
    assert must_be_empty(method, status) is empty
    # A response to HEAD has the Content-Length of the response to GET, and 205 has the length 0.
    has_length = method == "HEAD" or status == RESET_CONTENT
    assert allows_no_length(method, status) is (empty and not has_length)
