"""Host rules: the Host fields that a set of routes answers for.

================================  ==================================================================
``example.com``                   that host, on every port
``example.com:8080``              only on that port; a Host field without a port has none
``*.example.com``                 ``*`` matches any characters, dots too: ``a.b.example.com``
``{tenant}.example.com``          a variable takes one label, and is a value of the match
``api-{id!int}.example.com``      or a part of one; with a converter or an expression as in paths
``[::1]``, ``[::1]:8080``         an IPv6 address in any notation
``bücher.example``                compared in its IDNA form, ``xn--bcher-kva.example``
================================  ==================================================================

Case and one final dot are ignored. Variables take lower case, as hosts have no other. A label has
at most one variable, and a rule with variables no ``*``.

Matching never raises, whatever a peer sends, and is linear in the host, but for expressions of the
user's own.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final, final

from ._converters import CONVERTERS, NO_VALUE, Converter
from ._errors import HostError, PathError
from ._pattern import closing_brace, read_pieces
from ._segments import Variable

__all__ = ["HostPattern"]

# RFC 1123, section 2.1: letters, digits, hyphens inside; 63 characters at most.
_LABEL: Final = re.compile(r"(?!-)[a-z0-9*-]{1,63}(?<!-)")
_PORT: Final = re.compile(r"[0-9]{1,5}")
# The text of ``{name}``.
_ANY_LABEL: Final = "[a-z0-9_-]+"
# Letters that Python's codec (IDNA 2003) replaces, and clients (IDNA 2008) keep.
_KEPT: Final = re.compile("[\u00df\u03c2]")
#: Behind this length no notation of an IPv6 address ends.
_LONGEST_ADDRESS: Final = 45


@final
class HostPattern:
    """One host rule, immutable."""

    __slots__ = ("_converters", "_given", "_labels", "_parts", "host", "port", "variables")

    def __init__(
        self, pattern: str, converters: Mapping[str, Converter[object]] = CONVERTERS
    ) -> None:
        """Parse ``pattern``; raises ``TypeError`` or ``HostError``."""
        if not isinstance(pattern, str):
            raise TypeError(f"A host rule must be a str, not {pattern!r}")
        if "://" in pattern:
            raise HostError(f"{pattern!r} has a scheme: give the host only.", pattern)
        self._given: Final = pattern
        self._converters: Final = converters
        pieces = _pieces(pattern, converters)
        self.variables: Final = tuple(piece for piece in pieces if isinstance(piece, Variable))
        # Each variable as one brace, so that all other characters are fixed text.
        shape = "".join("{" if isinstance(piece, Variable) else piece.lower() for piece in pieces)
        host, port = _parse(pattern, shape)
        self.port: Final[str | None] = port
        _check_variables(pattern, host, self.variables)
        self._parts: Final = tuple(host.split("*"))
        self._labels: Final = _labels(host, self.variables)
        written = iter([_written(pattern, variable) for variable in self.variables])
        self.host: Final = re.sub(r"\{", lambda _: next(written), host)

    @property
    def canonical(self) -> str:
        """The rule in lower case, with its port if it has one."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def match(self, host: str) -> bool:
        """Return True if the rule matches the value of a Host field, with or without port."""
        texts = self.read(host)
        return texts is not None and self.convert(texts) is not None

    def read(self, host: str) -> dict[str, str] | None:
        """Return the text of each variable in the value of a Host field, or None.

        ``convert`` makes values of them, and may still refuse one.
        """
        name, port = _split(host.lower())
        if self.port is not None and port != self.port:
            return None
        name = _same_address(name) if name.startswith("[") else name.removesuffix(".")
        if self.variables:
            return self._read_labels(name)
        first, *others = self._parts
        taken = _glob(name, first, others) if others else name == first
        return {} if taken else None

    def _read_labels(self, name: str) -> dict[str, str] | None:
        labels = name.split(".", len(self._labels))
        if len(labels) != len(self._labels):
            return None
        texts: dict[str, str] = {}
        for wanted, label in zip(self._labels, labels, strict=True):
            if isinstance(wanted, str):
                if label != wanted:
                    return None
            else:
                found = wanted.fullmatch(label)
                if found is None or not label:
                    return None
                texts |= found.groupdict()
        return texts

    def convert(self, texts: Mapping[str, str]) -> dict[str, object] | None:
        """Return the values for the texts of ``read``, or None if a converter refuses one."""
        values: dict[str, object] = {**texts}
        for variable in self.variables:
            if variable.converter is not None:
                try:
                    values[variable.name] = variable.converter.parse(texts[variable.name])
                except NO_VALUE:
                    return None
        return values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HostPattern) and other.canonical == self.canonical

    def __hash__(self) -> int:
        return hash(self.canonical)

    def __reduce__(self) -> tuple[object, ...]:
        names = {variable.converter_name for variable in self.variables}
        used = {name: self._converters[name] for name in names if name is not None}
        return HostPattern, (self._given, used)

    def __repr__(self) -> str:
        return f"<HostPattern {self.canonical}>"


# Parsing a rule


def _pieces(pattern: str, converters: Mapping[str, Converter[object]]) -> list[str | Variable]:
    try:
        return read_pieces(pattern, converters, "host rule")
    except PathError as error:
        raise HostError(error.message, pattern) from None


