"""An entry as the application, here and in a worker."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from treadle._command.entry import EntryError, find_entry
from treadle._command.loader import Loader, tell
from treadle.web import Application
from treadle_server.interfaces import UnusableError

Write = Callable[..., Path]

GOOD = "from treadle import web\ndef make_app():\n    return web.Application()\n"
LATER = "from treadle import web\nasync def make_app():\n    return web.Application()\n"


def loader(folder: Path) -> Loader:
    return Loader("treadle run", find_entry("mod", folder), ())


def test_a_worker_makes_it(write: Write) -> None:
    made = loader(write("mod.py", GOOD))()
    assert isinstance(made, Application)


def test_a_worker_waits_for_it(write: Write) -> None:
    made = loader(write("mod.py", LATER))()
    assert not isinstance(made, Application)

    async def wait() -> Application:
        return await made

    assert isinstance(asyncio.run(wait()), Application)


@pytest.mark.parametrize("text", ["1 / 0\n", "def make_app():\n    1 / 0\n"])
def test_a_worker_gives_up(write: Write, capsys: pytest.CaptureFixture[str], text: str) -> None:
    with pytest.raises(UnusableError):
        loader(write("mod.py", text))()
    error = capsys.readouterr().err
    assert error.count("Traceback") == 1
    assert error.splitlines()[-1].startswith("treadle run: error: ")


def test_a_worker_gives_up_later(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    made = loader(write("mod.py", "async def make_app():\n    1 / 0\n"))()
    assert not isinstance(made, Application)

    async def wait() -> Application:
        return await made

    with pytest.raises(UnusableError):
        asyncio.run(wait())
    assert "'mod:make_app' raised ZeroDivisionError" in capsys.readouterr().err


def test_a_mistake_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    tell("treadle run", EntryError("it is wrong"))
    assert capsys.readouterr().err == "treadle run: error: it is wrong\n"
