"""Media types with parameters, as in Content-Type (RFC 9110 section 8.3).

The value is read from left to right by one pattern that matches at the current place only, so no
input makes it look at a character more than a constant number of times.
"""

import re
from typing import Final

__all__ = ["OCTET_STREAM", "parse_content_type"]

#: What a body is when nothing readable says otherwise (RFC 9110 section 8.3).
OCTET_STREAM: Final = "application/octet-stream"

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_TYPE: Final = re.compile(rf"[ \t]*({_TOKEN}/{_TOKEN})[ \t]*(?=;|\Z)")
_PARAMETER: Final = re.compile(
    rf";[ \t]*(?:({_TOKEN})[ \t]*=[ \t]*(?:({_TOKEN})|\"((?:[^\"\\]|\\.)*)\")[ \t]*(?=;|\Z))?"
)
_QUOTED_PAIR: Final = re.compile(r"\\(.)")


def parse_content_type(value: str) -> tuple[str, dict[str, str]]:
    """Return the lower-cased media type and its parameters, names lower-cased.

    A value without exactly one valid ``type/subtype`` gives :data:`OCTET_STREAM`.  A malformed
    parameter is left out, and of a repeated one the first counts.
    """
    match = _TYPE.match(value)
    if match is None:
        return OCTET_STREAM, {}
    parameters: dict[str, str] = {}
    position = match.end()
    while position < len(value):
        found = _PARAMETER.match(value, position)
        if found is None:
            # Not at a `;`: the previous parameter was malformed, go on behind the next one.
            position = value.find(";", position)
            if position < 0:
                break
            continue
        name, token, quoted = found.groups()
        if name is not None:
            text = token if token is not None else _QUOTED_PAIR.sub(r"\1", quoted)
            parameters.setdefault(name.lower(), text)
        position = found.end()
    return match[1].lower(), parameters
