"""The application for commands that only look at it."""

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest

from treadle._command.application import application
from treadle._command.parser import Parser

Write = Callable[..., Path]


def options(folder: Path) -> argparse.Namespace:
    return argparse.Namespace(entry=None, app_dir=folder)


@pytest.mark.parametrize("start", ["def", "async def"])
def test_it_is_made(write: Write, start: str) -> None:
    text = "from treadle import web\n{} make_app():\n    return web.Application()\n"
    app = application(Parser(), options(write("main.py", text.format(start))))
    assert len(app.router.resources()) == 0


def test_it_cannot_be_made(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write("main.py", "async def make_app(): 1/0\n")
    with pytest.raises(SystemExit) as caught:
        application(Parser(prog="treadle x"), options(folder))
    assert caught.value.code == 2
    assert "treadle x: error: 'main:make_app' raised ZeroDivisionError" in capsys.readouterr().err
