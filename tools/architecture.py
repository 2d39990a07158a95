"""Keep the list of modules in ARCHITECTURE.md true: every module once, with its own first sentence.

    python tools/architecture.py            exit status 1, and the differences, if it is not
    python tools/architecture.py --write    make it so

The page decides the order of the modules, which is the order to read them in. A row has the first
sentence of the module's docstring, so that it is written once. A module that the page does not
name is appended to its table; a row without a module goes.
"""

import ast
import difflib
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: A table of modules: a heading or bold name in backticks, some text, and the rows.
_TITLE = re.compile(r"^(?:### |\*\*)`([a-z_.]+)`")
_ROW = re.compile(r"^\| `([a-z_.0-9]+)` \|")


def summary(path: Path) -> str:
    """Return the first sentence of a module's docstring, as Markdown."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(text.partition("\n\n")[0].split())
    return paragraph.removesuffix(".").replace("``", "`").replace("|", "\\|")


def modules_of(title: str, root: Path = ROOT) -> dict[str, Path]:
    """Return the modules below a title of the page: ``treadle_router``, or ``_http`` for a room."""
    rooms = root / "packages/server/src/treadle_server"
    if title.startswith("_"):
        return {path.stem: path for path in sorted((rooms / title).glob("*.py")) if _counts(path)}
    (package,) = root.glob(f"packages/*/src/{title}")
    found = {path.stem: path for path in sorted(package.glob("*.py")) if _counts(path)}
    if package != rooms:
        # Folders of a leaf are small enough to stand in its table.
        for path in sorted(package.glob("*/*.py")):
            if _counts(path):
                found[f"{path.parent.name}.{path.stem}"] = path
    return found


def _counts(path: Path) -> bool:
    return path.stem not in ("__init__", "_version")


def updated(page: str, root: Path = ROOT) -> str:
    """Return the page with true tables."""
    lines: list[str] = []
    named: list[str] = []
    missing: dict[str, Path] = {}

    def finish() -> None:
        """Append the modules that the last table did not name."""
        at = len(lines)
        while missing and not lines[at - 1].startswith("|"):
            at -= 1
        lines[at:at] = [f"| `{name}` | {summary(path)} |" for name, path in missing.items()]
        missing.clear()

    for line in page.splitlines():
        title, row = _TITLE.match(line), _ROW.match(line)
        if title is not None or line.startswith("## "):
            finish()
        if title is not None:
            missing = modules_of(title[1], root)
            named.append(title[1])
        elif row is not None and named:
            path = missing.pop(row[1], None)
            if path is not None:
                lines.append(f"| `{row[1]}` | {summary(path)} |")
            continue
        if line.startswith("## "):
            named = []
        lines.append(line)
    finish()
    return "\n".join(lines) + "\n"


def titles(root: Path = ROOT) -> set[str]:
    """Return all titles that the page must have."""
    packages = {path.name for path in root.glob("packages/*/src/treadle*")}
    rooms = root / "packages/server/src/treadle_server"
    return packages | {path.parent.name for path in rooms.glob("_*/__init__.py")}


def main(arguments: list[str], root: Path = ROOT) -> int:
    """Check the page, or write it."""
    path = root / "ARCHITECTURE.md"
    page = path.read_text(encoding="utf-8")
    found = {title[1] for line in page.splitlines() if (title := _TITLE.match(line))}
    if found != titles(root):
        print(f"ARCHITECTURE.md must have a table for each of {sorted(titles(root))}")
        return 1
    true = updated(page, root)
    if arguments == ["--write"]:
        path.write_text(true, encoding="utf-8")
        return 0
    if page == true:
        return 0
    before, after = page.splitlines(keepends=True), true.splitlines(keepends=True)
    sys.stdout.writelines(difflib.unified_diff(before, after, path.name, "the tree"))
    print("\nThe list of modules is not true: run `python tools/dev.py fix`.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
