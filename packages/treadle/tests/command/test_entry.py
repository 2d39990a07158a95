"""What a command line names, before anything is imported."""

import sys
from pathlib import Path

import pytest

from treadle._command.entry import EntryError, app_folder, find_entry

FILES = [
    "app.py", "pkg/__init__.py", "pkg/web.py", "pkg/sub/__init__.py", "pkg/sub/deep.py", "a-b.py",
]  # fmt: skip

FOUND = [
    (None, "app", ".", None),
    ("app", "app", ".", None),
    ("app:make", "app", ".", "make"),
    ("app:make()", "app", ".", "make"),
    ("app:site.app", "app", ".", "site.app"),
    ("nothing", "nothing", ".", None),
    ("pkg.web:app", "pkg.web", ".", "app"),
    ("app.py", "app", ".", None),
    ("./app.py:make", "app", ".", "make"),
    ("pkg/web.py", "pkg.web", ".", None),
    ("pkg/sub/deep.py:x", "pkg.sub.deep", ".", "x"),
    ("pkg/__init__.py", "pkg", ".", None),
    ("pkg/sub/", "pkg.sub", ".", None),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(("text", "module", "place", "name"), FOUND)
def test_found(folder: Path, text: str | None, module: str, place: str, name: str | None) -> None:
    entry = find_entry(text, folder)
    assert (entry.module, entry.folder, entry.name) == (module, folder / place, name)
    assert str(entry) == (module if name is None else f"{module}:{name}")


WRONG = [
    ("app:", "'app:' is not of the form 'package.module:name'"),
    (":app", "':app' is not of the form"),
    ("app:1x", "'1x' in 'app:1x' is not a name of Python"),
    (".app:x", "'.app' is a relative name of a module"),
    ("ap-p", "'ap-p' is neither a module nor a file"),
    ("ap.py", "ap.py; did you mean 'app.py'?"),
    ("zzzzzz.py", "zzzzzz.py"),
    ("pkg/nothing.txt", "there is no file"),
    ("a-b.py", "'a-b' is not a name of a module. Rename it, such as a_b.py"),
    ("./README/", "there is no file"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_wrong(folder: Path, text: str, message: str) -> None:
    with pytest.raises(EntryError) as caught:
        find_entry(text, folder)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_of_another_kind(folder: Path) -> None:
    (folder / "x").mkdir()
    (folder / "x/data.txt").touch()
    with pytest.raises(EntryError, match=r"its name does not end in \.py"):
        find_entry("x/data.txt", folder)


def test_the_usual_files(tmp_path: Path) -> None:
    with pytest.raises(EntryError, match=r"has neither app\.py nor main\.py, nor a package"):
        find_entry(None, tmp_path)
    # The one package that has such a file, below src too.
    (tmp_path / "src/notes").mkdir(parents=True)
    (tmp_path / "src/notes/app.py").touch()
    with pytest.raises(EntryError, match="nor a package with one"):
        find_entry(None, tmp_path)
    (tmp_path / "loose").mkdir()
    (tmp_path / "loose/main.py").touch()
    with pytest.raises(EntryError, match=r"add an empty loose/__init__\.py, or give 'loose/main"):
        find_entry(None, tmp_path)
    (tmp_path / "src/notes/__init__.py").touch()
    entry = find_entry(None, tmp_path)
    assert (entry.module, entry.folder) == ("notes.app", tmp_path / "src")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
        (tmp_path / name / "main.py").touch()
    with pytest.raises(EntryError, match=r"there are several: give one\.main, two\.main"):
        find_entry(None, tmp_path)
    (tmp_path / "main.py").touch()
    assert find_entry(None, tmp_path).module == "main"
    # A folder is looked into as the current directory is.
    (tmp_path / "plain").mkdir()
    with pytest.raises(EntryError, match=r"plain has neither app\.py nor main\.py"):
        find_entry("plain/", tmp_path)
    (tmp_path / "plain/app.py").touch()
    assert find_entry("plain/", tmp_path).folder == tmp_path / "plain"


def test_the_folder_of_applications(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    assert app_folder(Path()) == gone
    assert app_folder(Path("..")) == tmp_path
    for path in ("nothing", __file__):
        with pytest.raises(EntryError, match="--app-dir: there is no folder "):
            app_folder(Path(path))
    if sys.platform == "linux":
        gone.rmdir()
        with pytest.raises(EntryError, match="the current directory was removed"):
            app_folder(Path())
