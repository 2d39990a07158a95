"""``python -m parity.compare``: print how treadle's server differs from aiohttp's.

With ``--unlisted`` it prints only what ``differences.toml`` has no reason for.
"""

import fnmatch
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from ._modules import load, names_of
from ._signatures import refusal
from ._surface import describe

__all__ = ["Difference", "Reason", "differences", "reasons"]

_FILE: Final = Path(__file__).parent / "differences.toml"


class Difference(NamedTuple):
    """One place in which a program can tell the two apart."""

    path: str
    what: str


class Reason(NamedTuple):
    """Why the differences at some paths are there; a path may have ``*``."""

    paths: tuple[str, ...]
    reason: str

    def explains(self, path: str) -> list[str]:
        """Return the patterns that fit ``path``."""
        return [pattern for pattern in self.paths if fnmatch.fnmatchcase(path, pattern)]


def reasons() -> list[Reason]:
    """Return the rows of the file."""
    rows = tomllib.loads(_FILE.read_text())["difference"]
    return [Reason(tuple(row["paths"]), row["reason"]) for row in rows]


def differences() -> Iterator[Difference]:
    """Yield what a program written for aiohttp would find different, in order."""
    theirs_modules, ours_modules = load("aiohttp"), load("treadle")
    names = {name: names_of(module) for name, module in theirs_modules.items()}
    theirs = describe(theirs_modules, names, each_once=True)
    ours = describe(ours_modules, {name: names[name] for name in ours_modules})
    missing: set[str] = set()
    for path in sorted(theirs):
        if any(path.startswith((f"{one}.", f"{one}(", f"{one}<")) for one in missing):
            continue
        if path not in ours:
            missing.add(path)
            yield Difference(path, f"missing ({theirs[path]})")
        elif path.endswith("<"):
            for base in sorted(set(theirs[path].split()) - set(ours[path].split())):
                yield Difference(f"{path}{base}", "is not a base")
        elif (what := _compare(path, theirs[path], ours[path])) is not None:
            yield Difference(path, what)


def _compare(path: str, theirs: str, ours: str) -> str | None:
    if path.endswith("()"):
        return refusal(theirs, ours)
    if sys.version_info < (3, 12) and (theirs, ours) == ("coroutine method", "method"):
        # A method that returns an awaitable can be marked as a coroutine only since 3.12.
        return None
    return None if theirs == ours else f"is a {ours}, not a {theirs}"


def main(arguments: list[str]) -> int:
    """Print the differences; return 1 if some are unlisted."""
    listed = reasons()
    unlisted = 0
    for difference in differences():
        reason = next((row.reason for row in listed if row.explains(difference.path)), None)
        unlisted += reason is None
        if reason is None or "--unlisted" not in arguments:
            print(f"{difference.path}: {difference.what}" + (f"  [{reason}]" if reason else ""))
    print(f"{unlisted} differences without a reason")
    return 1 if unlisted else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
