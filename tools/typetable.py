"""Check what type checkers say to users: mistakes are reported where they are, right uses are not.

    python tools/dev.py hatch run python tools/typetable.py           check, and print both scores
    python tools/dev.py hatch run python tools/typetable.py --write   renew the scores in types.md

The rows are the functions and classes of ``tests-integration/typed/mistakes.py`` and ``uses.py``,
below their first heading. A comment ``# error: CODES`` ends a line that must be reported, with the
error codes of ``mypy --strict`` and the rules of pyright's strict mode (``reportArgumentType``).

aiohttp's own types are counted with the same rows: ``from treadle import web`` becomes ``from
aiohttp import web``. There a mistake counts as reported whatever its code is. Rows with ``# only
treadle: REASON`` are left out of that. Each checker runs once, for all rows of both.

Exit status 1 if a row has another verdict, or ``types.md`` other scores.
"""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

__all__ = ["ROOT", "TABLES", "TYPED", "Outcome", "Row", "check", "problems", "pyright", "rows_of"]

ROOT = Path(__file__).resolve().parent.parent
TYPED = ROOT / "tests-integration" / "typed"
PAGE = ROOT / "packages" / "treadle" / "docs" / "types.md"

#: The text that a check prints, and True if it found nothing.
Outcome = tuple[str, bool]
#: The codes of the errors by checker, table, library and line.
Reports = dict[tuple[str, str, str], dict[int, set[str]]]

CHECKERS: Final = ("mypy", "pyright")
LIBRARIES: Final = ("treadle", "aiohttp")
TABLES: Final = ("mistakes", "uses")

_BEGIN: Final = "<!-- Written by tools/typetable.py --write -->"
_END: Final = "<!-- End -->"
# The rules that pyright adds to an error: the type of a value is unknown because of it.
_CONSEQUENCES: Final = ("reportUnknown", "reportUntypedFunctionDecorator")


@dataclass
class Row:
    """One function or class of a table."""

    name: str
    first: int
    last: int
    #: The codes of the errors that each line must get.
    errors: dict[int, set[str]] = field(default_factory=dict)
    #: The reason why aiohttp cannot have this row.
    only: str | None = None

    @property
    def title(self) -> str:
        """The name as words."""
        words = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", self.name)
        title = words[0].upper() + words[1:].lower()
        return re.sub("websocket", "WebSocket", title, flags=re.IGNORECASE)

    def expected(self, line: int, checker: str) -> set[str]:
        """Return the codes of ``checker`` that ``line`` must get."""
        codes = self.errors.get(line, set())
        return {code for code in codes if code.startswith("report") == (checker == "pyright")}


def rows_of(text: str) -> list[Row]:
    """Return the rows of a table: what is defined below its first heading."""
    lines = text.splitlines()
    heading = next(n for n, line in enumerate(lines, 1) if re.match(r"# [A-Z]", line))
    rows: list[Row] = []
    for node in ast.parse(text).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        if first < heading:
            continue
        row = Row(node.name, first, node.end_lineno or node.lineno)
        for number in range(row.first, row.last + 1):
            line = lines[number - 1]
            if found := re.search(r"  # error: (.+)", line):
                row.errors[number] = set(found[1].split(", "))
            if found := re.search(r"  # only treadle: (.+)", line):
                row.only = found[1]
        rows.append(row)
    return rows


def problems(row: Row, checker: str, reported: dict[int, set[str]]) -> Iterator[str]:
    """Yield what ``checker`` should have reported in ``row`` and did not, and the other way."""
    for line in range(row.first, row.last + 1):
        codes = reported.get(line, set())
        wanted = row.expected(line, checker)
        others = codes - wanted
        if checker == "pyright" and row.errors:
            others = {code for code in others if not code.startswith(_CONSEQUENCES)}
        if wanted - codes or others:
            found = ", ".join(sorted(codes)) or "nothing"
            yield f"{line}: {row.name}: {checker} reports {found}, not " + (
                ", ".join(sorted(wanted)) or "nothing"
            )


