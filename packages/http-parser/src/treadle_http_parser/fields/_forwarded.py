"""The Forwarded field (RFC 7239 section 4), in which proxies describe the request they received.

Each proxy adds an element, the nearest one the last. A malformed element ends at its mistake, so
that its neighbours keep their places.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["parse_forwarded"]

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# A port behind a token or behind the quotes is not valid, but common.
_PAIR: Final = re.compile(rf'({_TOKEN})=(?:({_TOKEN})|"((?:[^"\\]|\\.)*)")(:[0-9]{{1,5}})?')
_QUOTED_PAIR: Final = re.compile(r"\\(.)")
# White space before a pair: section 4 does not allow it, but proxies write it.
_GAP: Final = re.compile(r"[ \t]*")


def parse_forwarded(value: str) -> tuple[Mapping[str, str], ...]:
    """Return a read-only mapping for each comma-separated element, in order.

    Parameter names are lower-cased, quotes and the escapes in them removed; the last of a repeated
    parameter counts. On bad syntax the rest of its element is skipped; an element without a
    readable parameter is an empty mapping. Join repeated fields with ``", "`` first.
    """
    elements: list[Mapping[str, str]] = []
    position = 0
    while position >= 0:
        element: dict[str, str] = {}
        elements.append(MappingProxyType(element))
        position = _read_element(value, position, element)
    return tuple(elements)


def _read_element(value: str, position: int, element: dict[str, str]) -> int:
    """Read one element; return the position of the next one, -1 if this was the last."""
    size = len(value)
    separated = True
    while position < size:
        gap = _GAP.match(value, position)
        position = position if gap is None else gap.end()
        pair = _PAIR.match(value, position) if separated else None
        if pair is not None:
            name, plain, quoted, port = pair.groups()
            text = plain if plain is not None else _QUOTED_PAIR.sub(r"\1", quoted)
            element[name.lower()] = text + (port or "")
            position = pair.end()
            separated = False
        elif value.startswith(";", position):
            position += 1
            separated = True
        else:
            # The end of the element, or bad syntax: continue behind the next comma.
            comma = value.find(",", position)
            return comma + 1 if comma >= 0 else -1
    return -1
