"""The Cookie field (RFC 6265 section 5.4, read as tolerantly as browsers send it).

One pass: each pair is cut at the next ``;``, unless its value begins with a quote that is closed
before one. Cookies come from many hands, so a bad pair is skipped and the later ones survive.
"""

import re
from typing import Final

__all__ = ["parse_cookies"]

# RFC 6265 names are tokens; what servers really set also has the characters of RFC 2616's
# separators, except those that would end the pair or the header.
_NAME: Final = re.compile(r"[^\x00-\x20\x7f=;,\"]+")
# A quoted value with backslash escapes, and whether its pair ends behind it.
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"([ \t]*(?:;|\Z))?')
_ESCAPE: Final = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))", re.DOTALL)


def parse_cookies(value: str) -> list[tuple[str, str]]:
    """Return the cookies in order, names and values as sent, duplicates included.

    Quotes around a value and the escapes inside them are removed. Pairs without a name or without
    ``=`` are dropped.
    """
    cookies = []
    position = 0
    size = len(value)
    # A quote without its partner ends the search for quotes: looking for the partner again from
    # each later pair would make the time quadratic (CVE-2024-7592 was of this kind).
    quotes = True
    while position < size:
        end = value.find(";", position)
        if end < 0:
            end = size
        # Up to the end of the pair only: the next "=" may be far, and every pair would look for it.
        equals = value.find("=", position, end)
        if equals < 0:
            position = end + 1
            continue
        name = value[position:equals].strip(" \t")
        start = equals + 1
        while value.startswith((" ", "\t"), start):
            start += 1
        text = value[start:end].rstrip(" \t")
        if quotes and value.startswith('"', start):
            match = _QUOTED.match(value, start)
            if match is None:
                quotes = False
            elif match[2] is not None:
                end = match.end(1) + 1 + match[2].find(";") if ";" in match[2] else size
                text = _ESCAPE.sub(_unescape, match[1]) if "\\" in match[1] else match[1]
        if _NAME.fullmatch(name) is not None:
            cookies.append((name, text))
        position = end + 1
    return cookies


def _unescape(match: re.Match[str]) -> str:
    octal: str | None = match[1]
    return match[2] if octal is None else chr(int(octal, 8))
