"""`treadle new`: the project that it makes has passing tests and strict types."""

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from treadle._command.main import main
from treadle._command.new import FILES, package_name

Write = Callable[..., Path]


def new(*arguments: str) -> object:
    with pytest.raises(SystemExit) as caught:
        main(["new", *arguments])
    return caught.value.code


@pytest.mark.parametrize(
    ("name", "package"),
    [("notes", "notes"), ("My-Notes", "my_notes"), ("a.b c", "a_b_c"), ("x2", "x2")],
)
def test_names(name: str, package: str) -> None:
    assert package_name(name) == package


@pytest.mark.parametrize("name", ["", "2x", "ä", "a/b", "class", "json", "treadle", "tests", "a$b"])
def test_wrong_names(name: str) -> None:
    with pytest.raises(ValueError, match=r"is no name for a project|would hide the module"):
        package_name(name)


def test_a_project(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write()
    assert new("my-notes") == 0
    out = capsys.readouterr().out
    assert "    cd my-notes\n" in out
    assert '    pip install -e ".[dev]"\n' in out
    project = folder / "my-notes"
    made = {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()}
    assert made == {path.replace("$package", "my_notes") for path in FILES.values()}
    for path in project.rglob("*"):
        if path.is_file():
            assert "$" not in path.read_text("utf-8")
    settings = tomllib.loads((project / "pyproject.toml").read_text())
    assert settings["project"]["name"] == "my-notes"
    # What the printed command installs.
    assert "treadle[dev,testing]" in settings["project"]["optional-dependencies"]["dev"]
    for command, text in (
        (["pytest", "-q", "-p", "no:cacheprovider"], "2 passed"),
        (["mypy", "--cache-dir", str(folder / "cache")], "Success: no issues found"),
        (["treadle", "check"], "no mistakes found in 3 routes"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=project, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert text in done.stdout, done.stdout + done.stderr
        assert done.returncode == 0


def test_nothing_is_overwritten(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write("notes/mine.txt", "mine")
    assert new("notes") == 2
    assert "notes is there already: choose another name, or remove it" in capsys.readouterr().err
    assert [path.name for path in (folder / "notes").iterdir()] == ["mine.txt"]
    write("file", "x")
    assert new("file") == 2
    # An empty folder is no loss, and a shell takes its name as it is printed.
    assert new("a b") == 0
    assert "    cd 'a b'\n" in capsys.readouterr().out
    (folder / "empty").mkdir()
    assert new("empty") == 0


def test_a_folder_of_its_own(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write()
    assert new("notes", "--dir", str(folder / "deep/er")) == 0
    assert (folder / "deep/er/notes/notes/app.py").is_file()
    (folder / "closed").write_text("no folder")
    assert new("notes", "--dir", str(folder / "closed")) == 2
    assert "cannot write" in capsys.readouterr().err


def test_a_wrong_name(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(write().iterdir()) == []
    assert new("json") == 2
    assert "'json' would hide the module 'json': choose another name" in capsys.readouterr().err
