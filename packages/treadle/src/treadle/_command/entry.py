"""Find the module or file that a command line names, without importing it.

An entry is ``package.module:name``, ``package.module``, ``folder/file.py`` or ``file.py:name``, or
nothing: then it is ``app.py`` or ``main.py`` of the current directory, or of the one package there
that has such a file. A mistake is an ``EntryError``: one sentence with the value, the place and the
fix.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final, final

__all__ = ["DEFAULT_FILES", "Entry", "EntryError", "app_folder", "find_entry"]

#: The files that are looked at if no entry is given.
DEFAULT_FILES: Final = ("app.py", "main.py")


class EntryError(Exception):
    """The entry names no application; the text is a sentence for the user."""


@final
@dataclass(frozen=True, slots=True)
class Entry:
    """A module to import, the folder in which it is, and a name in it, None for the usual ones."""

    module: str
    folder: Path
    name: str | None

    def __str__(self) -> str:
        return self.module if self.name is None else f"{self.module}:{self.name}"


def app_folder(path: Path) -> Path:
    """Return the folder that ``--app-dir`` names, as an absolute path; raises ``EntryError``."""
    try:
        folder = path.resolve()
    except FileNotFoundError:
        raise EntryError("the current directory was removed: change to another one") from None
    if not folder.is_dir():
        raise EntryError(f"--app-dir: there is no folder {path}")
    return folder


def find_entry(text: str | None, folder: Path) -> Entry:
    """Return what ``text`` names, relative to ``folder``; None looks for the usual files.

    Raises ``EntryError``.
    """
    if text is None:
        return _usual_file(folder)
    # A colon after a drive letter is part of a path.
    before, colon, name = text.rpartition(":")
    if not colon or (len(before) == 1 and name[:1] in ("\\", "/")):
        before, name = text, ""
    elif not name or not before:
        raise EntryError(f"{text!r} is not of the form 'package.module:name' or 'file.py:name'")
    name = name.removesuffix("()")
    if name and not all(part.isidentifier() for part in name.split(".")):
        raise EntryError(f"{name!r} in {text!r} is not a name of Python")
    if before.endswith(".py") or "/" in before or "\\" in before:
        return _of_file(folder / before, name or None)
    if before.startswith("."):
        raise EntryError(
            f"{before!r} is a relative name of a module: give its full name, or a path to its file"
        )
    if not all(part.isidentifier() for part in before.split(".")):
        raise EntryError(
            f"{before!r} is neither a module nor a file: give 'package.module:name' or 'file.py'"
        )
    return Entry(before, folder, name or None)


def _usual_file(folder: Path) -> Entry:
    for file in DEFAULT_FILES:
        if (folder / file).is_file():
            return Entry(file.removesuffix(".py"), folder, None)
    for parent in (folder, folder / "src"):
        for file in DEFAULT_FILES:
            found = sorted(parent.glob(f"*/{file}"))
            found = [path for path in found if (path.parent / "__init__.py").is_file()]
            if len(found) == 1:
                return _in_packages(found[0].with_suffix(""), None)
            if found:
                names = ", ".join(f"{path.parent.name}.{path.stem}" for path in found)
                raise EntryError(f"no application was named, and there are several: give {names}")
    for file in DEFAULT_FILES:
        for path in sorted(folder.glob(f"*/{file}")):
            raise EntryError(
                f"no application was named, and {path.parent.name} is no package: add an empty "
                f"{path.parent.name}/__init__.py, or give '{path.parent.name}/{file}'"
            )
    raise EntryError(
        f"no application was named, and {folder} has neither {' nor '.join(DEFAULT_FILES)}, nor a "
        "package with one: give 'package.module:name' or a file"
    )


def _of_file(path: Path, name: str | None) -> Entry:
    if path.is_dir():
        if (path / "__init__.py").is_file() or (path / "__main__.py").is_file():
            return _in_packages(path, name)
        for file in DEFAULT_FILES:
            if (path / file).is_file():
                return Entry(file.removesuffix(".py"), path.resolve(), name)
        raise EntryError(f"the folder {path} has neither {' nor '.join(DEFAULT_FILES)}")
    if not path.is_file():
        near = []
        if path.parent.is_dir():
            near = get_close_matches(path.name, [p.name for p in path.parent.glob("*.py")], 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise EntryError(f"there is no file {path}{hint}")
    if path.suffix != ".py":
        raise EntryError(f"{path} is not a file of Python: its name does not end in .py")
    return _in_packages(path.with_suffix(""), name)


def _in_packages(path: Path, name: str | None) -> Entry:
    """A file in a package is a module of it: its relative imports must work."""
    path = path.resolve()
    if path.name == "__init__":
        path = path.parent
    parts = [path.name]
    folder = path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    if not all(part.isidentifier() for part in parts):
        raise EntryError(
            f"{path.name}.py cannot be imported: {'.'.join(parts)!r} is not a name of a module. "
            f"Rename it, such as {_as_name(parts)}"
        )
    return Entry(".".join(parts), folder, name)


def _as_name(parts: list[str]) -> str:
    """Return a path with names that can be imported."""
    names = [re.sub(r"\W+", "_", part) for part in parts]
    return "/".join(f"_{name}" if name[:1].isdigit() else name for name in names) + ".py"
