"""Media types with parameters, as in Content-Type (RFC 9110 section 8.3).

One pattern reads the value from left to right and matches at the current position only, so that it
looks at each character at most a constant number of times.
"""

import functools
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

__all__ = ["OCTET_STREAM", "MimeType", "parse_content_type", "parse_mimetype"]

#: The type of a body without a readable Content-Type (RFC 9110 section 8.3).
OCTET_STREAM: Final = "application/octet-stream"

_TOKEN: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_TYPE: Final = re.compile(rf"[ \t]*({_TOKEN}/{_TOKEN})[ \t]*(?=;|\Z)")
_PARAMETER: Final = re.compile(
    rf";[ \t]*(?:({_TOKEN})[ \t]*=[ \t]*(?:({_TOKEN})|\"((?:[^\"\\]|\\.)*)\")[ \t]*(?=;|\Z))?"
)
_QUOTED_PAIR: Final = re.compile(r"\\(.)")


def parse_content_type(raw: str) -> tuple[str, dict[str, str]]:
    """Return the lower-cased media type and its parameters, names lower-cased.

    A value without exactly one valid ``type/subtype`` gives ``OCTET_STREAM``. A malformed parameter
    is left out, and the first of a repeated one counts.
    """
    match = _TYPE.match(raw)
    if match is None:
        return OCTET_STREAM, {}
    parameters: dict[str, str] = {}
    position = match.end()
    while position < len(raw):
        found = _PARAMETER.match(raw, position)
        if found is None:
            # Not at a ``;``: the previous parameter was malformed. Continue at the next one.
            position = raw.find(";", position)
            if position < 0:
                break
            continue
        name, token, quoted = found.groups()
        if name is not None:
            text = token if token is not None else _QUOTED_PAIR.sub(r"\1", quoted)
            parameters.setdefault(name.lower(), text)
        position = found.end()
    return match[1].lower(), parameters


class MimeType(NamedTuple):
    """The parts of a media type.

    ``image/svg+xml;a=b`` has the type ``image``, the subtype ``svg``, the suffix ``xml`` (RFC 6838
    section 4.2.8) and one parameter.
    """

    type: str
    subtype: str
    suffix: str
    parameters: Mapping[str, str]


# Programs ask for the same few types: a repeated call takes a twentieth of the time.
@functools.lru_cache(maxsize=64)
def parse_mimetype(mimetype: str) -> MimeType:
    """Return the parts of a media type or range, all lower-cased except values of parameters.

    ``*`` is read as ``*/*``, and a type without a slash has an empty subtype. Malformed parameters
    are left out as in ``parse_content_type``; a malformed type ends at its first semicolon.
    """
    name, semicolon, rest = mimetype.partition(";")
    name = name.strip(" \t").lower()
    if name == "*":
        name = "*/*"
    kind, _, subtype = name.partition("/")
    subtype, _, suffix = subtype.partition("+")
    # Put a valid type before the parameters, so that they are read behind a malformed one too.
    _, parameters = parse_content_type(f"*/*{semicolon}{rest}")
    return MimeType(kind, subtype, suffix, MappingProxyType(parameters))
