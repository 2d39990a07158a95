"""The command line: which entries it takes, which sentences it has for the others."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from treadle_server import TrustedProxies, command_line

ENTRIES = """
from treadle_server import Application, GracefulExit

calls = []

def app_of(arguments):
    calls.append(arguments)
    app = Application()

    async def stop(app):
        raise GracefulExit

    app.on_startup.append(stop)
    return app

async def coroutine(arguments):
    return app_of(arguments)

number = 3

def nothing(arguments):
    pass

async def async_nothing(arguments):
    return 5

def takes_none():
    return app_of([])

def takes_two(one, two):
    return app_of([])

def takes_more(arguments, more=None):
    return app_of(arguments)

app = app_of([])
calls.clear()
"""


@pytest.fixture
def entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module with functions for the command line."""
    (tmp_path / "cli_entries.py").write_text(ENTRIES)
    (tmp_path / "cli_broken.py").write_text("import cli_nowhere")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "cli_entries"
    for name in ("cli_entries", "cli_broken"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("", "'entry-func' not in 'module:function' syntax"),
        ("cli_entries", "'entry-func' not in 'module:function' syntax"),
        ("cli_entries:", "'entry-func' not in 'module:function' syntax"),
        (":app_of", "'entry-func' not in 'module:function' syntax"),
        (":", "'entry-func' not in 'module:function' syntax"),
        (".cli_entries:app_of", "relative module names not supported"),
        ("cli_unknown:app_of", "unable to import cli_unknown: No module named 'cli_unknown'"),
        ("cli_broken:app_of", "unable to import cli_broken: No module named 'cli_nowhere'"),
        ("cli_entries:unknown", "module 'cli_entries' has no attribute 'unknown'"),
        ("cli_entries:number", "'cli_entries:number' is not a function, but 3"),
        ("cli_entries:app_off", "no attribute 'app_off'; did you mean 'app_of'?"),
        ("cli_entries:takes_none", "is called with one argument, the list of the further argum"),
        ("cli_entries:takes_two", "is called with one argument"),
        ("cli_entries:async_nothing", "must return a web.Application, but returned 5"),
        ("cli_entries:Application", "is called with one argument"),
        ("cli_entries:nothing", "must return a web.Application, but returned None"),
    ],
)
def test_a_wrong_entry_is_a_sentence_and_status_2(
    entries: str, entry: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        command_line([entry])
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert "usage: python -m treadle.web" in error


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--port", "many", "a:b"],
        ["-P"],
        ["-P", "99999", "cli_entries:app_of"],
        ["-P", "65536", "cli_entries:app_of"],
        ["-P", "-1", "cli_entries:app_of"],
        ["-P", "8080.5", "cli_entries:app_of"],
        ["-P", "", "cli_entries:app_of"],
        ["cli_entries:app", "--unknown"],
        ["cli_entries:app", "--certfile", "none.pem"],
        ["cli_entries:app", "--certfile"],
        ["cli_entries:app", "--keyfile", "key.pem"],
        ["cli_entries:app", "--loop", "trio"],
        ["cli_entries:app", "--trusted-proxies"],
        ["cli_entries:app", "--trusted-proxies", ""],
        ["cli_entries:app", "--trusted-proxies", "0"],
        ["cli_entries:app", "--trusted-proxies", "10.0.0.1/8"],
        ["cli_entries:app", "--trusted-proxies", "10.0.0.1,proxy.example"],
        ["cli_entries:app", "--proxy-protocol"],
    ],
)
def test_a_wrong_command_line_is_a_sentence_and_status_2(
    entries: str, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        command_line(arguments)
    assert caught.value.code == 2
    error = capsys.readouterr().err
    assert "error: " in error
    assert "Traceback" not in error
    for argument in arguments:
        if argument.startswith(("9", "6")):
            assert f"{argument!r} is not a port: give a number from 0 to 65535" in error


def test_a_path_needs_unix_sockets(
    entries: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr("socket.AF_UNIX")
    with pytest.raises(SystemExit) as caught:
        command_line(["-U", "path", f"{entries}:app_of"])
    assert caught.value.code == 2
    assert "file system paths not supported by your operating env" in capsys.readouterr().err


def test_the_entry_is_an_application(entries: str) -> None:
    with pytest.raises(SystemExit) as caught:
        command_line(["-H", "127.0.0.1", f"{entries}:app", "-P", "0"])
    assert not caught.value.code


@pytest.mark.parametrize("function", ["app_of", "coroutine", "takes_more"])
def test_the_entry_gets_the_arguments_that_are_left(entries: str, function: str) -> None:
    # The application stops the program when it starts, so that nothing listens.
    with pytest.raises(SystemExit) as caught:
        command_line(["-H", "127.0.0.1", "--mine", f"{entries}:{function}", "-P", "0", "more"])
    assert not caught.value.code
    assert sys.modules[entries].calls == [["--mine", "more"]]


def test_help_names_the_options(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command_line(["--help"])
    assert not caught.value.code
    text = capsys.readouterr().out
    for option in (
        "entry-func", "--hostname", "--port", "--path", "--workers", "--certfile", "--keyfile",
        "--trusted-proxies", "--proxy-protocol",
    ):  # fmt: skip
        assert option in text


def test_what_imports_and_what_serves_can_be_given() -> None:
    served: list[object] = []
    module = SimpleNamespace(func=lambda arguments: ["app", *arguments])

    def run_app(app: object, **options: object) -> None:
        served.append((app, options))

    with pytest.raises(SystemExit) as caught:
        command_line(
            ["a.b:func", "-P", "80", "more"], import_module=lambda name: module, run_app=run_app
        )
    assert not caught.value.code
    assert served == [(["app", "more"], {"host": "localhost", "port": 80, "path": None})]


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        ([], {}),
        (["--trusted-proxies", "2"], {"trusted_proxies": TrustedProxies(2)}),
        (
            ["--trusted-proxies", "10.0.0.0/8, ::1,unix", "--proxy-protocol"],
            {
                "trusted_proxies": TrustedProxies(["10.0.0.0/8", "::1", "unix"]),
                "proxy_protocol": True,
            },
        ),
        (["--trusted-proxies=1", "-w", "3"], {"trusted_proxies": TrustedProxies(1), "workers": 3}),
    ],
)
def test_the_options_of_proxies(
    entries: str, arguments: list[str], given: dict[str, object]
) -> None:
    served: list[dict[str, object]] = []
    with pytest.raises(SystemExit):
        command_line(
            [f"{entries}:app", *arguments], run_app=lambda _, **options: served.append(options)
        )
    assert served == [{"host": "localhost", "port": 8080, "path": None, **given}]