def _parse(pattern: str, shape: str) -> tuple[str, str | None]:
    """Return host and port of a rule."""
    if shape.count(":") > 1 and not shape.startswith("["):
        raise HostError(
            f"{pattern!r} has more than one colon: write an IPv6 address in brackets, like "
            "'[::1]:8080'.",
            pattern,
        )
    host, port = _split(shape)
    if port is not None and (_PORT.fullmatch(port) is None or int(port) > 65535):
        raise HostError(f"{pattern!r} has a bad port: give a number up to 65535.", pattern)
    port = None if port is None else str(int(port))
    if host.startswith("["):
        address = "" if "{" in host else _same_address(host)
        if address == "":
            raise HostError(
                f"{pattern!r} is not an IPv6 address: give one like '[::1]', without a zone.",
                pattern,
            )
        return address, port
    host = host.removesuffix(".")
    if not host:
        raise HostError(f"{pattern!r} has no host in it: give one like 'example.com'.", pattern)
    labels = [_ascii(pattern, label) for label in host.split(".")]
    for label in labels:
        if _LABEL.fullmatch(label.replace("{", "x")) is None:
            raise HostError(
                f"{pattern!r} is not a host: {label!r} must be 1 to 63 letters, digits and "
                "inner hyphens, or contain `*` or a variable.",
                pattern,
            )
    return ".".join(labels), port


def _check_variables(pattern: str, host: str, variables: tuple[Variable, ...]) -> None:
    names = [variable.name for variable in variables]
    for name in names:
        if names.count(name) > 1:
            raise HostError(f"{pattern!r} has the variable {name!r} twice: rename one.", pattern)
    if variables and "*" in host:
        raise HostError(
            f"{pattern!r} has a `*` and variables: write a variable in place of the `*`.", pattern
        )
    if host.count("{") != len(variables):
        raise HostError(f"{pattern!r} has a variable outside of its host: give the port.", pattern)
    for label in host.split("."):
        if label.count("{") > 1:
            raise HostError(
                f"{pattern!r} has several variables between two dots: keep one of them.", pattern
            )
    for variable in variables:
        try:
            re.compile(variable.regex)
        except re.error as error:
            raise HostError(
                f"{pattern!r} has a bad expression {variable.regex!r} for {variable.name!r}: "
                f"{error}.",
                pattern,
            ) from None


def _ascii(pattern: str, label: str) -> str:
    """Return the IDNA form of a label."""
    if label.isascii():
        return label
    if "{" in label or "*" in label:
        raise HostError(
            f"{pattern!r} has a `*` or a variable beside letters that are not ASCII: write that "
            "label without them, or in its IDNA form.",
            pattern,
        )
    try:
        if _KEPT.search(label):
            plain = unicodedata.normalize("NFC", label)
            return "xn--" + plain.encode("punycode").decode()
        return label.encode("idna").decode()
    except UnicodeError as error:
        raise HostError(f"{pattern!r} is not an international name: {error}.", pattern) from None


def _labels(host: str, variables: tuple[Variable, ...]) -> "tuple[str | re.Pattern[str], ...]":
    """Return the text of each label, or its expression if it has a variable."""
    labels: list[str | re.Pattern[str]] = []
    left = iter(variables)
    for label in host.split("."):
        before, brace, behind = label.partition("{")
        if not brace:
            labels.append(label)
            continue
        variable = next(left)
        regex = _ANY_LABEL if variable.is_default else variable.regex
        labels.append(
            re.compile(f"{re.escape(before)}(?P<{variable.name}>{regex}){re.escape(behind)}")
        )
    return tuple(labels)


def _written(pattern: str, variable: Variable) -> str:
    """Return the variable as it stands in the rule."""
    start = variable.position
    return pattern[start : closing_brace(pattern, start, "host rule") + 1]


# Reading a Host field


def _split(host: str) -> tuple[str, str | None]:
    """Return the name and the port of a host; None for an empty port (RFC 3986 section 3.2.3)."""
    if host.startswith("["):
        name, bracket, rest = host.partition("]")
        if not rest or rest.startswith(":"):
            return name + bracket, _port(rest[1:])
        return host, None
    name, _, port = host.partition(":")
    return name, _port(port)


def _port(text: str) -> str | None:
    return (text.lstrip("0") or "0") if text else None


def _same_address(host: str) -> str:
    """Return the one notation of an IPv6 address in brackets, or ``""`` if it is none."""
    from ipaddress import IPv6Address  # imported on first use: few hosts are addresses

    if len(host) > _LONGEST_ADDRESS + 2 or not host.endswith("]") or "%" in host:
        return ""
    try:
        return f"[{IPv6Address(host[1:-1]).compressed}]"
    except ValueError:
        return ""


def _glob(name: str, first: str, others: list[str]) -> bool:
    """Match the texts around the stars, each at its first possible place; linear, unlike ``.*``."""
    *middle, last = others
    end = len(name) - len(last)
    position = len(first)
    if end < position or not name.startswith(first) or not name.endswith(last):
        return False
    for part in middle:
        found = name.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True
