"""Warnings of declarations that are valid, but look like the syntax of another framework.

``/users/<id>`` and ``/users/:id`` are fixed text, and ``{id:int}`` takes the three letters: a route
declared so is never found, without an error that says why. Each warning has the pattern to write
instead, and the way to write the text itself:

* angle brackets around a name, because a client always sends ``<`` escaped, so that a path which
  means the text can be written ``%3C``;
* a whole segment of a colon and a name; ``/{name}:cancel`` and ``/items:search`` are verbs that
  APIs have, and no mistakes;
* a variable whose whole expression is the name of a converter: it could take one text only.
"""

import re
import sys
import warnings
from collections.abc import Container, Iterator, Sequence
from typing import Final

from ._segments import Variable

__all__ = ["RouterWarning", "advise", "advise_on_path"]

_ANGLES: Final = re.compile(r"<(?:(\w+)(?:\([^<>()]*\))?:)?([A-Za-z_]\w*)(?::([^<>]+))?>")
_COLON: Final = re.compile(r":([A-Za-z_]\w*)(?:\(.*\))?[?*+]?")
# ``int``, and ``int(2)`` or ``int(min=1)`` with arguments.
_CONVERTER: Final = re.compile(r"([A-Za-z_]\w*)(?:\((?:[0-9][^()|]*|[a-z_]+=[^()|]*)\))?")
#: Converters of others: the one of this package, or None for a plain ``{name}``.
_FOREIGN: Final = {"str": None, "string": None, "integer": "int", "ymd": "date"}


class RouterWarning(UserWarning):
    """A declaration that is valid, but probably meant otherwise; the text says how to write it."""


def advise(message: str) -> None:
    """Warn the first caller outside of the packages of this family."""
    level, frame = 2, sys._getframe(1)  # noqa: SLF001  # documented; ``inspect`` is slow to import
    inside = ("treadle_", "typing")  # ``Resource[str]("/")`` is called by ``typing``
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(inside):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, RouterWarning, stacklevel=level)


def advise_on_path(path: str, pieces: Sequence[str | Variable], converters: Container[str]) -> None:
    """Warn of each part of ``path`` that looks like a variable of another framework."""
    for found, wanted, itself in (
        *_fixed_texts(pieces, converters),
        *_expressions(pieces, converters),
    ):
        advise(
            f"{found} in the path {path!r} is {itself[0]}. For a variable write {wanted}, for the "
            f"text itself {itself[1]}."
        )


def _fixed_texts(
    pieces: Sequence[str | Variable], converters: Container[str]
) -> Iterator[tuple[str, str, tuple[str, str]]]:
    # A variable is one character here: ``/{name}:cancel`` has no segment that starts with a colon.
    text = "".join("\0" if isinstance(piece, Variable) else piece for piece in pieces)
    for angles in _ANGLES.finditer(text):
        before, name, behind = angles.groups()
        if behind is None and before is not None and name in converters:
            before, name = name, before  # ``<id:int>``
        escaped = f"%3C{angles[0][1:-1]}%3E"
        wanted = _variable(name, before or behind, converters)
        yield repr(angles[0]), wanted, ("fixed text, not a variable", repr(escaped))
    for segment in text.split("/"):
        if (colon := _COLON.fullmatch(segment)) is not None:
            wanted = _variable(colon[1], None, converters)
            escaped = "%3A" + segment[1:]
            yield repr(segment), wanted, ("fixed text, not a variable", repr(escaped))


def _expressions(
    pieces: Sequence[str | Variable], converters: Container[str]
) -> Iterator[tuple[str, str, tuple[str, str]]]:
    for piece in pieces:
        if isinstance(piece, str) or piece.converter is not None:
            continue
        named = _CONVERTER.fullmatch(piece.regex)
        if named is not None and (named[1] in converters or named[1] in _FOREIGN):
            written = f"{{{piece.name}:{piece.regex}}}"
            wanted = _variable(piece.name, named[1], converters)
            itself = f"{{{piece.name}:(?:{piece.regex})}}"
            what = f"a variable for the text {piece.regex!r}, the expression behind its colon"
            yield written, wanted, (what, itself)


def _variable(name: str, converter: str | None, converters: Container[str]) -> str:
    if converter is not None and converter not in converters:
        converter = _FOREIGN.get(converter)
    return f"{{{name}}}" if converter is None else f"{{{name}!{converter}}}"
