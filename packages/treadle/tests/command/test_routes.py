"""`treadle routes`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from treadle._command.main import main

Write = Callable[..., Path]

APP = """
from treadle import web
async def hello(request): ...
app = web.Application()
app.router.add_get("/{a}", hello, name="hello")
"""


def run(*arguments: str) -> object:
    with pytest.raises(SystemExit) as caught:
        main(["routes", *arguments])
    return caught.value.code


def test_a_table(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("app.py", APP)
    assert run() == 0
    assert capsys.readouterr().out == "GET  /{a}  hello  app.hello  app.py:3\n"


def test_hidden_routes_are_status_1(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("app.py", APP + 'app.router.add_get("/{b}", hello)\n')
    assert run("app:app") == 1
    assert "! no request finds it" in capsys.readouterr().out


def test_json(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("app.py", APP)
    assert run("--json", "app.py") == 0
    assert json.loads(capsys.readouterr().out) == [
        {
            "methods": ["GET"], "path": "/{a}", "name": "hello", "handler": "app.hello",
            "place": "app.py:3", "hidden": None,
        }
    ]  # fmt: skip


def test_no_routes(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    write("app.py", "from treadle import web\napp = web.Application()\n")
    assert run() == 0
    assert capsys.readouterr().out == "The application has no routes.\n"
