"""Entity tags and lists of them (RFC 9110 sections 8.8.3, 13.1.1 and 13.1.2).

Lists are read item by item, and reading stops at the first malformed one: text behind it may only
look like a tag, and a precondition that lists too few tags only costs a transfer.
"""

import re
from dataclasses import dataclass
from typing import Final, final

__all__ = ["ETAG_ANY", "ETag", "parse_etag", "parse_etags", "validate_etag_value"]

#: The value of the tag that stands for ``*``, any current representation.
ETAG_ANY: Final = "*"

# etagc: every visible character except the quote, and obs-text.
_VALUE: Final = re.compile(r"[^\x00-\x20\"\x7f]*")
_TAG: Final = re.compile(rf'(W/)?"({_VALUE.pattern})"')
_ITEM: Final = re.compile(rf"[ \t,]*{_TAG.pattern}[ \t]*(?=,|\Z)")


@final
@dataclass(frozen=True, slots=True)
class ETag:
    """An entity tag: the opaque ``value`` without its quotes; ``is_weak`` for ``W/``."""

    value: str
    is_weak: bool = False

    def matches(self, other: "ETag") -> bool:
        """Return True if both are strong and equal: the comparison of If-Match and If-Range."""
        return not self.is_weak and not other.is_weak and self.value == other.value

    def matches_weakly(self, other: "ETag") -> bool:
        """Return True if the values are equal: the comparison of If-None-Match."""
        return self.value == other.value

    def __str__(self) -> str:
        """Return the tag as a field value; ``validate_etag_value`` checks it."""
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
    return None if match is None else ETag(match[2], match[1] is not None)


def parse_etags(value: str) -> tuple[ETag, ...]:
    """Return the tags of an If-Match or If-None-Match field, up to the first malformed item.

    A field that is only ``*`` gives ``(ETag("*"),)``. The tag ``"*"`` with quotes is left out of
    the result, because it would mean any tag there.
    """
    if value.strip(" \t") == ETAG_ANY:
        return (ETag(ETAG_ANY),)
    tags = []
    match = _ITEM.match(value)
    while match is not None:
        if match[2] != ETAG_ANY:
            tags.append(ETag(match[2], match[1] is not None))
        match = _ITEM.match(value, match.end())
    return tuple(tags)
