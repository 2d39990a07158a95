r"""Path patterns: parsed when a route is declared, then used by the tree and the URL builder.

The language::

    /fixed/text          itself; non-ASCII text and its percent-encoded form mean the same
    /{name}              one segment, at least one character, no braces
    /{name:regex}        text that the regular expression matches; it may hold balanced braces
    /{name!converter}    text that the converter takes, as a value (see ``_converters``)
    /{name!converter:regex}   the same, narrowed by an expression
    /{name}.{ext}        several variables in a segment: the first one takes as much as it can
    "" (empty)           "/", or exactly the prefix below a mount or group

A pattern is cut into segments (see ``_segments``) if matching them gives the same answer as the
regular expression of the whole pattern. Otherwise ``segments`` is None, and the tree matches the
whole path with that expression. ``depth`` is the number of leading fixed segments, without empty
ones at their end; the order of dispatch sorts by it.

Parts that look like the variables of another framework warn (see ``_advice``).
``PathError`` refuses a path that does not start with ``/``, unbalanced braces, a bad or repeated
variable name, an unknown converter and a bad expression. It holds the index of the character.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final, final

from ._advice import advise_on_path
from ._converters import CONVERTERS, Converter
from ._errors import PathError
from ._quoting import decode_safe, decode_value, encode_fixed
from ._segments import (
    DEFAULT_REGEX,
    TAIL_REGEXES,
    Literal,
    Mixed,
    Segment,
    Tail,
    Variable,
    Whole,
    stays_in_segment,
)

__all__ = ["PREFIX_REGEX", "PathPattern", "advise_on_prefix", "closing_brace", "read_pieces"]

_VARIABLE: Final = re.compile(
    r"(?P<name>[_a-zA-Z][_a-zA-Z0-9]*)(?:!(?P<converter>[_a-zA-Z][_a-zA-Z0-9]*))?(?::(?P<regex>.+))?",
    re.DOTALL,
)
# The tail of a prefix pattern: nothing, or anything behind a slash.
PREFIX_REGEX: Final = "(?s:.*)"


@final
class PathPattern:
    """One parsed path pattern. Immutable."""

    __slots__ = (
        "_compiled",
        "_declared",
        "canonical",
        "converters",
        "depth",
        "path",
        "pieces",
        "segments",
        "tail_prefix",
        "text",
        "variables",
    )

    def __init__(
        self,
        path: str,
        converters: Mapping[str, Converter[object]] = CONVERTERS,
        *,
        tail: str | None = None,
    ) -> None:
        """Parse ``path``; with ``tail`` it is a prefix, and the rest of a path has that name.

        Raises ``PathError``.
        """
        declared = _read(path, converters)
        advise_on_path(path, declared, converters)
        self._assemble(path, declared, converters, tail)

    @classmethod
    def _of(
        cls,
        path: str,
        declared: tuple[str | Variable, ...],
        converters: Mapping[str, Converter[object]],
        tail: str | None,
    ) -> "PathPattern":
        """Return the pattern whose ``path`` was parsed into ``declared`` before."""
        pattern = cls.__new__(cls)
        pattern._assemble(path, list(declared), converters, tail)
        return pattern

    def _assemble(
        self,
        path: str,
        declared: list[str | Variable],
        converters: Mapping[str, Converter[object]],
        tail: str | None,
    ) -> None:
        self.path: str = path
        self.converters: Mapping[str, Converter[object]] = converters
        # The name of the variable of a prefix pattern, else None.
        self.tail_prefix: str | None = tail
        self._declared = tuple(declared)
        _check_variables(path, declared)
        pieces = list(declared)
        if tail is not None:
            if any(isinstance(piece, Variable) and piece.name == tail for piece in pieces):
                raise PathError(
                    f"Bad pattern {path!r}: {tail!r} is both a variable and the name of the rest. "
                    "Give `tail` another name.",
                    path=path,
                    position=0,
                )
            # The slash before the rest is its own piece, so that one at the end is dropped.
            if pieces and isinstance(pieces[-1], str):
                pieces[-1] = pieces[-1].removesuffix("/")
                if not pieces[-1]:
                    pieces.pop()
            pieces += ["/", Variable(tail, PREFIX_REGEX, None, len(path))]
        elif not pieces:
            pieces = ["/"]
        self.pieces: tuple[str | Variable, ...] = tuple(pieces)
        self.variables: tuple[Variable, ...] = tuple(p for p in pieces if isinstance(p, Variable))
        self.canonical: str = "".join(
            "{" + piece.name + "}" if isinstance(piece, Variable) else encode_fixed(piece)
            for piece in pieces
        )
        self.text: str | None = None if self.variables else decode_safe(self.canonical)
        self._compiled: re.Pattern[str] | None = None
        cut = _cut(self.pieces)
        self.depth: int = _depth(cut)
        self.segments: tuple[Segment, ...] | None = _structure(cut)
        if self.segments is None:
            self.compile()  # refuses a bad expression at the declaration

    def under(
        self, prefix: str, converters: Mapping[str, Converter[object]] | None = None
    ) -> "PathPattern":
        """Return this pattern behind ``prefix``.

        ``prefix`` is parsed with ``converters`` (None: those of this pattern). The rest keeps the
        converters that it was parsed with: one name may mean another converter in each.
        Raises ``PathError``.
        """
        before = _read(prefix, self.converters if converters is None else converters)
        behind = [_moved(piece, len(prefix)) for piece in self._declared]
        if before and behind and isinstance(before[-1], str) and isinstance(behind[0], str):
            before[-1:], behind = [before[-1] + behind[0]], behind[1:]
        return self._of(prefix + self.path, (*before, *behind), self.converters, self.tail_prefix)

    @property
    def head(self) -> tuple[Segment, ...]:
        """The segments that lead to the tree node of the pattern: all, or only the fixed ones."""
        return _fixed_head(_cut(self.pieces)) if self.segments is None else self.segments

    def compile(self) -> re.Pattern[str]:
        """Return the regular expression for a whole safe-decoded path.

        It is compiled on first use, because most patterns are matched without it.
        """
        if self._compiled is None:
            source = self.source
            try:
                self._compiled = re.compile(source)
            except re.error as error:
                raise _bad_regex(self, source, error) from None
        return self._compiled

    @property
    def source(self) -> str:
        """The text of the regular expression for a whole safe-decoded path."""
        parts: list[str] = []
        for piece in self.pieces:
            if isinstance(piece, Variable):
                parts.append(f"(?P<{piece.name}>{piece.regex})")
            else:
                parts.append(re.escape(decode_safe(encode_fixed(piece))))
        if self.tail_prefix is not None:
            slash, rest = parts[-2:]
            parts[-2:] = [f"(?:{slash}{rest})?"]
        return "".join(parts)

    def match(self, path: str) -> dict[str, str] | None:
        """Return the decoded text of each variable, or None. ``path`` is safe-decoded."""
        if self.segments is None:
            return self.match_whole(path)
        return self.match_segments(path.split("/"))

    def match_whole(self, path: str) -> dict[str, str] | None:
        """Match with the regular expression; leave out a group that took no part."""
        match = self.compile().fullmatch(path)
        if match is None:
            return None
        raw = {
            name: decode_value(text) for name, text in match.groupdict().items() if text is not None
        }
        if self.tail_prefix is not None:
            raw.setdefault(self.tail_prefix, "")
        return raw

    def match_segments(self, parts: list[str]) -> dict[str, str] | None:
        """Match the ``parts`` of a path between its slashes; ``parts[0]`` is empty."""
        segments = self.segments
        assert segments is not None
        raw: dict[str, str] = {}
        index = 1
        extra = len(parts) - 1 - len(segments)  # segments that a tail takes besides its first
        for segment in segments:
            if isinstance(segment, Tail):
                if extra < 0:
                    # Only the bare prefix of a prefix pattern ends before its tail; ``index``
                    # excludes the empty path.
                    bare = extra == -1 and self.tail_prefix is not None and index > 1
                    return {**raw, segment.names[0]: ""} if bare else None
                values = segment.read("/".join(parts[index : index + extra + 1]))
                index += extra
                extra = 0
            elif index == len(parts):
                return None
            else:
                values = segment.read(parts[index])
            if values is None:
                return None
            if values:
                assert not isinstance(segment, Literal)
                raw.update(zip(segment.names, map(decode_value, values), strict=True))
            index += 1
        return raw if extra == 0 else None

    def __reduce__(self) -> tuple[object, ...]:
        used = {
            name: converter
            for name, converter in self.converters.items()
            if any(variable.converter is converter for variable in self.variables)
        }
        return _rebuild, (self.path, self._declared, used, self.tail_prefix)

    def __repr__(self) -> str:
        return f"<PathPattern {self.path!r}>"


def _rebuild(
    path: str,
    declared: tuple[str | Variable, ...],
    converters: Mapping[str, Converter[object]],
    tail: str | None,
) -> PathPattern:
    return PathPattern._of(path, declared, converters, tail)


def advise_on_prefix(prefix: str, converters: Mapping[str, Converter[object]]) -> None:
    """Warn of a prefix for many paths, which ``PathPattern.under`` does not."""
    advise_on_path(prefix, _read(prefix, converters), converters)


def _moved(piece: str | Variable, by: int) -> str | Variable:
    if isinstance(piece, str):
        return piece
    position = piece.position + by
    return Variable(piece.name, piece.regex, piece.converter, position, piece.converter_name)


# Parsing the text of a pattern


def _read(path: str, converters: Mapping[str, Converter[object]]) -> list[str | Variable]:
    if path and not path.startswith("/"):
        raise PathError(
            f"Invalid path {path!r}: a path starts with `/` or is empty. Did you mean "
            f"{'/' + path!r}?",
            path=path,
            position=0,
        )
    return read_pieces(path, converters)


def read_pieces(
    path: str, converters: Mapping[str, Converter[object]], what: str = "path"
) -> list[str | Variable]:
    """Return the fixed texts and variables of ``path`` in order; nothing for the empty one.

    ``what`` it is called in errors. Raises ``PathError``.
    """
    pieces: list[str | Variable] = []
    position = 0
    while position < len(path):
        opening = path.find("{", position)
        fixed = path[position:] if opening < 0 else path[position:opening]
        if "}" in fixed:
            raise PathError(
                f"Invalid {what} {path!r}: `}}` at character {position + fixed.index('}')} closes "
                "nothing. Write %7D for a brace of the path itself.",
                path=path,
                position=position + fixed.index("}"),
            )
        if fixed:
            pieces.append(fixed)
        if opening < 0:
            break
        closing = closing_brace(path, opening, what)
        pieces.append(_read_variable(path, opening, closing, converters, what))
        position = closing + 1
    return pieces


def _check_variables(path: str, pieces: Sequence[str | Variable]) -> None:
    """Refuse variables that cannot stand in one pattern."""
    seen: list[Variable] = []
    for variable in pieces:
        if isinstance(variable, str):
            continue
        if any(variable.name == other.name for other in seen):
            raise PathError(
                f"Bad pattern {path!r}: redefinition of variable {variable.name!r} at character "
                f"{variable.position}. Give it another name.",
                path=path,
                position=variable.position,
            )
        if variable.converter is not None and not variable.has_own_regex:
            _check_only_one_rest(path, variable, seen)
        seen.append(variable)


def closing_brace(path: str, opening: int, what: str) -> int:
    """Return the index of the brace that closes the one at ``opening``, or raise ``PathError``."""
    level = 0
    for index in range(opening, len(path)):
        if path[index] == "{":
            level += 1
        elif path[index] == "}":
            level -= 1
            if level == 0:
                return index
    raise PathError(
        f"Invalid {what} {path!r}: `{{` at character {opening} is never closed. "
        "Write %7B for a brace of the path itself.",
        path=path,
        position=opening,
    )


def _read_variable(
    path: str, opening: int, closing: int, converters: Mapping[str, Converter[object]], what: str
) -> Variable:
    inner = path[opening + 1 : closing]
    match = _VARIABLE.fullmatch(inner)
    if match is None:
        raise PathError(
            f"Invalid {what} {path!r}: {{{inner}}} at character {opening} is not a variable. "
            "Write {name}, {name:regex} or {name!converter}; the name is an ASCII identifier.",
            path=path,
            position=opening,
        )
    name, converter_name, regex = match.group("name", "converter", "regex")
    converter = None
    if converter_name is not None:
        converter = converters.get(converter_name)
        if converter is None:
            raise PathError(
                f"Invalid {what} {path!r}: unknown converter {converter_name!r} at character "
                f"{opening + match.start('converter') + 1}, known are "
                f"{', '.join(sorted(converters))}. To add it, pass "
                f"converters={{{converter_name!r}: Converter(...)}} to the router or application.",
                path=path,
                position=opening + match.start("converter") + 1,
            )
        regex = regex or converter.regex
    return Variable(name, regex or DEFAULT_REGEX, converter, opening, converter_name)


def _check_only_one_rest(path: str, variable: Variable, before: list[Variable]) -> None:
    """Refuse a second converter that takes slashes: separating two would need backtracking."""
    if stays_in_segment(variable.regex):
        return
    for other in before:
        if not other.has_own_regex and not stays_in_segment(other.regex):
            raise PathError(
                f"Bad pattern {path!r}: {variable.name!r} at character {variable.position} takes "
                f"any number of segments, and so does {other.name!r}. Give one of them an "
                "expression, like {name:[^/]+}.",
                path=path,
                position=variable.position,
            )


def _bad_regex(pattern: PathPattern, source: str, error: re.error) -> PathError:
    """Return the error, with the variable whose expression is bad on its own, if there is one."""
    for variable in pattern.variables:
        try:
            re.compile(variable.regex)
        except re.error as inner:
            start = pattern.path.find(variable.regex, variable.position)
            position = start + (inner.pos or 0) if start >= 0 else variable.position
            return PathError(
                f"Bad pattern {source!r}: {error}. It is the expression {variable.regex!r} of "
                f"{variable.name!r}, at character {position} of the path {pattern.path!r}.",
                path=pattern.path,
                position=position,
            )
    return PathError(
        f"Bad pattern {source!r}: {error}. Look at the expressions of the path {pattern.path!r}.",
        path=pattern.path,
        position=0,
    )


# Cutting it into segments


def _cut(pieces: tuple[str | Variable, ...]) -> list[list[str | Variable]]:
    """Cut at the slashes of fixed text. The empty segment before the first slash is left out."""
    segments: list[list[str | Variable]] = [[]]
    for piece in pieces:
        if isinstance(piece, Variable):
            segments[-1].append(piece)
            continue
        first, *others = decode_safe(encode_fixed(piece)).split("/")
        if first:
            segments[-1].append(first)
        segments += [[text] if text else [] for text in others]
    return segments[1:]


def _structure(cut: list[list[str | Variable]]) -> tuple[Segment, ...] | None:
    """Return the segments, or None if only the expression of the whole pattern is correct."""
    segments: list[Segment] = []
    tails = 0
    for pieces in cut:
        variables = [piece for piece in pieces if isinstance(piece, Variable)]
        if not variables:
            segments.append(Literal("".join(p for p in pieces if isinstance(p, str))))
        elif not all(stays_in_segment(variable.regex) for variable in variables):
            if len(pieces) > 1 or tails or variables[0].regex not in TAIL_REGEXES:
                return None
            tails += 1
            segments.append(Tail(variables[0]))
        elif len(pieces) == 1:
            segments.append(Whole(variables[0]))
        else:
            segments.append(Mixed(pieces))
    return tuple(segments)


def _fixed_head(cut: list[list[str | Variable]]) -> tuple[Segment, ...]:
    head: list[Segment] = []
    for pieces in cut:
        if any(isinstance(piece, Variable) for piece in pieces):
            break
        head.append(Literal("".join(p for p in pieces if isinstance(p, str))))
    return tuple(head)


def _depth(cut: list[list[str | Variable]]) -> int:
    depth = 0
    for index, pieces in enumerate(cut, 1):
        if any(isinstance(piece, Variable) for piece in pieces):
            break
        if pieces:
            depth = index
    return depth
