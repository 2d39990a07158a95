"""The table of the first hour: each cell is one of three words, and each of them has its reason."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "packages/treadle/docs/first-hour.md"
TEXT = PAGE.read_text("utf-8")
ROWS = re.findall(r"^\| (\d+) \| \[(.+?)\]\(#(.+?)\) \| (.+?) \|$", TEXT, re.MULTILINE)
NAMES = ("treadle", "FastAPI", "Litestar", "Sanic", "aiohttp")
SECTIONS = {
    title.lower().replace(" ", "-"): body
    for title, body in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
}


def test_each_item_has_its_row_and_its_section() -> None:
    assert [int(number) for number, *_ in ROWS] == list(range(1, 25))
    assert list(SECTIONS) == [anchor for _, _, anchor, _ in ROWS]
    for anchor, body in SECTIONS.items():
        assert body.startswith("\n*Yes: "), anchor


def test_each_cell_that_is_not_yes_has_its_reason() -> None:
    assert f"| | item | {' | '.join(NAMES)} |" in TEXT
    found = 0
    for _, _, anchor, cells in ROWS:
        values = cells.split(" | ")
        assert len(values) == len(NAMES)
        for name, value in zip(NAMES, values, strict=True):
            assert value in ("yes", "partly", "no")
            if value != "yes":
                found += 1
                assert name in SECTIONS[anchor], (anchor, name)
    assert found > 20


def test_treadle_has_all_but_one() -> None:
    missing = [anchor for _, _, anchor, cells in ROWS if not cells.startswith("yes")]
    assert missing == ["openapi"]
