"""The `treadle` command, as users find it."""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from treadle._command.main import COMMANDS, main


def run(*arguments: str) -> object:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code


def test_help_names_all_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    text = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert re.search(rf"^  {name} +{command.help[:30]}", text, re.MULTILINE)


def test_without_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == 2
    assert "commands:" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_each_has_a_help(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert run(name, "--help") == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: treadle {name} ")


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("rnu", "there is no 'rnu'; did you mean run?"),
        ("zzz", "there is no 'zzz'; it is one of run, dev, routes, check, new"),
    ],
)
def test_a_wrong_command(capsys: pytest.CaptureFixture[str], argument: str, message: str) -> None:
    assert run(argument) == 2
    assert capsys.readouterr().err == f"treadle: error: {message}\n"


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    text = capsys.readouterr().out
    assert re.fullmatch(r"treadle \d+\.\d+\.\d+\S*, Python 3\.\d+\.\d+\S*\n", text)


@pytest.mark.parametrize(
    "command", [[sys.executable, "-m", "treadle"], [str(Path(sys.executable).parent / "treadle")]]
)
def test_both_forms(command: list[str]) -> None:
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("treadle ")


@pytest.mark.parametrize("command", ["run", "routes", "check"])
def test_an_interrupt_while_it_starts(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    (tmp_path / "interrupted.py").write_text("raise KeyboardInterrupt\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    level, handlers = logging.root.level, list(logging.root.handlers)
    try:
        assert run(command, "interrupted.py", "--app-dir", str(tmp_path)) == 130
    finally:
        logging.root.setLevel(level)
        logging.root.handlers[:] = handlers
    assert capsys.readouterr().err == "Stopped\n"


@pytest.mark.parametrize("arguments", [("--help",), ("routes",), ("check",), ("run", "--help")])
def test_a_reader_that_leaves(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "app.py").write_text("from treadle import web\napp = web.Application()\n")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "treadle", *arguments],
        cwd=tmp_path,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert done.stderr == ""
    # argparse ignores that its help is not read.
    assert done.returncode == (0 if "--help" in arguments else 1)
