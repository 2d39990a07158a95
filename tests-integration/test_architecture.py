"""ARCHITECTURE.md names every module, and ``tools/architecture.py`` notices if it does not."""

from pathlib import Path

import pytest

from architecture import modules_of, updated

PAGE = (Path(__file__).resolve().parent.parent / "ARCHITECTURE.md").read_text()
ROW = next(line for line in PAGE.splitlines() if line.startswith("| `_matcher` |"))


def test_the_page_is_true() -> None:
    assert updated(PAGE) == PAGE


@pytest.mark.parametrize(
    "page",
    [
        PAGE.replace(f"{ROW}\n", ""),
        PAGE.replace(ROW, f"{ROW}\n| `_nowhere` | A module that is gone |"),
        PAGE.replace(ROW, "| `_matcher` | Another sentence |"),
    ],
    ids=["a module is missing", "a row has no module", "a sentence is old"],
)
def test_a_difference_is_found_and_mended(page: str) -> None:
    assert page != PAGE
    assert updated(page) != page
    assert sorted(updated(page).splitlines()) == sorted(PAGE.splitlines())


@pytest.mark.parametrize(
    ("title", "module"),
    [("treadle_http_parser", "fields._etag"), ("_http", "exchange"), ("treadle_router", "_tree")],
)
def test_modules_of_packages_and_rooms(title: str, module: str) -> None:
    assert module in modules_of(title)
    assert "_version" not in modules_of(title)
