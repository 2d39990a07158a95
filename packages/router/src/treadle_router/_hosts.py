"""Host rules: the Host fields that a set of routes answers for.

``example.com`` is that host on every port, ``example.com:8080`` only on that port. ``*`` matches
any characters, dots too: ``*.example.com`` matches ``a.b.example.com`` but not ``example.com``.
Case and one final dot are ignored; names that are not ASCII are compared in their IDNA form.

Matching is linear in the host and never raises, whatever a peer sends.
"""

import re
from typing import Final, final

from ._errors import HostError

__all__ = ["HostPattern"]

# RFC 1123, section 2.1: letters, digits, hyphens inside; 63 characters at most.
_LABEL: Final = re.compile(r"(?!-)[a-z0-9*-]{1,63}(?<!-)")
_PORT: Final = re.compile(r"[0-9]{1,5}")


@final
class HostPattern:
    """One host rule, immutable."""

    __slots__ = ("_parts", "host", "port")

    def __init__(self, pattern: str) -> None:
        """Parse ``pattern``; raises ``TypeError`` or ``HostError``."""
        if not isinstance(pattern, str):
            raise TypeError(f"A host rule must be a str, not {pattern!r}")
        host, colon, port = pattern.lower().partition(":")
        host = host.rstrip(".")
        if "://" in pattern:
            raise HostError(f"{pattern!r} has a scheme: give the host only.", pattern)
        if not host:
            raise HostError(f"{pattern!r} has no host in it: give one like 'example.com'.", pattern)
        if colon and (_PORT.fullmatch(port) is None or int(port) > 65535):
            raise HostError(f"{pattern!r} has a bad port: give a number up to 65535.", pattern)
        if not host.isascii():
            try:
                host = host.encode("idna").decode()
            except UnicodeError as error:
                raise HostError(
                    f"{pattern!r} is not an international name: {error}.", pattern
                ) from None
        for label in host.split("."):
            if _LABEL.fullmatch(label) is None:
                raise HostError(
                    f"{pattern!r} is not a host: {label!r} must be 1 to 63 letters, digits and "
                    "inner hyphens, or contain `*`.",
                    pattern,
                )
        self.host: Final = host
        self.port: Final = port or None
        self._parts: Final = tuple(host.split("*"))

    @property
    def canonical(self) -> str:
        """The rule in lower case, with its port if it has one."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def match(self, host: str) -> bool:
        """Return True if the rule matches the value of a Host field, with or without port."""
        name, _, port = host.lower().partition(":")
        if self.port is not None and port != self.port:
            return False
        name = name.removesuffix(".")
        first, *others = self._parts
        if not others:
            return name == first
        return _glob(name, first, others)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HostPattern) and other.canonical == self.canonical

    def __hash__(self) -> int:
        return hash(self.canonical)

    def __reduce__(self) -> tuple[object, ...]:
        return HostPattern, (self.canonical,)

    def __repr__(self) -> str:
        return f"<HostPattern {self.canonical}>"


def _glob(name: str, first: str, others: list[str]) -> bool:
    """Match the texts around the stars, each at its first possible place; linear, unlike ``.*``."""
    last = others.pop()
    end = len(name) - len(last)
    position = len(first)
    if end < position or not name.startswith(first) or not name.endswith(last):
        return False
    for part in others:
        found = name.find(part, position, end)
        if found < 0:
            return False
        position = found + len(part)
    return True
