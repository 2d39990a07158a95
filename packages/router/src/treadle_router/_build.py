"""Reverse URLs: build a path from a pattern and a value for each of its variables.

The promise: matching the path gives back the same values. So a slash in the value of a one-segment
variable becomes ``%2F``, and a value that the variable would not match is refused. If one variable
may take text that was meant for another (``{a}.{b}`` with a dot in ``b``), the path is matched
again and refused if the values differ. Two kinds of paths are refused or escaped because clients
change them: they remove a segment ``.`` or ``..`` (RFC 3986, section 5.2.4), and they read ``//``
at the start as another host (section 4.2).

The promise is about this resource alone: another one may come before it for the same path.
"""

import re
from datetime import date
from pathlib import PurePath
from typing import Final
from uuid import UUID

from ._converters import NO_VALUE, Converter
from ._errors import BuildError, MismatchError, MissingPartError, PartTypeError, UnknownPartError
from ._pattern import PathPattern
from ._quoting import decode_safe, encode_fixed, encode_value, escape_value
from ._segments import Mixed, Tail, Variable

__all__ = ["build_path"]

_LEADING_SLASHES: Final = re.compile("/(/+)")


def build_path(pattern: PathPattern, values: dict[str, object]) -> str:
    """Return the percent-encoded path of ``pattern`` with ``values``.

    Raises ``MissingPartError``, ``UnknownPartError``, ``PartTypeError`` or
    ``MismatchError``.
    """
    if len(values) > len(pattern.variables) or pattern.tail_prefix is not None:
        _refuse_unknown(pattern, values)
    if not pattern.variables:
        return pattern.canonical
    texts: dict[str, str] = {}
    parts: list[str] = []
    for piece in pattern.pieces:
        if isinstance(piece, Variable):
            text = _text_of(pattern, piece, values)
            texts[piece.name] = text
            parts.append(_encode(pattern, piece, text, values[piece.name]))
        else:
            parts.append(encode_fixed(piece))
    path = "".join(parts)
    if path.startswith("//"):
        path = _LEADING_SLASHES.sub(lambda m: "/" + "%2F" * len(m[1]), path, count=1)
    _verify(pattern, path, texts)
    return path


def _refuse_unknown(pattern: PathPattern, values: dict[str, object]) -> None:
    known = [variable.name for variable in pattern.variables]
    for name, value in values.items():
        if name not in known:
            has = ", ".join(map(repr, known)) if known else "no variables"
            raise UnknownPartError(
                f"The path {pattern.path!r} has no variable {name!r} (given {value!r}); it has "
                f"{has}.",
                pattern.path,
                name,
                value,
            )


def _text_of(pattern: PathPattern, variable: Variable, values: dict[str, object]) -> str:
    """Return the text of the value for ``variable``, not encoded."""
    name = variable.name
    if name not in values:
        if unknown := values.keys() - {v.name for v in pattern.variables}:
            _refuse_unknown(pattern, {key: values[key] for key in sorted(unknown)})
        raise MissingPartError(
            f"The path {pattern.path!r} needs a value for {name!r}. Pass {name}=...",
            pattern.path,
            name,
        )
    value = values[name]
    if variable.converter is None:
        return _plain_text(pattern, name, value)
    return _converted_text(pattern, variable, variable.converter, value)


def _converted_text(
    pattern: PathPattern, variable: Variable, converter: Converter[object], value: object
) -> str:
    """Return the text that the converter reads back as ``value``.

    A ``str`` may also be the text itself, if the converter makes another type of it.
    """
    name = variable.name
    try:
        text = _format(converter, value)
    except (TypeError, AttributeError) as caught:
        error = _refused(PartTypeError, pattern, name, value, str(caught))
        error.__cause__ = caught
    except NO_VALUE as caught:
        error = _refused(MismatchError, pattern, name, value, str(caught))
        error.__cause__ = caught
    else:
        fault = _fault(variable, converter, text, value)
        if fault is None:
            return text
        error = _refused(MismatchError, pattern, name, value, fault)
    if isinstance(value, str):
        text = str.__str__(value)
        try:
            if not isinstance(converter.parse(text), str):
                return text
        except NO_VALUE as caught:
            raise _refused(MismatchError, pattern, name, value, str(caught)) from caught
    raise error


