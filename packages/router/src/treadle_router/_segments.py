r"""The four kinds of segments of a pattern, and how each matches a segment of a path.

A path is cut at its slashes, so most patterns are matched one segment at a time. That equals a
match of the whole pattern only if no variable can match a slash. ``stays_in_segment`` recognises,
conservatively, the regular expressions for which this is certain (``\d+``, ``[^/]+``,
``(?:en|de)-[A-Z]{2}``). A pattern with any other expression is matched whole, by ``re``.

Matching with the converters of this package is linear in the segment. The time of a regular
expression of the user's own depends on that expression.
"""

import re
from collections.abc import Callable
from sys import intern
from typing import Final, TypeAlias, final

from ._converters import Converter

__all__ = [
    "DEFAULT_REGEX",
    "TAIL_REGEXES",
    "Literal",
    "Mixed",
    "Segment",
    "Tail",
    "Variable",
    "Whole",
    "stays_in_segment",
]

# The text of ``{name}``. Braces are excluded because a built path cannot contain them.
DEFAULT_REGEX: Final = "[^{}/]+"
# Expressions for any number of segments: (may be empty, may contain newlines).
TAIL_REGEXES: Final = {
    ".*": (True, False),
    ".+": (False, False),
    "(?s:.*)": (True, True),
    "(?s:.+)": (False, True),
}

# Pieces of a regular expression that never match a slash. A ``-`` inside brackets is accepted only
# between letters or digits (no such range contains ``/``) and at an end, as a literal hyphen.
_IN_CLASS: Final = (
    r"(?:[A-Za-z0-9]-[A-Za-z0-9]|\\[dws.\-+*?^$()|{}\[\]\\]|[A-Za-z0-9_~@:,;=!. %+*?$(){}|'\"]"
)
# ``[]`` is not empty to ``re``: the bracket is its first character.
_CLASS: Final = rf"\[(?!\])-?{_IN_CLASS})*-?\]"
_NEGATED_CLASS: Final = rf"\[\^-?{_IN_CLASS})*/{_IN_CLASS}|/)*-?\]"
# Every text is cut into these pieces in one way only, so that the time is linear: the ``+`` of
# ``*+`` is a piece of its own.
_STAYS: Final = re.compile(
    rf"(?:[^.^$*+?{{}}\[\]\\|()/]|\\[dws.\-+*?^$()|{{}}\[\]\\]|{_CLASS}|{_NEGATED_CLASS}"
    r"|\((?!\?)|\(\?:|\)|\||[*+?]|\{(?:[0-9]+(?:,[0-9]*)?|,[0-9]*)?\})+"
)


def stays_in_segment(regex: str) -> bool:
    """Return True if ``regex`` certainly matches no slash and does not look around its match."""
    if regex == DEFAULT_REGEX:
        return True
    if _STAYS.fullmatch(regex) is None:
        return False
    try:
        re.compile(regex)
    except re.error:
        return False  # ``a)(b`` is well formed only inside the whole pattern
    return True


@final
class Variable:
    """A named variable of a pattern.

    ``regex`` must match its text, ``converter`` converts the text to a value (None: the text is the
    value), ``position`` is the index of its start in the pattern. ``converter_name`` is the name of
    the converter in the pattern.
    """

    __slots__ = ("converter", "converter_name", "name", "position", "regex")

    def __init__(
        self,
        name: str,
        regex: str,
        converter: Converter[object] | None,
        position: int,
        converter_name: str | None = None,
    ) -> None:
        self.name: Final = intern(name)  # a match of thousands of routes finds it in the cache
        self.regex: Final = regex
        self.converter: Final = converter
        self.position: Final = position
        self.converter_name: Final = converter_name

    @property
    def is_default(self) -> bool:
        """True if it takes any text of one segment, as ``{name}`` does."""
        return self.regex == DEFAULT_REGEX

    @property
    def has_own_regex(self) -> bool:
        """True if its expression is written in the path rather than given by a converter."""
        return not self.is_default and (
            self.converter is None or self.regex != self.converter.regex
        )

    def __repr__(self) -> str:
        return f"<Variable {self.name} {self.regex!r}>"


@final
class Literal:
    """Fixed text, safe-decoded."""

    __slots__ = ("key", "text")

    def __init__(self, text: str) -> None:
        self.text: Final = intern(text)
        self.key: Final = self.text

    def read(self, segment: str) -> tuple[str, ...] | None:
        """Return no values if ``segment`` is this text, else None."""
        return () if segment == self.text else None


