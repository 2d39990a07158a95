"""``AccessLogger``: every atom, what a format may be, and what a subclass may replace."""

import functools
import logging
import os
import re
import time
from collections.abc import Callable
from typing import Any, cast

import pytest

from treadle_responses import Response, StreamResponse
from treadle_server import (
    AbstractAccessLogger,
    AbstractAsyncAccessLogger,
    AccessLogger,
    BaseRequest,
    Request,
    ServerConfig,
)
from treadle_server._http.access_log import (
    _local_time,
    check_access_log_class,
    make_access_logger,
    reads_fields,
)

LOGGER = logging.getLogger("treadle.test")

Make = Callable[..., Request]


def log(
    caplog: pytest.LogCaptureFixture,
    log_format: str,
    request: object,
    response: object,
    seconds: float = 0.0,
) -> logging.LogRecord:
    """Return the record of one answer."""
    access = AccessLogger(LOGGER, log_format)
    with caplog.at_level(logging.INFO, LOGGER.name):
        access.log(cast("BaseRequest", request), cast("StreamResponse", response), seconds)
    (record,) = caplog.records
    return record


def sent(status: int = 200, size: int = 42) -> Response:
    response = Response(status=status, headers={"X-Out": 'o"'})
    response.mark_sent(size)
    return response


