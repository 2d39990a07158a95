"""Log lines: values of a peer are escaped and bounded, and no line is written another way."""

import ast
import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import treadle_server
from treadle_server._core.logs import log_access, log_debug, log_error, log_warning, shown

SOURCES = Path(treadle_server.__file__).parent
LEVELS = ("debug", "info", "warning", "warn", "error", "exception", "critical", "log")


class Unshowable:
    def __repr__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("/path?a=b", "/path?a=b"),
        ("", ""),
        (None, "None"),
        (400, "400"),
        (b"a\n", r"b'a\n'"),
        (("a", "b"), "('a', 'b')"),
        ("a\r\nb\tc\0", r"a\r\nb\tc\x00"),
        ("\x1b[2J", r"\x1b[2J"),
        ("\x9b2J", r"\x9b2J"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2028", r"\u2028"),
        ("\ud800", r"\ud800"),
        ("\U000e0001", r"\U000e0001"),
        ("\xe9\u65e5\U0001f600", "\xe9\u65e5\U0001f600"),
        ("a" * 200, "a" * 200),
        ("a" * 201, "a" * 200 + "... (201 characters)"),
        (["a" * 56_000], "['" + "a" * 198 + "... (56004 characters)"),
        ("\n" * 1000, r"\n" * 200 + "... (1000 characters)"),
    ],
)
def test_shown(value: object, text: str) -> None:
    assert shown(value) == text
    assert shown(value).isprintable()


def test_a_value_that_cannot_be_shown() -> None:
    assert "Unshowable object at 0x" in shown(Unshowable())


@pytest.mark.parametrize("log", [log_debug, log_warning])
def test_a_line(caplog: pytest.LogCaptureFixture, log: Callable[..., None]) -> None:
    logger = logging.getLogger("treadle.test")
    with caplog.at_level(logging.DEBUG, "treadle.test"):
        log(logger, "Refused %s: %s", "/a\nb", 400)
    (record,) = caplog.records
    assert record.getMessage() == r"Refused /a\nb: 400"
    assert (record.msg, record.args) == ("Refused %s: %s", (r"/a\nb", "400"))
    assert record.levelno == (logging.DEBUG if log is log_debug else logging.WARNING)
    # The place is that of the caller.
    assert (record.filename, record.funcName) == ("test_logs.py", "test_a_line")


def test_an_error_has_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    error = KeyError("x")
    log_error(logging.getLogger("treadle.test"), "Failed", error=error)
    (record,) = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is error


def test_a_level_that_is_off_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Counted:
        shown = 0

        def __repr__(self) -> str:
            Counted.shown += 1
            return "x"

    with caplog.at_level(logging.WARNING, "treadle.test"):
        log_debug(logging.getLogger("treadle.test"), "%s", Counted())
    assert (caplog.records, Counted.shown) == ([], 0)


def _access_line(logger: logging.Logger, line: str, **extra: object) -> None:
    log_access(logger, lambda: (line, extra))


def test_records_of_the_access_log_are_those_of_the_logger(
    caplog: pytest.LogCaptureFixture,
) -> None:
    logger = logging.getLogger("treadle.test.records")
    with caplog.at_level(logging.INFO, logger.name):
        for number in range(3):
            _access_line(logger, f"line {number} %s", response_status=number)
        logger.info("other")
    *records, other = caplog.records
    for number, record in enumerate(records):
        assert record.getMessage() == f"line {number} %s"
        assert record.__dict__["response_status"] == number
        assert vars(record).keys() - {"message", "response_status"} == vars(other).keys() - {
            "message"
        }
        for name in ("name", "levelno", "process", "thread", "threadName", "args", "exc_info"):
            assert getattr(record, name) == getattr(other, name), name
        for name, size in (("created", 5), ("relativeCreated", 5000)):
            assert 0 <= getattr(other, name) - getattr(record, name) + 1 < size
        assert 0 <= record.msecs < 1000
        assert record.msecs == int(record.msecs)


def test_extra_replaces_no_attribute(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("treadle.test.clash")
    with caplog.at_level(logging.INFO, logger.name):
        _access_line(logger, "fine", response_status=1)
        _access_line(logger, "wrong", name="x")
        _access_line(logger, "fine", response_status=1)
    assert caplog.messages == ["fine", "Error in logging", "fine"]


def test_a_record_of_another_class(caplog: pytest.LogCaptureFixture) -> None:
    class Record(logging.LogRecord):
        """Another class."""

    logger = logging.getLogger("treadle.test.factory")
    before = logging.getLogRecordFactory()
    logging.setLogRecordFactory(Record)
    try:
        with caplog.at_level(logging.INFO, logger.name):
            _access_line(logger, "line", response_status=1)
    finally:
        logging.setLogRecordFactory(before)
    (record,) = caplog.records
    assert (type(record), record.__dict__["response_status"]) == (Record, 1)


def _log_calls(path: Path) -> list[str]:
    """Return the calls of loggers in a module, as ``line: source``."""
    tree = ast.parse(path.read_text("utf-8"))
    return [
        f"{path.name}:{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and re.search("log", ast.unparse(node.func.value), re.IGNORECASE)
    ]


def test_the_search_finds_calls(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text("self._state.config.logger.error('x', y)\nlogging.warning(z)\nmath.log(5)\n")
    assert len(_log_calls(source)) == 2


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(SOURCES.rglob("*.py")) if path.parts[-2:] != ("_core", "logs.py")],
    ids=lambda path: str(path.relative_to(SOURCES)),
)
def test_log_lines_are_written_in_one_module(path: Path) -> None:
    assert _log_calls(path) == []
