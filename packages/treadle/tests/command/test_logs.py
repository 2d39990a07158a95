"""The log of the command: requests in short lines, colors on terminals only, JSON."""

import io
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from treadle._command.logs import ACCESS_FORMATS, configure_logs, wants_colors

Write = Callable[..., Path]

REQUEST = {
    "remote_address": "10.0.0.1", "first_request_line": "GET /a HTTP/1.1", "response_status": 404,
    "response_size": 12, "request_time_frac": "0.0012",
}  # fmt: skip


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("write")
def test_plain_lines() -> None:
    stream = io.StringIO()
    assert configure_logs("plain", stream=stream) == ACCESS_FORMATS["plain"]
    logging.getLogger("treadle.access").info("unused", extra=REQUEST)
    logging.getLogger("mine").warning("low on %s", "tea")
    logging.getLogger("mine").debug("not shown")
    logging.getLogger("asyncio").debug("not shown")
    lines = [line.partition(" ")[2] for line in stream.getvalue().splitlines()]
    assert lines == ["404 GET /a HTTP/1.1 1.2 ms 10.0.0.1", "WARNING mine: low on tea"]


@pytest.mark.usefixtures("write")
def test_tracebacks_and_stacks() -> None:
    stream = io.StringIO()
    configure_logs("plain", stream=stream)
    try:
        int("x")
    except ValueError:
        logging.getLogger("mine").exception("failed", stack_info=True)
    text = stream.getvalue()
    assert "ERROR   mine: failed\nTraceback (most recent call last):" in text
    assert "base 10: 'x'\nStack (most recent call last):" in text


@pytest.mark.usefixtures("write")
def test_colors() -> None:
    stream = io.StringIO()
    configure_logs("color", stream=stream)
    logging.getLogger("treadle.access").info("unused", extra=REQUEST)
    assert "\x1b[33m404\x1b[0m GET /a" in stream.getvalue()


@pytest.mark.usefixtures("write")
def test_json() -> None:
    stream = io.StringIO()
    assert configure_logs("json", "DEBUG", stream) == ACCESS_FORMATS["json"]
    logging.getLogger("mine").debug("hello")
    logging.getLogger("asyncio").debug("not shown")
    (line,) = stream.getvalue().splitlines()
    assert json.loads(line)["message"] == "hello"


@pytest.mark.parametrize(
    ("style", "terminal", "variables", "colors"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", False, {"FORCE_COLOR": "1"}, True),
        ("auto", True, {"TERM": "dumb"}, False),
        ("color", False, {"NO_COLOR": "1"}, True),
        ("plain", True, {"FORCE_COLOR": "1"}, False),
    ],
)
def test_when_there_are_colors(
    monkeypatch: pytest.MonkeyPatch,
    style: str,
    terminal: bool,
    variables: dict[str, str],
    colors: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    stream = Terminal() if terminal else io.StringIO()
    assert wants_colors(style, stream) is colors  # type: ignore[arg-type]  # of a table


@pytest.mark.usefixtures("write")
def test_standard_error_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("plain")
    logging.getLogger("mine").info("hello")
    assert capsys.readouterr().err.endswith("INFO    mine: hello\n")
    assert logging.root.handlers[0].stream is sys.stderr  # type: ignore[attr-defined]  # its own


def test_a_request_without_a_time() -> None:
    record = logging.makeLogRecord(REQUEST | {"request_time_frac": "-"})
    from treadle._command.logs import ShortFormatter

    assert " - 10.0.0.1" in ShortFormatter(colors=False).format(record)