def pyright(*arguments: str, cwd: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    """Run pyright for this interpreter; ``--verifytypes`` finds it through ``PATH`` only."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    return subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, *arguments],
        cwd=cwd, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _reports(texts: dict[str, str]) -> Reports:
    """Run both checkers over all tables, with either library."""
    reports: Reports = {
        (checker, table, library): {}
        for checker in CHECKERS for table in texts for library in LIBRARIES
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        for table, text in texts.items():
            (place / f"{table}_treadle.py").write_text(text)
            theirs = re.sub(r"^from treadle\b", "from aiohttp", text, flags=re.MULTILINE)
            (place / f"{table}_aiohttp.py").write_text(theirs)
        (place / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
        other = subprocess.Popen(
            [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-pretty",
             "--cache-dir", str(ROOT / ".mypy_cache" / "typetable"), "."],
            cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        with other:
            run = pyright("--outputjson", cwd=place)
            told = other.communicate()[0]
        for name, line, code in re.findall(
            r"^(\w+)\.py:(\d+): error: .*\[([\w-]+)\]$", told, re.MULTILINE
        ):
            table, library = name.split("_")
            reports["mypy", table, library].setdefault(int(line), set()).add(code)
        if "checked 4 source files" not in told:
            raise RuntimeError(f"mypy did not read the tables:\n{told}")
        for problem in json.loads(run.stdout)["generalDiagnostics"]:
            if problem["severity"] == "error":
                table, library = Path(problem["file"]).stem.split("_")
                number = problem["range"]["start"]["line"] + 1
                code = problem.get("rule", "reportSyntax")
                reports["pyright", table, library].setdefault(number, set()).add(code)
    return reports


def _is_right(row: Row, reported: dict[int, set[str]]) -> bool:
    """Return True if all wrong lines of a row are reported, and nothing in a right one."""
    if row.errors:
        return row.errors.keys() <= reported.keys()
    return not any(line in reported for line in range(row.first, row.last + 1))


def _scores(tables: dict[str, list[Row]], reports: Reports) -> str:
    """Return the scores as Markdown: a table, and the rows for which aiohttp's types differ."""
    lines = ["", "| rows | checker | treadle | aiohttp |", "|---|---|---|---|"]
    what = {"mistakes": "mistakes that are reported", "uses": "right uses without a report"}
    for table, rows in tables.items():
        both = [row for row in rows if row.only is None]
        for checker in CHECKERS:
            counts = []
            for library, counted in (("treadle", rows), ("aiohttp", both)):
                found = reports[checker, table, library]
                right = sum(_is_right(row, found) for row in counted)
                counts.append(f"{right} of {len(counted)}")
            lines.append(f"| {what[table]} | {checker} | {' | '.join(counts)} |")
    for table, sentence in (
        ("mistakes", "Mistakes that aiohttp's types do not report:"),
        ("uses", "Right uses that they report:"),
    ):
        lines += ["", sentence, ""]
        for row in tables[table]:
            wrong = [c for c in CHECKERS if not _is_right(row, reports[c, table, "aiohttp"])]
            if row.only is None and wrong:
                only = "" if len(wrong) == len(CHECKERS) else f" ({wrong[0]})"
                lines.append(f"- {row.title}{only}")
    left_out = [row.title for rows in tables.values() for row in rows if row.only is not None]
    lines += ["", "Rows for treadle only:", "", *(f"- {title}" for title in left_out), ""]
    return "\n".join(lines)


def check(*, write: bool = False) -> Outcome:
    """Check all rows, and the scores of the page; with ``write``, renew those first."""
    texts = {table: (TYPED / f"{table}.py").read_text() for table in TABLES}
    tables = {table: rows_of(text) for table, text in texts.items()}
    reports = _reports(texts)
    wrong = [
        f"{(TYPED / table).relative_to(ROOT)}.py:{problem}"
        for table, rows in tables.items()
        for row in rows
        for checker in CHECKERS
        for problem in problems(row, checker, reports[checker, table, "treadle"])
    ]
    scores = _scores(tables, reports)
    page = PAGE.read_text()
    begin, end = page.index(_BEGIN) + len(_BEGIN), page.index(_END)
    if page[begin:end].strip() != scores.strip():
        if write:
            PAGE.write_text(page[:begin] + "\n" + scores + "\n" + page[end:])
        else:
            wrong.append(f"{PAGE.relative_to(ROOT)}: its scores are old: run typetable.py --write")
    return "\n".join(["What type checkers say to users", scores, *wrong]) + "\n", not wrong


if __name__ == "__main__":
    text, passed = check(write="--write" in sys.argv[1:])
    print(text, end="")
    sys.exit(0 if passed else 1)