@final
class Whole:
    """One variable that takes a whole segment; ``check`` is None for the default expression."""

    __slots__ = ("check", "key", "names")

    def __init__(self, variable: Variable) -> None:
        self.names: Final = (variable.name,)
        self.key: Final = (variable.regex,)
        self.check: Final = _check_of(variable)

    def read(self, segment: str) -> tuple[str, ...] | None:
        """Return the segment, undecoded, or None if the variable does not take it."""
        if self.check is None:
            return (segment,) if _is_plain_value(segment) else None
        return (segment,) if self.check(segment) else None


@final
class Mixed:
    """Fixed text and variables inside one segment, like ``{name}.{ext}``.

    The variables are separated without ``re``, from the right, each fixed text at its last possible
    place; then each variable must take its text. For ``{name}`` this finds what a greedy expression
    finds (the first variable takes as much as it can), but in linear time: the expression for
    ``{a!slug}-{b!slug}-{c!slug}`` backtracks, in cubic time on a text of hyphens. If a variable has
    an expression of the user's own, ``re`` matches the segment.
    """

    __slots__ = ("_checks", "_fixed", "_fullmatch", "key", "names")

    def __init__(self, pieces: list[str | Variable]) -> None:
        variables = [piece for piece in pieces if isinstance(piece, Variable)]
        own = any(variable.has_own_regex for variable in variables)
        self.names: Final = tuple(variable.name for variable in variables)
        self.key: Final = (
            own,
            *((piece.regex,) if isinstance(piece, Variable) else piece for piece in pieces),
        )
        self._fixed: Final = _between(pieces)
        self._checks: Final = tuple(_check_of(variable) for variable in variables)
        self._fullmatch: Final[Callable[[str], re.Match[str] | None] | None] = (
            re.compile(
                "".join(
                    f"(?P<{piece.name}>{piece.regex})"
                    if isinstance(piece, Variable)
                    else re.escape(piece)
                    for piece in pieces
                )
            ).fullmatch
            if own
            else None
        )

    def read(self, segment: str) -> tuple[str, ...] | None:
        """Return the text of each variable, undecoded, or None."""
        if self._fullmatch is not None:
            match = self._fullmatch(segment)
            return None if match is None else tuple(match.group(name) for name in self.names)
        values = self._split(segment)
        if values is None:
            return None
        for check, value in zip(self._checks, values, strict=True):
            if not _is_plain_value(value) if check is None else not check(value):
                return None
        return values

    def _split(self, segment: str) -> tuple[str, ...] | None:
        first, *middle, last = self._fixed
        start, end = len(first), len(segment) - len(last)
        # Each variable takes at least one character.
        if end - start < len(self.names) or not (
            segment.startswith(first) and segment.endswith(last)
        ):
            return None
        values: list[str] = []
        for fixed in reversed(middle):
            found = segment.rfind(fixed, start + 1, end - 1)
            if found < 0:
                return None
            values.append(segment[found + len(fixed) : end])
            end = found
        values.append(segment[start:end])
        values.reverse()
        return tuple(values)


@final
class Tail:
    """A variable for all segments that the rest of the pattern leaves, at least one.

    A pattern has at most one: as every other segment takes exactly one, the cut is unique.
    """

    __slots__ = ("empty", "key", "names", "newlines")

    def __init__(self, variable: Variable) -> None:
        self.names: Final = (variable.name,)
        self.key: Final = (variable.regex, "/")
        self.empty, self.newlines = TAIL_REGEXES[variable.regex]

    def read(self, rest: str) -> tuple[str, ...] | None:
        """Return the rest of the path, undecoded, or None."""
        if (not rest and not self.empty) or ("\n" in rest and not self.newlines):
            return None
        return (rest,)


Segment: TypeAlias = Literal | Whole | Mixed | Tail


def _check_of(variable: Variable) -> Callable[[str], object] | None:
    return None if variable.is_default else re.compile(variable.regex).fullmatch


def _is_plain_value(text: str) -> bool:
    return text != "" and "{" not in text and "}" not in text


def _between(pieces: list[str | Variable]) -> list[str]:
    """Return the fixed texts before, between and after the variables; absent ones are empty."""
    fixed = [""]
    for piece in pieces:
        if isinstance(piece, Variable):
            fixed.append("")
        else:
            fixed[-1] += piece
    return fixed
