"""The page about the example: its table leads to every module, and its options are true."""

import re
from pathlib import Path

import pytest
import treadle_example
from treadle_example.app import init_func

PAGE = Path(__file__).resolve().parents[2] / "packages/treadle/docs/example.md"


def test_the_table_has_every_module() -> None:
    table = PAGE.read_text("utf-8").partition("## Where each thing is")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([\w/]+\.py)`", table))
    folder = Path(treadle_example.__file__).parent
    modules = {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}
    assert named == {name for name in modules if not name.endswith("__init__.py")}
    for name in re.findall(r"`(\w+/)`", table):
        assert (folder / name).is_dir()


def test_the_table_has_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        init_func(["--help"])
    listed = re.findall(r"^\| `(--\w+) \w+` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    known = re.findall(r"^  (--\w+)", capsys.readouterr().out, re.MULTILINE)
    assert sorted(listed) == sorted(known)
    assert listed
