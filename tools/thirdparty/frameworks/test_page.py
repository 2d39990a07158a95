"""The programs of ``docs/mounts.md``, with the frameworks that they are written for."""

from pathlib import Path

import readme

PAGE = Path(__file__).resolve().parents[3] / "packages/treadle/docs/mounts.md"


def test_the_programs_do_what_the_page_says() -> None:
    assert readme.check(PAGE) == 4
