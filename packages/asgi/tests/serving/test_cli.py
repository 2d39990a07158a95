"""The command line: which entries it takes, and which sentences it has for the others."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from treadle_asgi import LifespanError, command_line
from treadle_server import Application

ENTRIES = """
async def app(scope, receive, send):
    pass

def make():
    return app

def wsgi(environ, start_response):
    return []

class Double:
    def __init__(self, scope):
        pass

class Holder:
    app = app

number = 3
"""


@pytest.fixture(autouse=True)
def entries(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "asgi_entries.py").write_text(ENTRIES)
    (tmp_path / "asgi_broken.py").write_text("import asgi_nowhere")
    before = list(sys.path)
    yield tmp_path
    sys.path[:] = before
    for name in ("asgi_entries", "asgi_broken"):
        sys.modules.pop(name, None)


def call(*arguments: str) -> tuple[Any, dict[str, Any]]:
    """Return what ``run_app`` is called with."""
    calls: list[tuple[Any, dict[str, Any]]] = []
    with pytest.raises(SystemExit) as raised:
        command_line(arguments, run_app=lambda app, **given: calls.append((app, given)))
    assert raised.value.code == 0
    return calls[0]


GIVEN = [
    (["asgi_entries:app"], {"host": "localhost", "port": 8080, "path": None}),
    (["asgi_entries:Holder.app", "--host", "::1", "--port", "0"],
     {"host": "::1", "port": 0, "path": None}),
    (["asgi_entries:make", "--factory", "-U", "a.sock"],
     {"host": None, "port": None, "path": "a.sock"}),
    (["asgi_entries:app", "--no-access-log", "--drain-delay", "2", "--loop", "asyncio"],
     {"host": "localhost", "port": 8080, "path": None, "access_log": None, "drain_delay": 2.0,
      "loop": "asyncio"}),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "expected"), GIVEN)
def test_given(entries: Path, arguments: list[str], expected: dict[str, Any]) -> None:
    app, given = call(*arguments, "--app-dir", str(entries))
    assert isinstance(app, Application)
    assert given == expected


def test_workers_make_the_application(entries: Path) -> None:
    source, given = call("asgi_entries:app", "-w", "2", "--app-dir", str(entries))
    assert given["workers"] == 2
    assert "asgi_entries" not in sys.modules
    assert isinstance(source(), Application)


MISTAKES = [
    (["asgi_entries"], "'asgi_entries' is not of the form 'package.module:name'"),
    ([":app"], "':app' is not of the form"),
    ([".asgi_entries:app"], "'.asgi_entries' is a relative name of a module"),
    (["asgi_unknown:app"], ("unable to import asgi_unknown: No module named 'asgi_unknown'; it is "
     "looked for in ")),
    (["asgi_broken:app"], "unable to import asgi_broken: No module named 'asgi_nowhere'"),
    (["asgi_entries:ap"], "module 'asgi_entries' has no attribute 'ap'; did you mean 'app'?"),
    (["asgi_entries:Holder.x"], "'Holder' has no attribute 'x'"),
    (["asgi_entries:number"], "cannot serve 'asgi_entries:number': 3 is not callable"),
    (["asgi_entries:number", "--factory"], "'asgi_entries:number' is no function, but 3"),
    (["asgi_entries:make"], ("takes no argument: if it is a function that returns the application, "
     "give --factory")),
    (["asgi_entries:wsgi"], "takes two arguments, as a WSGI application does"),
    (["asgi_entries:Double"], "takes one argument, as an application of ASGI 2 does"),
    (["asgi_entries:app", "--root-path", "api"], "--root-path starts with `/`: '/api', not 'api'"),
    (["asgi_entries:app", "--port", "x"], "'x' is not a port"),
    (["asgi_entries:app", "--keyfile", "x"], "its certificate is missing, give --certfile"),
    (["asgi_entries:app", "--proxy-protocol"], "--proxy-protocol needs --trusted-proxies"),
    (["asgi_entries:app", "--nonsense"], "unrecognized arguments: --nonsense"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "text"), MISTAKES)
def test_mistakes(
    entries: Path, arguments: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        command_line([*arguments, "--app-dir", str(entries)], run_app=lambda *_, **__: None)
    assert raised.value.code == 2
    lines = capsys.readouterr().err
    assert text in lines
    assert "Traceback" not in lines


def test_a_failing_start(entries: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run_app(app: object, **given: object) -> None:
        raise LifespanError("The startup of the application has failed: no database")

    with pytest.raises(SystemExit) as raised:
        command_line(["asgi_entries:app", "--app-dir", str(entries)], run_app=run_app)
    assert raised.value.code == 1
    assert capsys.readouterr().err == (
        "python -m treadle.asgi: error: The startup of the application has failed: no database\n"
    )
