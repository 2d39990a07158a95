"""The limits as a value."""

from dataclasses import FrozenInstanceError, fields

import pytest

from treadle_http_parser import DEFAULT_LIMITS, Error, Limits, ServerConnection
from treadle_http_parser import _errors as messages
from treadle_http_parser._errors import EXCEEDED


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, 1.5, "8", None, True])
def test_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"Limits.{name} must be an int of at least 1, got "):
        Limits(**{name: value})  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_accepted(name: str) -> None:
    assert getattr(Limits(**{name: 1}), name) == 1


def test_defaults() -> None:
    assert Limits() == DEFAULT_LIMITS
    assert {field.name: getattr(DEFAULT_LIMITS, field.name) for field in fields(Limits)} == {
        "max_request_line": 8192,
        "max_field_line": 8192,
        "max_head": 65536,
        "max_fields": 128,
        "max_chunk_extension": 4096,
        "max_chunk_extensions_total": 16384,
    }


def test_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        DEFAULT_LIMITS.max_head = 1  # type: ignore[misc]  # the mistake under test


HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

# For each limit: its name, all limits of the connection, and bytes that exceed it.
EXCEEDING = [
    ("max_request_line", Limits(max_request_line=20), b"GET /" + b"a" * 30 + HEAD[5:] + b"\r\n"),
    ("max_request_line", Limits(max_request_line=20), b"GET /" + b"a" * 30),
    ("max_field_line", Limits(max_field_line=20), HEAD + b"A: " + b"a" * 30 + b"\r\n\r\n"),
    ("max_field_line", Limits(max_field_line=30), CHUNKED + b"0\r\nA: " + b"a" * 40 + b"\r\n\r\n"),
    ("max_head", Limits(max_head=60), HEAD + b"A: " + b"a" * 60 + b"\r\n\r\n"),
    ("max_head", Limits(max_head=70), CHUNKED + b"0\r\nA: " + b"a" * 80 + b"\r\n\r\n"),
    ("max_fields", Limits(max_fields=2), HEAD + b"A: a\r\nB: b\r\n\r\n"),
    ("max_fields", Limits(max_fields=3), CHUNKED + b"0\r\nA: a\r\nB: b\r\n\r\n"),
    ("max_chunk_extension", Limits(max_chunk_extension=9), CHUNKED + b"1;" + b"a" * 30 + b"\r\n"),
    ("max_chunk_extension", Limits(max_chunk_extension=9), CHUNKED + b"1;" + b"a" * 9 + b"\r\n"),
    (
        "max_chunk_extensions_total",
        Limits(max_chunk_extensions_total=9),
        CHUNKED + b"1;123\r\nx\r\n" * 3,
    ),
    # A higher limit on the part does not lift the one on the whole.
    (
        "max_head",
        Limits(max_field_line=200_000),
        HEAD + b"A: " + b"a" * 70_000 + b"\r\n\r\n",
    ),
]


@pytest.mark.parametrize(("name", "limits", "data"), EXCEEDING)
@pytest.mark.parametrize("step", [1, 7, None])
def test_an_error_names_the_limit(name: str, limits: Limits, data: bytes, step: int | None) -> None:
    connection = ServerConnection(limits)
    size = step if step and len(data) < 1000 else len(data)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    error = [event for piece in pieces for event in connection.receive_data(piece)][-1]
    assert isinstance(error, Error)
    assert error.limit == name
    assert (error.status, error.reason) == EXCEEDED[name]


def test_a_line_that_exceeds_the_limit_of_the_head() -> None:
    data = b"GET /" + b"a" * 70_000 + HEAD[5:] + b"\r\n"
    (error,) = ServerConnection(Limits(max_request_line=200_000)).receive_data(data)
    assert isinstance(error, Error)
    assert (error.status, error.reason) == (414, messages.LINE_TOO_LONG)
    assert error.limit == "max_head"


def test_every_limit_has_a_refusal_and_a_case() -> None:
    names = [field.name for field in fields(Limits)]
    assert list(EXCEEDED) == names
    assert {name for name, _, _ in EXCEEDING} == set(names)


def test_other_errors_name_no_limit() -> None:
    (error,) = ServerConnection().receive_data(b"G@T / HTTP/1.1\r\n\r\n")
    assert isinstance(error, Error)
    assert error.limit is None
