r"""Path patterns: read once when a route is declared, then asked by the tree and the URL builder.

The language::

    /fixed/text          itself; non-ASCII text and its percent-encoded form mean the same
    /{name}              one segment, at least one character, no braces
    /{name:regex}        what the regular expression matches; it may hold balanced braces
    /{name!converter}    what the converter takes, as a value (see ``_converters``)
    /{name!converter:regex}   the same, narrowed
    /{name}.{ext}        several variables in a segment: the first one takes as much as it can
    "" (nothing) "/", or just the prefix below a mount or group

A pattern is cut into segments (see ``_segments``) where that gives the same answer as its regular
expression; otherwise ``segments`` is the fixed head only and the whole path is matched by
``regex``. ``depth`` is the number of leading fixed segments, without empty ones at their end:
the rank of its bucket in the order of dispatch.

Refused with ``PathError``, which has the character: a path that does not start with ``/``,
unbalanced braces, a bad or repeated variable name, an unknown converter, a bad expression.
"""

import re
from collections.abc import Mapping
from typing import Final, final

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

__all__ = ["PREFIX_REGEX", "PathPattern"]

_VARIABLE: Final = re.compile(
    r"(?P<name>[_a-zA-Z][_a-zA-Z0-9]*)(?:!(?P<converter>[_a-zA-Z][_a-zA-Z0-9]*))?(?::(?P<regex>.+))?",
    re.DOTALL,
)
# What follows the prefix of a prefix resource: nothing, or a slash and anything.
PREFIX_REGEX: Final = "(?s:.*)"


