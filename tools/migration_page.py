"""Keep the tables of ``docs/migration-aiohttp.md`` true: the names of aiohttp's server in treadle.

python tools/migration_page.py          fail if the tables differ from what ``parity`` finds
python tools/migration_page.py --write  put them into the page

The differences and their reasons are those of ``tools/parity``, so that each public name of
``aiohttp.web`` is in one row at least: the same, or with the reason why it is not.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from parity._modules import load, names_of
from parity.compare import Difference, Reason, differences, reasons

__all__ = ["PAGE", "main", "tables", "updated"]

ROOT: Final = Path(__file__).resolve().parent.parent
PAGE: Final = ROOT / "packages/treadle/docs/migration-aiohttp.md"

_BEGIN: Final = "<!-- Written by tools/migration_page.py --write -->\n"
_END: Final = "<!-- End -->\n"
_HEAD: Final = "| | names | reason |\n|---|---|---|\n"
_VERDICTS: Final = ("another base class", "called otherwise, or of another kind", "missing")


def tables() -> str:
    """Return both tables: the names of ``aiohttp.web``, and what differs in the other modules."""
    rows, found = reasons(), list(differences())
    names = names_of(load("aiohttp")["web"])
    web = [each for each in found if _module(each) == "web"]
    others = [each for each in found if _module(each) != "web"]
    different = {_name(each) for each in web}
    same = [name for name in names if name not in different]
    there = len(names) - sum(each.path == f"web.{_name(each)}" for each in web)
    return (
        f"`aiohttp.web` has {len(names)} public names, of which `treadle.web` has {there}:\n\n"
        f"{_HEAD}| the same | {_code(same)} | |\n{_table(web, rows)}"
        f"\nOf the other modules of aiohttp's server, this is all that differs:\n\n"
        f"{_HEAD}{_table(others, rows)}"
    )


def updated(page: str) -> str:
    """Return ``page`` with the tables as they are now.

    Raises ``ValueError`` if the page has no place for them.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, behind = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"{PAGE.name} has no lines {_BEGIN!r} and {_END!r}: add them")
    return f"{before}{begin}\n{tables()}\n{end}{behind}"


def _module(difference: Difference) -> str:
    return difference.path.partition(".")[0]


def _name(difference: Difference) -> str:
    """Return the public name that a path begins with: ``Response`` of ``web.Response()``."""
    name = difference.path.partition(".")[2]
    for end in ("()", "<", "."):
        name = name.partition(end)[0]
    return name


def _table(found: Iterable[Difference], rows: list[Reason]) -> str:
    """Return a row for each verdict and reason, in the order of the verdicts and of the reasons."""
    groups: dict[tuple[int, int], list[str]] = {}
    for each in found:
        groups.setdefault((_verdict(each), _place(each, rows)), []).append(_shown(each))
    return "".join(
        f"| {_VERDICTS[verdict]} | {_code(dict.fromkeys(names))} | {rows[place].reason} |\n"
        for (verdict, place), names in sorted(groups.items())
    )


def _verdict(difference: Difference) -> int:
    if difference.what == "is not a base":
        return 0
    return 2 if difference.what.startswith("missing") else 1


def _place(difference: Difference, rows: list[Reason]) -> int:
    for place, row in enumerate(rows):
        if row.explains(difference.path):
            return place
    raise ValueError(
        f"{difference.path} {difference.what}, and differences.toml has no reason: add a row"
    )


def _shown(difference: Difference) -> str:
    """Return the name as programs write it: below ``web``, or with its module."""
    path = difference.path.partition("<")[0].removeprefix("web.")
    return f"aiohttp{path}" if path.startswith(".") else path


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def main(arguments: list[str]) -> int:
    """Check the page, or write it; return the exit status."""
    page = PAGE.read_text("utf-8")
    new = updated(page)
    if "--write" in arguments:
        PAGE.write_text(new, "utf-8")
    elif new != page:
        print(
            f"{PAGE.relative_to(ROOT)} has other names than tools/parity finds: run"
            " `python tools/dev.py fix`."
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
