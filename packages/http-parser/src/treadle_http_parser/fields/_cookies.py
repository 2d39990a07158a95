"""The Cookie field (RFC 6265 section 5.4, read as tolerantly as browsers send it).

One pass: each pair ends at the next ``;``, unless its value begins with a quote that is closed
before one. Many programs set cookies, so a bad pair is skipped and the later ones are read.
"""

import re
from typing import Final

__all__ = ["parse_cookies"]

# RFC 6265 names are tokens. Servers really set names with the separators of RFC 2616 too, except
# those that would end the pair or the field.
_NAME: Final = re.compile(r"[^\x00-\x20\x7f=;,\"]+")
# A quoted value with backslash escapes, and the end of its pair if that follows.
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"([ \t]*(?:;|\Z))?')
_ESCAPE: Final = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))", re.DOTALL)


def parse_cookies(value: str) -> list[tuple[str, str]]:
    """Return the cookies in order, names and values as sent, duplicates included.

    Quotes around a value and the escapes inside them are removed. Pairs without a name are
    dropped; without ``=`` the value is empty.
    """
    cookies = []
    position = 0
    size = len(value)
    # A quote without its partner ends the search for quotes: a search for the partner from each
    # later pair would make the time quadratic (CVE-2024-7592 was of this kind).
    quotes = True
    while position < size:
        end = value.find(";", position)
        if end < 0:
            end = size
        # Only up to the end of the pair: every pair would search for a "=" that is far away.
        equals = value.find("=", position, end)
        if equals < 0:
            name = value[position:end].strip(" \t")
            if _NAME.fullmatch(name) is not None:
                cookies.append((name, ""))
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