def _fault(
    variable: Variable, converter: Converter[object], text: str, value: object
) -> str | None:
    """Say how ``text``, which the converter wrote for ``value``, is not read back; None if it is.

    That the text does not match an expression of the path's own is for ``_encode`` to say.
    """
    name = repr(converter if variable.converter_name is None else variable.converter_name)
    writes = f"its converter {name} writes {text!r}, which "
    fix = f". Correct {{}} of the converter {name}, or pass a value that it can write"
    if not _takes(converter.regex, text):
        return f"{writes}its expression {converter.regex!r} does not match" + fix.format(
            "the format or the expression"
        )
    fix = fix.format("the format or parse")
    try:
        back = converter.parse(text)
        if _is_read_back(converter, text, back, value):
            return None
    except NO_VALUE as caught:
        return f"{writes}it does not read back: {caught}" + fix
    return f"{writes}reads back as {back!r}" + fix


def _format(converter: Converter[object], value: object) -> str:
    text: object = converter.format(value)
    if not isinstance(text, str):
        raise TypeError(f"the format of its converter returned {text!r}, not a str")
    return text


def _is_read_back(converter: Converter[object], text: str, back: object, value: object) -> bool:
    """Return True if ``back`` is ``value``, or cannot be told from it."""
    if back is value or bool(back == value):
        return True
    # Objects that are compared by identity are the same if they have the same text.
    by_identity = type(back).__eq__ is object.__eq__ and type(back) is type(value)
    return by_identity and _format(converter, back) == text


def _refused(
    error: type[BuildError], pattern: PathPattern, name: str, value: object, why: str
) -> BuildError:
    message = f"{name}={value!r} does not fit the path {pattern.path!r}: {why}."
    return error(message, pattern.path, name, value)


def _plain_text(pattern: PathPattern, name: str, value: object) -> str:
    """Return the text of a value whose type has exactly one notation."""
    if isinstance(value, str):
        return str.__str__(value)  # for a ``(str, Enum)`` member its value, not its name
    if isinstance(value, int) and not isinstance(value, bool):
        return int.__repr__(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return value.as_posix()
    from decimal import Decimal  # imported on first use: it is slow to import

    if isinstance(value, (float, Decimal, UUID)):
        return str(value)
    raise PartTypeError(
        f"{name}={value!r} is a {type(value).__name__}, for which the path {pattern.path!r} has no "
        f"text. Pass a str, int, float, Decimal, UUID, date or PurePath, or give {{{name}}} a "
        "converter.",
        pattern.path,
        name,
        value,
    )


def _encode(pattern: PathPattern, variable: Variable, text: str, value: object) -> str:
    """Return ``text`` percent-encoded; keep its slashes if the variable takes slashes."""
    try:
        slash = "/" in text and _matches(variable.regex, escape_value(text))
        if not slash and not _takes(variable.regex, text):
            what = "it" if isinstance(value, str) and value == text else f"its text {text!r}"
            why = f"{what} does not match {variable.regex!r} as a whole"
            raise _refused(MismatchError, pattern, variable.name, value, why)
        return encode_value(text, slash=slash)
    except UnicodeEncodeError as error:
        why = f"{error.reason} cannot be part of a URL"
        raise _refused(MismatchError, pattern, variable.name, text, why) from None


def _takes(regex: str, text: str) -> bool:
    """Return True if ``regex`` matches ``text`` in a path, with slashes as they are or escaped."""
    safe = escape_value(text)
    return _matches(regex, safe) or ("/" in safe and _matches(regex, safe.replace("/", "%2F")))


def _matches(regex: str, safe: str) -> bool:
    try:
        return re.fullmatch(regex, safe) is not None
    except re.error:
        return True  # well formed only inside the whole pattern, which ``_verify`` matches


def _verify(pattern: PathPattern, path: str, texts: dict[str, str]) -> None:
    if "/." in path and not {".", ".."}.isdisjoint(path.split("/")):
        raise MismatchError(
            f"The path {pattern.path!r} with {texts!r} is {path!r}, in which clients remove the "
            "dot segments. Do not pass `.` or `..` as a segment.",
            pattern.path,
            next(iter(texts)),
            texts,
        )
    segments = pattern.segments
    if segments is not None and not any(isinstance(s, (Mixed, Tail)) for s in segments):
        return  # each value has a segment of its own and was checked there
    found = pattern.match(decode_safe(path))
    wrong = [name for name in texts if found is None or found.get(name) != texts[name]]
    if wrong:
        reads = "is not matched by it" if found is None else f"reads back as {found!r}"
        raise MismatchError(
            f"The path {pattern.path!r} with {texts!r} is {path!r}, which {reads}. "
            f"Change {wrong[0]!r}, or the pattern so that its variables cannot be confused.",
            pattern.path,
            wrong[0],
            texts[wrong[0]],
        )
