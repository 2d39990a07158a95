"""The settings: defaults, checks, and the way into the parser's limits."""

import logging
from dataclasses import fields

import pytest

from treadle_http_parser import Limits
from treadle_server import ServerConfig


def test_defaults_are_those_of_the_contract() -> None:
    config = ServerConfig()
    assert config.keepalive_timeout == 75.0
    assert (config.head_timeout, config.body_timeout, config.write_timeout) == (15.0, 30.0, 30.0)
    assert config.limits == Limits()


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ({}, Limits()),
        (
            {"max_line_size": 100, "max_field_size": 200, "max_headers": 3},
            Limits(max_request_line=100, max_field_line=200, max_fields=3),
        ),
        # A longer line brings a longer head, unless the head has a limit of its own.
        (
            {"max_field_size": 200_000},
            Limits(max_field_line=200_000, max_head=64 * 1024 + 200_000 - 8192),
        ),
        (
            {"max_field_size": 200_000, "max_line_size": 10_000, "max_head": 5000},
            Limits(max_field_line=200_000, max_request_line=10_000, max_head=5000),
        ),
        ({"limits": Limits(max_head=77)}, Limits(max_head=77)),
        # The names of the parser, each of them.
        *[({field.name: 77}, Limits(**{field.name: 77})) for field in fields(Limits)],
    ],
)
def test_every_limit_of_the_parser_is_an_option(options: dict[str, object], limits: Limits) -> None:
    assert ServerConfig.from_kwargs(options).limits == limits


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"keep_alive_timeout": 1}, TypeError, "Did you mean 'keepalive_timeout'"),
        ({"nonsense": 1}, TypeError, "unexpected keyword argument 'nonsense'"),
        ({"body_timeout": -1}, ValueError, "body_timeout must be at least 0, got -1"),
        ({"read_bufsize": 0}, ValueError, "read_bufsize must be at least 1, got 0"),
        ({"max_hed": 5}, TypeError, "Did you mean 'max_head'"),
        ({"max_head": 0}, ValueError, "Limits.max_head must be an int of at least 1, got 0"),
        ({"max_field_size": "8"}, ValueError, "max_field_line must be an int .* got '8'"),
        ({"limits": None}, TypeError, "limits must be a treadle_http_parser.Limits, got None"),
        ({"limits": Limits(), "max_head": 5}, TypeError, r"limits= or its parts \(max_head\)"),
        ({"max_fields": 5, "max_headers": 5}, TypeError, "max_headers and max_fields are the same"),
        ({"server_header": "a\r\nb: c"}, ValueError, "server_header must be printable ASCII"),
        ({"server_header": "caf\xe9"}, ValueError, "server_header must be printable ASCII"),
        ({"server_header": " x"}, ValueError, "without blanks around it, or None; got ' x'"),
        ({"server_header": ""}, ValueError, "or None; got ''"),
        ({"server_header": False}, TypeError, "None to send no such field; got False"),
        ({"trusted_proxies": 0}, ValueError, "from 1 to 100 if it is a number of proxies, got 0"),
        ({"trusted_proxies": True}, TypeError, "a list of addresses or a number of proxies, got"),
        ({"trusted_proxies": "::1"}, TypeError, r"a list of addresses, got '::1': write \['::1'"),
        ({"trusted_proxies": ["10.0.0.1/8"]}, ValueError, "has host bits set"),
        ({"proxy_protocol": True}, ValueError, "without trusted_proxies lets any client name any"),
        ({"proxy_protocol": True, "trusted_proxies": []}, ValueError, "give proxy_protocol='any"),
        ({"proxy_protocol": "v2"}, ValueError, "must be True, False or 'any-peer', got 'v2'"),
        ({"proxy_protocol": 1}, ValueError, "must be True, False or 'any-peer', got 1"),
    ],
)
def test_wrong_options(options: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ServerConfig.from_kwargs(options)


@pytest.mark.parametrize(
    ("option", "hint"),
    [
        ("keep_alive_timeout", "Did you mean 'keepalive_timeout'?"),
        ("max_field_sise", "Did you mean 'max_field_size'?"),
        ("zzz", "Known: access_log, access_log_class, "),
    ],
)
def test_a_runner_ignores_an_unknown_option_with_a_warning(
    option: str, hint: str, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("treadle.test")
    config = ServerConfig.from_options({option: 5, "read_bufsize": 77, "logger": logger})
    assert (config.read_bufsize, config.limits) == (77, Limits())
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("treadle.test", logging.WARNING)
    assert f"The server has no option {option}, it is ignored. {hint}" in record.getMessage()


@pytest.mark.parametrize("value", [5, "2", None])
def test_an_option_of_aiohttp_without_an_effect(
    value: object, caplog: pytest.LogCaptureFixture
) -> None:
    assert ServerConfig.from_options({"timeout_ceil_threshold": value}) == ServerConfig()
    assert caplog.records == []
