"""The public names of the packages, and the reference that is made of them.

A page lists a module by a line that is marked ``names: module``. All names of the module's
``__all__`` are in its reference, in the groups of ``docgroups``; autodoc brings signatures and
docstrings. The mark ``own: module`` leaves out the names that are on another page. Nothing here
imports Sphinx.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from enum import Enum
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from docgroups import GROUPS, group_of
from docpages import ROOT, PageError, pages

#: Longer values say less than their names.
_LONGEST_VALUE = 160

_VERSION = "The version of the package."

_NAMES = re.compile(r"<!-- (names|own): (\S+) -->$", re.MULTILINE)


class Name(NamedTuple):
    """A public name: the module that exports it, the name, its value, and who defines it."""

    module: str
    name: str
    value: object
    home: str


class Definition(NamedTuple):
    """An assignment: its module, the source of the value if it is short, and its comment."""

    module: str
    value: str
    comment: str


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
    return {module: page for module, (page, _) in _marks().items()}


@cache
def _marks() -> dict[str, tuple[Path, bool]]:
    """Return the page of each module, and True if only its own names are there."""
    found: dict[str, tuple[Path, bool]] = {}
    for page in pages():
        for word, module in _NAMES.findall(page.read_text("utf-8")):
            found[module] = page, word == "own"
    return found


def placed(module: str) -> list[Name]:
    """Return the names of ``module`` that its page lists."""
    _, own = _marks().get(module, (None, False))
    return [name for name in names(module) if not own or _is_own(name)]


def _is_own(name: Name) -> bool:
    """Return True if a name is defined in its module, or in a private one and on no other page."""
    private = "._" in name.home
    return name.home == name.module or (private and id(name.value) not in _whole())


def is_private(base: type) -> bool:
    """Return True if a class of ours is on no page."""
    return base.__module__.startswith("treadle") and id(base) not in _whole()


@cache
def _whole() -> set[int]:
    """Return the identities of all values in modules that are listed whole."""
    whole = [module for module, (_, own) in _marks().items() if not own]
    return {id(name.value) for module in whole for name in names(module)}


def names(module: str) -> list[Name]:
    """Return the public names of ``module`` in the order of its ``__all__``.

    Raise ``PageError`` if it cannot be imported, such as one that was not compiled.
    """
    try:
        loaded = importlib.import_module(module)
    except ImportError as error:
        raise PageError(
            f"{module} cannot be imported: {error}. Install what it needs; treadle_speedups needs"
            " a C compiler."
        ) from error
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
    for name in placed(module):
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
def _definitions() -> dict[str, list[Definition]]:
    """Return what is assigned to each name at the top of a module, in all modules."""
    found: dict[str, list[Definition]] = {}
    for path in sorted(ROOT.glob("packages/*/src/**/*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts[3:]
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        source = path.read_text("utf-8")
        lines = source.splitlines()
        for statement in ast.parse(source).body:
            for name in _assigned(statement):
                comment = _comment(lines[: statement.lineno - 1])
                definition = Definition(module, _shown_value(statement), comment)
                found.setdefault(name, []).append(definition)
    return found


def _assigned(statement: ast.stmt) -> list[str]:
    """Return the names that a statement assigns to."""
    targets: list[ast.expr] = []
    if isinstance(statement, ast.Assign):
        targets = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        targets = [statement.target]
    flat = [
        element
        for target in targets
        for element in (target.elts if isinstance(target, ast.Tuple) else [target])
    ]
    return [element.id for element in flat if isinstance(element, ast.Name)]


def _shown_value(statement: ast.stmt) -> str:
    """Return the source of an assigned value; nothing if it is long, or has private names."""
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    if value is None:
        return ""
    # The text of an alias that is written as a string is a type as well.
    text = (
        ast.unparse(value).strip("\"'")
        if "TypeAlias" in ast.dump(statement)
        else ast.unparse(value)
    )
    return "" if len(text) > _LONGEST_VALUE or re.search(r"\b_\w", text) else text


def _comment(lines: list[str]) -> str:
    """Return the comment of ``#:`` at the end of ``lines``."""
    found: list[str] = []
    while lines and lines[-1].startswith("#:"):
        found.insert(0, lines.pop().removeprefix("#:").strip())
    return " ".join(found)


def _home(name: str, value: object, module: str) -> str:
    """Return the module that defines a value; constants and aliases do not know it."""
    home = getattr(value, "__module__", None)
    callable_one = inspect.isclass(value) or inspect.isroutine(value)
    if callable_one and isinstance(home, str) and home.startswith("treadle"):
        return home
    definition = _definition(name, value)
    return module if definition is None else definition.module


def _definition(name: str, value: object) -> Definition | None:
    """Return the definition of a constant or an alias; None if no module has it under that name."""
    for candidate in _definitions().get(name, []):
        loaded = importlib.import_module(candidate.module)
        if getattr(loaded, name, None) is value:
            return candidate
    return None


def reference(module: str) -> str:
    """Return the reference of ``module`` as the Markdown of MyST."""
    out = [f"```{{eval-rst}}\n.. py:module:: {module}\n```\n"]
    groups = grouped(module)
    for title, listed in groups.items():
        heading = f"\n### {title}\n" if len(groups) > 1 else ""
        out.append(f"{heading}\n```{{eval-rst}}\n")
        out += [_directive(name) for name in listed]
        out.append("```\n")
    return "".join(out)


def description(name: Name) -> str:
    """Return the text that the reference has for a name; nothing if its source has none."""
    if name.name == "__version__":
        return _VERSION
    if _has_docstring(name):
        # Its own: a base class says what the base is.
        own = vars(name.value).get("__doc__") if isinstance(name.value, type) else None
        return own or ("" if isinstance(name.value, type) else name.value.__doc__ or "")
    definition = _definition(name.name, name.value)
    return definition.comment if definition else ""


def _has_docstring(name: Name) -> bool:
    """Return True for a class or a function; constants and aliases have a comment instead."""
    return inspect.isroutine(name.value) or (
        isinstance(name.value, type) and name.value.__name__ == name.name
    )


def _directive(name: Name) -> str:
    """Return the directive of autodoc for one name."""
    path = f"{name.module}.{name.name}"
    if name.name == "__version__":
        # A string has the docstring of its class, and this one changes with each release.
        return f".. py:data:: {path}\n   :type: str\n\n   {_VERSION}\n\n"
    if isinstance(name.value, type) and name.value.__name__ == name.name:
        kind = "exception" if issubclass(name.value, BaseException) else "class"
        options = ":members:\n   :show-inheritance:\n"
        if issubclass(name.value, Enum):
            options += "   :undoc-members:\n"
        bases = name.value.__mro__[1:]
        public = {above for base in bases if not is_private(base) for above in base.__mro__}
        if not public.issuperset(bases):
            # The members of bases that no other page has are public as those of the class.
            stops = sorted({base.__name__ for base in bases if base in public})
            options += f"   :inherited-members: {', '.join(stops)}\n"
        return f".. auto{kind}:: {path}\n   {options}\n"
    if inspect.isroutine(name.value):
        return f".. autofunction:: {path}\n\n"
    definition = _definition(name.name, name.value)
    value = definition.value if definition else ""
    shown = f"   :value: {value}\n" if value else f"   :type: {type(name.value).__name__}\n"
    return f".. py:data:: {path}\n{shown}\n   {description(name)}\n\n"
