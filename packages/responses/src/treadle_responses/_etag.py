"""Entity tags (RFC 9110 section 8.8.3): a value, its field form, and back.

``ETag("*")`` is the wildcard of If-Match and If-None-Match and is written without quotes. ``"*"``
with quotes is an ordinary tag, ``ETag("*", is_quoted=True)``.
"""

import re
from dataclasses import dataclass, field
from typing import Final, final

from ._headers import shown

__all__ = ["ETag", "build_etag", "format_etag", "parse_etag"]

_ANY: Final = "*"
# RFC 9110 section 8.8.3: etagc = %x21 / %x23-7E / obs-text
_BAD: Final = re.compile(r"[^!\x23-\x7e\x80-\xff]")
_QUOTED: Final = re.compile(r'(W/)?"([!\x23-\x7e\x80-\xff]*)"')


@final
@dataclass(frozen=True, slots=True)
class ETag:
    """An entity tag: its value without quotes; a weak one promises only equivalence.

    ``is_quoted`` distinguishes the ordinary tag ``"*"`` from the wildcard ``ETag("*")``. Leave it
    out for every other value.
    """

    value: str
    is_weak: bool = False
    is_quoted: bool = field(default=False, kw_only=True)

    def __repr__(self) -> str:
        quoted = ", is_quoted=True" if self.is_quoted else ""
        return f"ETag(value={self.value!r}, is_weak={self.is_weak}{quoted})"


def format_etag(tag: ETag | str) -> str:
    """Return the field value of a tag; a ``str`` is the value of a strong tag.

    Raises ``ValueError`` for a forbidden character, and for anything but an ``ETag`` or a ``str``.
    """
    if isinstance(tag, str):
        tag = ETag(tag)
    if not isinstance(tag, ETag) or not isinstance(tag.value, str):
        # aiohttp's users catch a ValueError here.
        raise ValueError(  # noqa: TRY004
            f"Unsupported etag type: {type(tag)}. etag must be str, ETag or None, not {shown(tag)}"
        )
    if tag.value == _ANY and not tag.is_quoted:
        return _ANY
    bad = _BAD.search(tag.value)
    if bad is not None:
        raise ValueError(
            f"Value {shown(tag.value)} is not a valid etag: it has {bad[0]!r} at position "
            f"{bad.start()}. It is given without quotes, and RFC 9110 section 8.8.3 allows no "
            "spaces or controls"
        )
    return f'W/"{tag.value}"' if tag.is_weak else f'"{tag.value}"'


def parse_etag(value: str | None) -> ETag | None:
    """Return the tag in an ETag field, None if the field is absent or malformed."""
    if value is None:
        return None
    if value == _ANY:
        return ETag(_ANY)
    found = _QUOTED.fullmatch(value)
    return None if found is None else build_etag(found)


def build_etag(found: re.Match[str]) -> ETag:
    """Return the tag of a match with two groups, the prefix ``W/`` and the value."""
    weak, value = found.groups()
    if value == _ANY:
        return ETag(value, weak is not None, is_quoted=True)
    return ETag(value, weak is not None)
