"""Entity tags and lists of them (RFC 9110 sections 8.8.3, 13.1.1 and 13.1.2).

Lists are read item by item, and reading stops at the first malformed item: text behind it may only
look like a tag, and a precondition that lists too few tags only costs a transfer.
"""

import re
from dataclasses import dataclass, field
from typing import Final, final

__all__ = ["ETAG_ANY", "ETag", "parse_etag", "parse_etags", "validate_etag_value"]

#: The value of the wildcard ``ETag("*")``, which stands for any current representation.
ETAG_ANY: Final = "*"

# etagc: every visible character except the quote, and obs-text.
_VALUE: Final = re.compile(r"[^\x00-\x20\"\x7f]*")
_TAG: Final = re.compile(rf'(W/)?"({_VALUE.pattern})"')
_ITEM: Final = re.compile(rf"[ \t,]*{_TAG.pattern}[ \t]*(?=,|\Z)")


@final
@dataclass(frozen=True, slots=True)
class ETag:
    """An entity tag: the opaque ``value`` without its quotes; ``is_weak`` for ``W/``.

    ``ETag("*")`` is the wildcard. ``is_quoted`` distinguishes the ordinary tag ``"*"``, with
    quotes, from it. Leave it out for every other value.
    """

    value: str
    is_weak: bool = False
    is_quoted: bool = field(default=False, kw_only=True)

    def __repr__(self) -> str:
        quoted = ", is_quoted=True" if self.is_quoted else ""
        return f"ETag(value={self.value!r}, is_weak={self.is_weak}{quoted})"

    def matches(self, other: "ETag") -> bool:
        """Return True if both are strong and equal: the comparison of If-Match and If-Range."""
        return not self.is_weak and not other.is_weak and self.matches_weakly(other)

    def matches_weakly(self, other: "ETag") -> bool:
        """Return True if the values are equal: the comparison of If-None-Match."""
        return self.value == other.value and self.is_quoted == other.is_quoted

    def __str__(self) -> str:
        """Return the tag as a field value; call ``validate_etag_value`` first to check it."""
        if self.value == ETAG_ANY and not self.is_quoted:
            return ETAG_ANY
        return f'W/"{self.value}"' if self.is_weak else f'"{self.value}"'


def validate_etag_value(value: str) -> None:
    """Raise ``ValueError`` if ``value`` has a quote, white space or a control character."""
    end = _VALUE.match(value)
    if end is not None and end.end() != len(value):
        place = end.end()
        raise ValueError(
            f"An entity tag cannot have {value[place]!r} (at {place} in {value!r}): "
            "give it without quotes, white space and control characters"
        )


def parse_etag(value: str) -> ETag | None:
    """Return the one tag of an ETag or If-Range field, or None for anything else."""
    match = _TAG.fullmatch(value)
    return None if match is None else _build(match)


def parse_etags(value: str) -> tuple[ETag, ...]:
    """Return the tags of an If-Match or If-None-Match field, up to the first malformed item.

    A field that is only ``*`` gives ``(ETag("*"),)``, the wildcard. ``"*"`` with quotes is an
    ordinary tag and has ``is_quoted``.
    """
    if value.strip(" \t") == ETAG_ANY:
        return (ETag(ETAG_ANY),)
    tags = []
    match = _ITEM.match(value)
    while match is not None:
        tags.append(_build(match))
        match = _ITEM.match(value, match.end())
    return tuple(tags)


def _build(match: re.Match[str]) -> ETag:
    weak, value = match.groups()
    return ETag(value, weak is not None, is_quoted=value == ETAG_ANY)