@final
class PathPattern:
    """One path pattern, read. Immutable; equal patterns of text are not shared."""

    __slots__ = (
        "_compiled",
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
        """Read ``path``; with ``tail``, it is a prefix and the rest of a path goes by that name.

        Raises ``PathError``.
        """
        self.path: Final = path
        self.converters: Final = converters
        self.tail_prefix: Final = tail  # name of the variable of a prefix pattern, else None
        pieces = _read(path if tail is None else path.removesuffix("/"), converters)
        if tail is not None:
            if any(isinstance(piece, Variable) and piece.name == tail for piece in pieces):
                raise PathError(
                    f"Bad pattern {path!r}: {tail!r} is both a variable and the name of the rest. "
                    "Give `tail` another name.",
                    path=path,
                    position=0,
                )
            rest = Variable(tail, PREFIX_REGEX, None, len(path))
            pieces = ["/", rest] if path in {"", "/"} else [*pieces, "/", rest]
        self.pieces: Final = tuple(pieces)
        self.variables: Final = tuple(p for p in pieces if isinstance(p, Variable))
        self.canonical: Final = "".join(
            "{" + piece.name + "}" if isinstance(piece, Variable) else encode_fixed(piece)
            for piece in pieces
        )
        self.text: Final = None if self.variables else decode_safe(self.canonical)
        self._compiled: re.Pattern[str] | None = None
        cut = _cut(self.pieces)
        self.depth: Final = _depth(cut)
        self.segments: Final = _structure(cut)
        if self.segments is None:
            self.compile()  # to refuse a bad expression here

    @property
    def head(self) -> tuple[Segment, ...]:
        """The segments to walk down to where the pattern is tried: all, or the fixed ones."""
        return _fixed_head(_cut(self.pieces)) if self.segments is None else self.segments

    def compile(self) -> re.Pattern[str]:
        """Return the regular expression for a whole safe-decoded path.

        Most patterns are never matched with it; so it is compiled when first asked for.
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
        """Match with the regular expression. A group that took no part is left out."""
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
        """Match a path that was cut at its slashes, so that ``parts[0]`` is empty."""
        segments = self.segments
        assert segments is not None
        raw: dict[str, str] = {}
        index = 1
        extra = len(parts) - 1 - len(segments)  # what a tail takes besides its one segment
        for segment in segments:
            if isinstance(segment, Tail):
                if extra < 0:
                    # Only the bare prefix of a prefix pattern ends before its tail; and no path
                    # is empty.
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
        return _rebuild, (self.path, used, self.tail_prefix)

    def __repr__(self) -> str:
        return f"<PathPattern {self.path!r}>"


def _rebuild(
    path: str, converters: Mapping[str, Converter[object]], tail: str | None
) -> PathPattern:
    return PathPattern(path, converters, tail=tail)


# Reading the text of a pattern


def _read(path: str, converters: Mapping[str, Converter[object]]) -> list[str | Variable]:
    """Return the fixed texts and variables of ``path`` in order."""
    if path and not path.startswith("/"):
        raise PathError(
            f"Invalid path {path!r}: a path starts with `/` or is empty. Did you mean "
            f"{'/' + path!r}?",
            path=path,
            position=0,
        )
    if not path:
        return ["/"]
    pieces: list[str | Variable] = []
    seen: set[str] = set()
    position = 0
    while position < len(path):
        opening = path.find("{", position)
        fixed = path[position:] if opening < 0 else path[position:opening]
        if "}" in fixed:
            raise PathError(
                f"Invalid path {path!r}: `}}` at character {position + fixed.index('}')} closes "
                "nothing. Write %7D for a brace of the path itself.",
                path=path,
                position=position + fixed.index("}"),
            )
        if fixed:
            pieces.append(fixed)
        if opening < 0:
            break
        closing = _closing_brace(path, opening)
        variable = _read_variable(path, opening, closing, converters)
        if variable.name in seen:
            raise PathError(
                f"Bad pattern {path!r}: redefinition of variable {variable.name!r} at character "
                f"{opening}. Give it another name.",
                path=path,
                position=opening,
            )
        if variable.converter is not None and not variable.has_own_regex:
            _check_only_one_rest(path, variable, pieces)
        seen.add(variable.name)
        pieces.append(variable)
        position = closing + 1
    return pieces


def _closing_brace(path: str, opening: int) -> int:
    level = 0
    for index in range(opening, len(path)):
        if path[index] == "{":
            level += 1
        elif path[index] == "}":
            level -= 1
            if level == 0:
                return index
    raise PathError(
        f"Invalid path {path!r}: `{{` at character {opening} is never closed. "
        "Write %7B for a brace of the path itself.",
        path=path,
        position=opening,
    )


def _read_variable(
    path: str, opening: int, closing: int, converters: Mapping[str, Converter[object]]
) -> Variable:
    inner = path[opening + 1 : closing]
    match = _VARIABLE.fullmatch(inner)
    if match is None:
        raise PathError(
            f"Invalid path {path!r}: {{{inner}}} at character {opening} is no variable. Write "
            "{name}, {name:regex} or {name!converter}, the name an ASCII identifier.",
            path=path,
            position=opening,
        )
    name, converter_name, regex = match.group("name", "converter", "regex")
    converter = None
    if converter_name is not None:
        converter = converters.get(converter_name)
        if converter is None:
            raise PathError(
                f"Invalid path {path!r}: no converter {converter_name!r} at character "
                f"{opening + match.start('converter') + 1}; known are "
                f"{', '.join(sorted(converters))}.",
                path=path,
                position=opening + match.start("converter") + 1,
            )
        regex = regex or converter.regex
    return Variable(name, regex or DEFAULT_REGEX, converter, opening)


def _check_only_one_rest(path: str, variable: Variable, before: list[str | Variable]) -> None:
    """Refuse a second converter that takes slashes: to tell two apart takes backtracking."""
    if stays_in_segment(variable.regex):
        return
    for piece in before:
        if (
            isinstance(piece, Variable)
            and not piece.has_own_regex
            and not stays_in_segment(piece.regex)
        ):
            raise PathError(
                f"Bad pattern {path!r}: {variable.name!r} at character {variable.position} takes "
                f"any number of segments, and so does {piece.name!r}. Give one of them an "
                "expression, like {name:[^/]+}.",
                path=path,
                position=variable.position,
            )


def _bad_regex(pattern: PathPattern, source: str, error: re.error) -> PathError:
    """Name the variable whose expression is at fault, if one is by itself."""
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
    """Return how to match segment by segment, or None if only the whole expression is right."""
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
