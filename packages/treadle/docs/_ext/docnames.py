"""The public names of the packages, and the reference that is made of them.

A page lists a module by a line that is marked ``names: module``. All names of the module's
``__all__`` are in its reference, in the groups of ``docgroups``; autodoc brings signatures and
docstrings. Nothing here imports Sphinx.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from docgroups import GROUPS, group_of
from docpages import ROOT, PageError, pages

_NAMES = re.compile(r"<!-- names: (\S+) -->$", re.MULTILINE)


class Name(NamedTuple):
    """A public name: the module that exports it, the name, its value, and who defines it."""

    module: str
    name: str
    value: object
    home: str


def packages() -> list[str]:
    """Return the import names of all packages."""
    return sorted(path.parent.name for path in ROOT.glob("packages/*/src/*/__init__.py"))


def public_modules(package: str) -> list[str]:
    """Return ``package`` and those of its modules whose names have no underscore."""
    top = importlib.import_module(package)
    below = pkgutil.walk_packages(top.__path__, f"{package}.", onerror=_broken)
    names = [found.name for found in below if found.name.rpartition(".")[2] != "__main__"]
    return [package, *(name for name in names if "._" not in name)]


def _broken(name: str) -> None:
    raise ImportError(f"The module {name} cannot be imported: see the exception before this one.")


def documented() -> dict[str, Path]:
    """Return the modules whose names are on a page, each with that page."""
    found: dict[str, Path] = {}
    for page in pages():
        for module in _NAMES.findall(page.read_text("utf-8")):
            found[module] = page
    return found


def names(module: str) -> list[Name]:
    """Return the public names of ``module`` in the order of its ``__all__``."""
    loaded = importlib.import_module(module)
    exported: list[str] = getattr(loaded, "__all__", [])
    found = []
    for name in exported:
        value = getattr(loaded, name)
        if not isinstance(value, ModuleType):
            found.append(Name(module, name, value, _home(name, value, module)))
    return found


def grouped(module: str) -> dict[str, list[Name]]:
    """Return the names of ``module`` by group; raise ``PageError`` for one without a group."""
    found: dict[str, list[Name]] = {title: [] for title in GROUPS}
    for name in names(module):
        title = group_of(name.home)
        if title is None:
            raise PageError(
                f"{module}.{name.name} is defined in {name.home}, which is in no group. Add that"
                " module to GROUPS in docgroups.py."
            )
        found[title].append(name)
    return {title: sorted(listed, key=_order) for title, listed in found.items() if listed}


def _order(name: Name) -> tuple[int, str]:
    """Order classes first, then functions, then the rest."""
    rank = 0 if inspect.isclass(name.value) else 1 if inspect.isroutine(name.value) else 2
    return rank, name.name.lower()


@cache
def _defined() -> dict[str, list[str]]:
    """Return the modules that assign, define or annotate each name at their top."""
    found: dict[str, list[str]] = {}
    for path in sorted(ROOT.glob("packages/*/src/**/*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts[3:]
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        for name in _assigned(ast.parse(path.read_text("utf-8"))):
            found.setdefault(name, []).append(module)
    return found


def _assigned(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign):
            targets = [statement.target]
        for target in targets:
            listed = target.elts if isinstance(target, ast.Tuple) else [target]
            yield from (found.id for found in listed if isinstance(found, ast.Name))


def _home(name: str, value: object, module: str) -> str:
    """Return the module that defines a value; constants and aliases do not know it."""
    home = getattr(value, "__module__", None)
    callable_one = inspect.isclass(value) or inspect.isroutine(value)
    if callable_one and isinstance(home, str) and home.startswith("treadle"):
        return home
    for candidate in _defined().get(name, []):
        loaded = importlib.import_module(candidate)
        if getattr(loaded, name, None) is value:
            return candidate
    return module


def reference(module: str) -> str:
    """Return the reference of ``module`` as the Markdown of MyST."""
    out = [f"```{{eval-rst}}\n.. py:module:: {module}\n```\n"]
    for title, listed in grouped(module).items():
        out.append(f"\n### {title}\n\n```{{eval-rst}}\n")
        out += [_directive(name) for name in listed]
        out.append("```\n")
    return "".join(out)


def _directive(name: Name) -> str:
    """Return the directive of autodoc for one name."""
    path = f"{name.module}.{name.name}"
    if name.name == "__version__":
        # A string has the docstring of its class, and this one changes with each release.
        return f".. py:data:: {path}\n   :type: str\n\n   The version of the package.\n\n"
    if isinstance(name.value, type) and name.value.__name__ == name.name:
        kind = "exception" if issubclass(name.value, BaseException) else "class"
        return f".. auto{kind}:: {path}\n   :members:\n   :show-inheritance:\n\n"
    if inspect.isroutine(name.value):
        return f".. autofunction:: {path}\n\n"
    return f".. autodata:: {path}\n   :no-value:\n\n"
