"""``treadle new``: begin a project with an application, tests, strict types and a Dockerfile.

The files are templates beside this module, with ``$name`` and ``$package`` in them. Nothing that is
there is overwritten.
"""

import argparse
import keyword
import re
import shlex
import string
import sys
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, NoReturn

from treadle import __version__

from .parser import Parser

__all__ = ["FILES", "add_new", "new", "package_name"]

#: Each template, and the path that it becomes; ``$package`` is the name of the package.
FILES: Final = {
    "pyproject.toml.txt": "pyproject.toml",
    "README.md.txt": "README.md",
    "Dockerfile.txt": "Dockerfile",
    "dockerignore.txt": ".dockerignore",
    "gitignore.txt": ".gitignore",
    "init.py.txt": "$package/__init__.py",
    "app.py.txt": "$package/app.py",
    "py.typed.txt": "$package/py.typed",
    "conftest.py.txt": "tests/conftest.py",
    "tests_app.py.txt": "tests/test_app.py",
}

#: Names of packages that would hide one that the project needs.
_TAKEN: Final = frozenset({"treadle", "test", "tests", *sys.stdlib_module_names})


def package_name(name: str) -> str:
    """Return the name of the package of a project; raises ``ValueError`` with a sentence."""
    package = re.sub(r"[-.\s]+", "_", name).lower()
    if not package.isidentifier() or not package.isascii() or keyword.iskeyword(package):
        raise ValueError(
            f"{name!r} is no name for a project: begin with a letter, and use letters, digits, "
            "hyphens and underscores"
        )
    if package in _TAKEN:
        raise ValueError(f"{name!r} would hide the module {package!r}: choose another name")
    return package


def add_new(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``treadle new``."""
    parser.add_argument("name", help="the name of the project, and of its folder")
    parser.add_argument(
        "--dir", default=".", type=Path, metavar="DIR",
        help="where the folder is made (default: the current directory)",
    )  # fmt: skip


def new(parser: Parser, options: argparse.Namespace) -> NoReturn:
    """Make the project, and exit; with status 2 if its folder is there already."""
    name = Path(options.name).name
    try:
        package = package_name(name)
    except ValueError as error:
        parser.error(str(error))
    folder: Path = options.dir / options.name
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        parser.error(f"{folder} is there already: choose another name, or remove it")
    values = {
        "name": name,
        "package": package,
        "treadle": ".".join(__version__.split(".")[:2]),
        "python": "3.11",
    }
    try:
        _write(folder, resources.files(__package__) / "project", values)
    except OSError as error:
        parser.error(f"cannot write {error.filename}: {error.strerror}")
    sys.stdout.write(
        f"{folder} is ready:\n\n"
        f"    cd {shlex.quote(str(folder))}\n"
        "    python -m venv .venv && . .venv/bin/activate\n"
        # An extra, and no dependency group: pip has --group since 25.1, and the one that comes
        # with Python 3.11 to 3.13 may be older.
        '    pip install -e ".[dev]"\n'
        "    treadle dev\n"
    )
    parser.exit()


def _write(folder: Path, templates: Traversable, values: dict[str, str]) -> None:
    for template, path in FILES.items():
        target = folder / string.Template(path).substitute(values)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (templates / template).read_text("utf-8")
        target.write_text(string.Template(text).substitute(values), "utf-8")
