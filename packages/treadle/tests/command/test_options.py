"""Every option of the server is one of the command line."""

import argparse
import inspect

import pytest

from treadle._command.options import OPTIONS, add_tuning, given_tuning
from treadle.web import run_app
from treadle_server import ServerConfig
from treadle_server.interfaces import RunOptions, add_server_arguments

#: Options of ``run_app`` that a command line has in another form, or cannot have.
ELSEWHERE = {
    "access_log": "--no-access-log",
    "access_log_class": "an object",
    "access_log_format": "--access-log-format",
    "auto_decompress": "--no-auto-decompress",
    "debug": "error pages with tracebacks are those of `treadle dev`",
    "error_page": "a function",
    "handle_signals": "a command handles them",
    "limits": "its fields are options",
    "logger": "an object",
    "max_line_size": "aiohttp's name of --max-request-line",
    "max_field_size": "aiohttp's name of --max-field-line",
    "max_headers": "aiohttp's name of --max-fields",
    "print": "an object",
    "sock": "objects",
    "ssl_context": "--certfile, --keyfile",
    "tcp_keepalive": "--no-tcp-keepalive",
    "timeout_ceil_threshold": "aiohttp's, without effect",
}


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser()
    add_server_arguments(made)
    add_tuning(made)
    return made


def test_none_is_missing() -> None:
    shared = {action.dest for action in parser()._actions}
    names = {"host" if name == "hostname" else name for name in shared}
    missing = RunOptions.__optional_keys__ - names - ELSEWHERE.keys()
    assert missing == set()
    assert ELSEWHERE.keys() <= RunOptions.__optional_keys__


def test_their_names_are_those_of_run_app() -> None:
    known = {*inspect.signature(run_app).parameters, *ServerConfig.keywords()}
    assert {option.name.removeprefix("no_") for option in OPTIONS} <= known


def test_nothing_is_given_by_itself() -> None:
    assert given_tuning(parser().parse_args([])) == {}


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (["--max-connections", "10"], {"max_connections": 10}),
        (["--read-bufsize", "64k"], {"read_bufsize": 65536}),
        (["--max-rss", "1G"], {"max_rss": 1 << 30}),
        (["--max-head", "2M"], {"max_head": 2 << 20}),
        (["--head-timeout", "1.5"], {"head_timeout": 1.5}),
        (["--server-header", ""], {"server_header": None}),
        (["--server-header", "mine"], {"server_header": "mine"}),
        (["--handler-cancellation"], {"handler_cancellation": True}),
        (["--no-auto-decompress"], {"auto_decompress": False}),
        (["--no-tcp-keepalive", "--reuse-port"], {"tcp_keepalive": False, "reuse_port": True}),
    ],
)
def test_given(arguments: list[str], given: dict[str, object]) -> None:
    assert given_tuning(parser().parse_args(arguments)) == given
    ServerConfig.from_options(given)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--max-head", "2x"], "'2x' is no number: give digits, or 64k, 1M, 1G"),
        (["--max-head", "-1"], "'-1' is no number"),
        (["--max-head", "k"], "'k' is no number"),
        (["--head-timeout", "-1"], "'-1' is no number of seconds: give 0 or more"),
        (["--head-timeout", "nan"], "'nan' is no number of seconds"),
        (["--head-timeout", "inf"], "'inf' is no number of seconds"),
    ],
)
def test_wrong(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(arguments)
    assert message in capsys.readouterr().err


def test_each_has_a_help() -> None:
    text = parser().format_help()
    for option in OPTIONS:
        assert option.flag in text
        assert option.help[0].islower()
