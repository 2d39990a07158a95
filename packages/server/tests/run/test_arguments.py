"""The arguments that command lines which serve have in common; ``test_cli`` has their rows."""

import argparse
from typing import Any

import pytest

from treadle_server.interfaces import (
    add_server_arguments,
    check_server_arguments,
    serve_with_arguments,
)


def read(*arguments: str) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    parser = argparse.ArgumentParser(prog="mine")
    add_server_arguments(parser)
    return parser, parser.parse_args(arguments)


GIVEN: list[tuple[list[str], dict[str, Any]]] = [
    ([], {"host": "localhost", "port": 8080, "path": None}),
    (["--host", "a"], {"host": "a", "port": 8080, "path": None}),
    (["--hostname", "a", "-P", "1"], {"host": "a", "port": 1, "path": None}),
    (["-U", "s"], {"host": None, "port": None, "path": "s"}),
    (["-U", "s", "-H", "a"], {"host": "a", "port": 8080, "path": "s"}),
    (["-w", "auto", "--loop", "auto"],
     {"host": "localhost", "port": 8080, "path": None, "workers": "auto", "loop": "auto"}),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "expected"), GIVEN)
def test_given(arguments: list[str], expected: dict[str, Any]) -> None:
    calls: list[dict[str, Any]] = []
    parser, options = read(*arguments)
    check_server_arguments(parser, options)
    serve_with_arguments(parser, options, lambda **given: calls.append(given))
    assert calls == [expected]


ERRORS = [
    (ValueError("no uvloop"), "mine: error: no uvloop\n"),
    (OSError(98, "Busy"), "mine: error: cannot listen on localhost:8080: Busy\n"),
]


@pytest.mark.parametrize(("error", "text"), ERRORS)
def test_errors_are_sentences(
    error: Exception, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def serve(**given: object) -> None:
        raise error

    parser, options = read()
    with pytest.raises(SystemExit) as raised:
        serve_with_arguments(parser, options, serve)
    assert raised.value.code == 2
    assert capsys.readouterr().err.endswith(text)