@pytest.mark.parametrize(
    ("log_format", "line", "extra"),
    [
        ("%r", r"GET /a?b=%22 HTTP/1.1", {"first_request_line": "GET /a?b=%22 HTTP/1.1"}),
        ("%s %b", "200 42", {"response_status": 200, "response_size": 42}),
        ("%T %Tf %D", "3 3.141593 3141593",
         {"request_time": "3", "request_time_frac": "3.141593", "request_time_micro": "3141593"}),
        ("%{host}i %{None}i", "localhost -",
         {"request_header": {"host": "localhost", "None": "-"}}),
        ("%{X-Out}o %{None}o", r"o\" -", {"response_header": {"X-Out": 'o"', "None": "-"}}),
        ("%{TREADLE_A}e %{TREADLE_B}e", r"a\nb -",
         {"environment": {"TREADLE_A": r"a\nb", "TREADLE_B": "-"}}),
        ("%a", r"10.0.0.1\nforged", {"remote_address": r"10.0.0.1\nforged"}),
        ("100%% %d %{a b}i %(s)s %", "100% %d %{a b}i %(s)s %", {}),
    ],
)  # fmt: skip
def test_the_atoms(
    request_to: Make,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    log_format: str,
    line: str,
    extra: dict[str, object],
) -> None:
    monkeypatch.setenv("TREADLE_A", "a\nb")
    request = request_to("GET", "/a?b=%22")
    request._remote = "10.0.0.1\nforged"
    record = log(caplog, log_format, request, sent(), 3.1415926)
    assert record.getMessage() == line
    assert record.levelno == logging.INFO
    for name, value in extra.items():
        assert record.__dict__[name] == value


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("UTC", "+0000"), ("EST5", "-0500"), ("NST3:30", "-0330"), ("CST-8", "+0800")],
)
def test_the_time_is_local_and_that_of_the_start(
    request_to: Make,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    offset: str,
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    _local_time.cache_clear()
    before = time.time()
    text = log(caplog, "%t", request_to("GET", "/"), sent(), 100.0).getMessage()
    assert re.fullmatch(r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]", text)
    assert text.endswith(f" {offset}]")
    start = time.mktime(time.strptime(text[1:21], "%d/%b/%Y:%H:%M:%S"))
    monkeypatch.undo()
    time.tzset()
    _local_time.cache_clear()
    assert 98 <= before - start <= 102


def test_the_process_id(caplog: pytest.LogCaptureFixture) -> None:
    record = log(caplog, "%P", None, sent())
    assert record.getMessage() == record.__dict__["process_id"] == f"<{os.getpid()}>"


def test_without_a_request(caplog: pytest.LogCaptureFixture) -> None:
    record = log(caplog, "%a %r %{Referer}i", None, sent())
    assert record.getMessage() == "- - (no headers)"


@pytest.mark.parametrize(
    ("log_format", "template"),
    [
        ('%T "%{ETag}o" %X {X} %%P', '%s "%s" %%X {X} %%%s'),
        ("%%", "%%"),
        ("%", "%%"),
        ("%%%s", "%%%s"),
        ("", ""),
    ],
)
def test_the_template(log_format: str, template: str) -> None:
    assert AccessLogger(LOGGER, log_format)._log_format == template


def test_an_atom_without_a_value() -> None:
    with pytest.raises(ValueError, match=r"has %O at 3, which has no value; %b are the bytes"):
        AccessLogger(LOGGER, "%s %O")


def test_a_value_that_cannot_be_made_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    record = log(caplog, "%D", None, None, cast("float", "no number"))
    assert (record.getMessage(), record.levelno) == ("Error in logging", logging.ERROR)
    assert record.exc_info is not None


def test_a_subclass_replaces_an_atom(caplog: pytest.LogCaptureFixture, request_to: Make) -> None:
    class Mine(AccessLogger):
        @staticmethod
        def _format_a(request: Any, response: Any, time: float) -> str:
            return 'a "stranger"\n'

    with caplog.at_level(logging.INFO, LOGGER.name):
        Mine(LOGGER, "%a %s").log(request_to("GET", "/"), sent(), 0.0)
    assert caplog.messages == [r"a \"stranger\"\n 200"]


def test_a_subclass_replaces_the_line(caplog: pytest.LogCaptureFixture, request_to: Make) -> None:
    class Mine(AccessLogger):
        def _format_line(self, request: Any, response: Any, time: float) -> Any:
            return [("one", "1\n"), (("two", "x"), 2)]

    with caplog.at_level(logging.INFO, LOGGER.name):
        Mine(LOGGER, "%a %s").log(request_to("GET", "/"), sent(), 0.0)
    (record,) = caplog.records
    assert record.getMessage() == r"1\n 2"
    assert (record.__dict__["one"], record.__dict__["two"]) == (r"1\n", {"x": 2})


def test_a_logger_of_another_class_gets_aiohttps_call() -> None:
    calls: list[tuple[str, object]] = []

    class Mine(logging.Logger):
        def info(self, msg: object, *args: object, **kwargs: Any) -> None:
            calls.append((str(msg), kwargs))

    AccessLogger(Mine("mine"), "%s").log(cast("BaseRequest", None), sent(), 0.0)
    assert calls == [("200", {"extra": {"response_status": 200}})]


@pytest.mark.parametrize(("level", "enabled"), [(logging.INFO, True), (logging.WARNING, False)])
def test_it_is_enabled_like_its_logger(
    caplog: pytest.LogCaptureFixture, level: int, enabled: bool
) -> None:
    with caplog.at_level(level, LOGGER.name):
        assert AccessLogger(LOGGER).enabled == enabled
        AccessLogger(LOGGER, "%s").log(cast("BaseRequest", None), sent(), 0.0)
    assert bool(caplog.records) == enabled


class Own(AbstractAccessLogger):
    def log(self, request: BaseRequest, response: StreamResponse, time: float) -> None:
        """Log nothing."""


class Waiting(AbstractAsyncAccessLogger):
    async def log(
        self, request: BaseRequest, response: StreamResponse, request_start: float
    ) -> None:
        """Log nothing."""


@pytest.mark.parametrize(
    ("options", "cls"),
    [
        ({}, AccessLogger),
        ({"access_log": None}, type(None)),
        ({"access_log_class": Own}, Own),
        ({"access_log_class": Waiting}, Waiting),
        ({"access_log_class": Waiting, "access_log": None}, type(None)),
        # Any function that makes one, as for aiohttp's ``Server``.
        ({"access_log_class": functools.partial(Own)}, Own),
    ],
)
def test_the_logger_of_a_server(options: dict[str, Any], cls: type) -> None:
    config = ServerConfig(access_log_format="%s", **options)
    made = make_access_logger(config)
    assert type(made) is cls
    if isinstance(made, AbstractAccessLogger):
        assert (made.logger, made.log_format) == (config.access_log, "%s")
        assert made.enabled or isinstance(made, AccessLogger)


@pytest.mark.parametrize("cls", [AccessLogger, Own, Waiting])
def test_classes_that_log(cls: type) -> None:
    check_access_log_class(cls)
    assert issubclass(cls, (AbstractAccessLogger, AbstractAsyncAccessLogger))


@pytest.mark.parametrize("cls", [str, None, "x", AccessLogger(LOGGER)])
def test_classes_that_do_not(cls: object) -> None:
    with pytest.raises(TypeError, match="access_log_class must be subclass of AbstractAccessLog"):
        check_access_log_class(cls)


@pytest.mark.parametrize(
    ("access", "reads"),
    [
        (AccessLogger(LOGGER), False),
        (AccessLogger(LOGGER, "%{Date}o"), True),
        (Own(LOGGER, ""), True),
        (Waiting(), True),
    ],
)
def test_loggers_that_may_read_the_fields_of_a_response(access: Any, reads: bool) -> None:
    assert reads_fields(access) == reads
