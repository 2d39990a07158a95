"""The list of modules in ARCHITECTURE.md: true of this tree, and mended for any other."""

from pathlib import Path

import pytest

import architecture

PAGE = """# A page

## The modules

### `treadle_leaf`

| module | job |
|---|---|
| `_b` | Anything |
| `_gone` | It was here |

**`_room`**: A room.

| module | job |
|---|---|
| `one` | Old words |

## Behind

| to add | touch |
|---|---|
| `_b` | not a module here |
"""

TRUE = (
    PAGE.replace("| Anything |", "| The `second` |")
    .replace("| `_gone` | It was here |", "| `_a` | The first |\n| `fields._c` | The third |")
    .replace("| Old words |", "| One \\| two |")
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    leaf = tmp_path / "packages/leaf/src/treadle_leaf"
    room = tmp_path / "packages/server/src/treadle_server/_room"
    (leaf / "fields").mkdir(parents=True)
    room.mkdir(parents=True)
    for path, text in {
        leaf / "__init__.py": "The package.",
        leaf / "_version.py": "No row.",
        leaf / "_a.py": "The first.",
        leaf / "_b.py": "The ``second``.\n\nMore of it.",
        leaf / "fields/__init__.py": "A folder.",
        leaf / "fields/_c.py": "The\nthird.",
        room / "__init__.py": "A room.",
        room / "one.py": "One | two.",
    }.items():
        path.write_text(f'"""{text}\n"""\n')
    return tmp_path


def test_rows_are_written_added_and_dropped(tree: Path) -> None:
    assert architecture.updated(PAGE, tree) == TRUE
    assert architecture.updated(TRUE, tree) == TRUE
    assert architecture.titles(tree) == {"treadle_leaf", "treadle_server", "_room"}


def test_the_page_is_true(capsys: pytest.CaptureFixture[str]) -> None:
    assert architecture.main([]) == 0, capsys.readouterr().out


def test_a_page_that_is_not_true(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tree / "ARCHITECTURE.md"
    page.write_text(PAGE)
    assert architecture.main([], tree) == 1
    assert "a table for each of ['_room', 'treadle_leaf'" in capsys.readouterr().out
    page.write_text(PAGE.replace("**`_room`**", "### `treadle_server`\n\n**`_room`**"))
    assert architecture.main([], tree) == 1
    assert "+| `_a` | The first |" in capsys.readouterr().out
    assert architecture.main(["--write"], tree) == 0
    assert architecture.main([], tree) == 0
