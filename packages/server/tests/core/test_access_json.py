"""``JSONAccessFormatter``: one line of JSON, with numbers as numbers."""

import json
import logging
from typing import Any

import pytest

from treadle_server import JSONAccessFormatter


def formatted(message: str = "text", **values: Any) -> dict[str, Any]:
    record = logging.LogRecord("treadle.access", logging.INFO, "x.py", 1, message, (), None)
    record.created = 1_234_567_890.9876
    record.__dict__.update(values)
    line = JSONAccessFormatter().format(record)
    assert line.isascii()
    assert line.isprintable()
    parsed: dict[str, Any] = json.loads(line)
    assert parsed.pop("time") == "2009-02-13T23:31:30.987Z"
    assert (parsed.pop("level"), parsed.pop("logger")) == ("INFO", "treadle.access")
    return parsed


@pytest.mark.parametrize(
    ("values", "entry"),
    [
        ({}, {"message": "text"}),
        ({"remote_address": "1.2.3.4"}, {"remote_address": "1.2.3.4"}),
        ({"first_request_line": 'GET /"é HTTP/1.1'}, {"first_request_line": 'GET /"é HTTP/1.1'}),
        ({"response_status": 200, "response_size": 5},
         {"response_status": 200, "response_size": 5}),
        ({"request_time": "3", "request_time_frac": "3.5", "request_time_micro": "7"},
         {"request_time": 3, "request_time_frac": 3.5, "request_time_micro": 7}),
        ({"request_time": "soon"}, {"request_time": "soon"}),
        ({"process_id": "<42>"}, {"process_id": 42}),
        ({"request_start_time": "[09/Feb/2026:01:02:03 -0330]"},
         {"request_start_time": "2026-02-09T01:02:03-03:30"}),
        ({"request_start_time": "[09/Foo/2026:01:02:03 -0330]"},
         {"request_start_time": "[09/Foo/2026:01:02:03 -0330]"}),
        ({"request_header": {"Referer": "a\nb"}, "environment": {"X": "-"}},
         {"request_header": {"Referer": "a\nb"}, "environment": {"X": "-"}}),
        ({"response_header": {"X": object}}, {"response_header": {"X": "<class 'object'>"}}),
        ({"unrelated": 1}, {"message": "text"}),
    ],
)  # fmt: skip
def test_a_line(values: dict[str, Any], entry: dict[str, Any]) -> None:
    assert formatted(**values) == entry


def test_an_error_has_its_traceback_in_the_line() -> None:
    error = KeyError("x\ny")
    entry = formatted("failed", exc_info=(KeyError, error, None), stack_info="Stack:\n  x")
    assert entry["message"] == "failed"
    assert entry["exception"].startswith("KeyError: ")
    assert entry["stack"] == "Stack:\n  x"
