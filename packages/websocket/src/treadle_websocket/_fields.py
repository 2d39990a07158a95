"""Read header fields of the opening handshake: lists, tokens, extension offers.

The functions take text that was decoded as Latin-1, because that gives every byte a character and
never fails. They return None for a field that breaks its grammar; ``_handshake`` decides what to
do. All take time in proportion to the length of the field.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from ._errors import WSMessageTypeError

__all__ = ["ExtensionOffer", "group_fields", "is_token", "parse_extensions", "split_list"]

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 section 5.6.2
_SPACE: Final = re.compile(r"[ \t]*")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')


class ExtensionOffer(NamedTuple):
    """One element of Sec-WebSocket-Extensions: its name and its parameters, in order."""

    name: str
    parameters: tuple[tuple[str, str | None], ...]


def is_token(text: str) -> bool:
    """Return True if ``text`` is a token of RFC 9110 section 5.6.2."""
    return _TOKEN.fullmatch(text) is not None


def group_fields(headers: Iterable[tuple[str | bytes, str | bytes]]) -> dict[str, list[str]]:
    """Group field values by lower-case name, without the white space around each value.

    Raises ``WSMessageTypeError`` for anything but pairs of text or bytes.
    """
    fields: dict[str, list[str]] = {}
    try:
        for name, value in headers:
            key = name.decode("latin-1") if isinstance(name, bytes) else name
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            fields.setdefault(key.lower(), []).append(text.strip(" \t"))
    except (AttributeError, TypeError, ValueError) as exc:
        # A mapping, for example: its iterator gives names alone.
        raise WSMessageTypeError(
            f"headers must be pairs (name, value) of str or bytes, not {type(headers).__name__} of"
            " something else; of a mapping, pass its items()"
        ) from exc
    return fields


def split_list(values: Iterable[str]) -> list[str]:
    """Return the elements of comma-separated fields, without empty ones."""
    return [item for value in values for part in value.split(",") if (item := part.strip(" \t"))]


def parse_extensions(values: Iterable[str]) -> list[ExtensionOffer] | None:
    """Parse Sec-WebSocket-Extensions (RFC 6455 section 9.1); None if it is malformed.

    That section demands that a quoted parameter value without its quotes is a token.
    """
    offers: list[ExtensionOffer] = []
    for value in values:
        pos = _skip(value, 0)
        while pos < len(value):
            if value[pos] == ",":
                pos = _skip(value, pos + 1)
                continue
            found = _parse_offer(value, pos)
            if found is None:
                return None
            offer, pos = found
            if pos < len(value) and value[pos] != ",":
                return None
            offers.append(offer)
    return offers


def _parse_offer(text: str, pos: int) -> tuple[ExtensionOffer, int] | None:
    name = _TOKEN.match(text, pos)
    if name is None:
        return None
    pos = _skip(text, name.end())
    parameters: list[tuple[str, str | None]] = []
    while text[pos : pos + 1] == ";":
        key = _TOKEN.match(text, _skip(text, pos + 1))
        if key is None:
            return None
        pos = _skip(text, key.end())
        if text[pos : pos + 1] != "=":
            parameters.append((key.group().lower(), None))
            continue
        found = _parse_value(text, _skip(text, pos + 1))
        if found is None:
            return None
        value, pos = found
        parameters.append((key.group().lower(), value))
    return ExtensionOffer(name.group().lower(), tuple(parameters)), pos


def _parse_value(text: str, pos: int) -> tuple[str, int] | None:
    token = _TOKEN.match(text, pos)
    if token is not None:
        return token.group(), _skip(text, token.end())
    quoted = _QUOTED.match(text, pos)
    if quoted is None:
        return None
    value = re.sub(r"\\(.)", r"\1", quoted.group(1))
    return (value, _skip(text, quoted.end())) if is_token(value) else None


def _skip(text: str, pos: int) -> int:
    space = _SPACE.match(text, pos)
    return pos if space is None else space.end()
