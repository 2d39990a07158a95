"""Header values of the form ``value; key=value; key="value"`` (RFC 9110 section 5.6.6).

The functions take text, return parameters in order, and refuse text outside the grammar. Each
character matches these regular expressions in one way only, so their cost is linear for any input.
They read Content-Type and, for ``_disposition``, Content-Disposition.
"""

import re

from ._errors import MalformedError

__all__ = [
    "Parameter",
    "boundary_of",
    "check_boundary",
    "parse_options_header",
    "split_parameters",
    "unquote_pairs",
]

# (lower-case key, value without its quotes but with its escapes, True if it was quoted)
Parameter = tuple[str, str, bool]

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
# RFC 2046 section 5.1.1: the characters of a boundary, without the blank. Those that are not in a
# token must be quoted, but mailers and hand-made clients do not: ``boundary=----=_Part_1``.
_BOUNDARY = rf"(?:{_TOKEN}|[()/:=?,])"
_PARAMETER = re.compile(
    rf"[ \t]*+;[ \t;]*+(?:((?i:(boundary))(?!{_TOKEN})|{_TOKEN}++)[ \t]*+=[ \t]*+"
    rf'(?:"([^"\\]*+(?:\\.[^"\\]*+)*)"|((?(2){_BOUNDARY}|{_TOKEN})++)))?',
    re.DOTALL,
)
# For browsers that do not escape: a string ends at the next quote, and any text may be unquoted.
_LOOSE_PARAMETER = re.compile(
    rf'[ \t]*+;[ \t;]*+(?:({_TOKEN}++)()?[ \t]*+=[ \t]*+(?:"([^"]*+)"|([^;"]*+)))?', re.DOTALL
)
_MEDIA_TYPE = re.compile(rf"[ \t]*+({_TOKEN}++/{_TOKEN}++)")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)

# RFC 2046 section 5.1.1: "no longer than 70 characters, not counting the two leading hyphens".
_MAX_BOUNDARY = 70


def split_parameters(text: str, start: int, *, loose: bool = False) -> list[Parameter]:
    """Return the parameters of ``text``; the first ``;`` is expected at ``start``.

    Empty parameters (``a;;b=c;``) are skipped. Raises ``MalformedError``.
    """
    pattern = _LOOSE_PARAMETER if loose else _PARAMETER
    found: list[Parameter] = []
    while (match := pattern.match(text, start)) is not None:
        start = match.end()
        key, _, quoted, token = match.groups()
        if key is not None:
            found.append(
                (key.lower(), token.strip(" \t"), False)
                if quoted is None
                else (key.lower(), quoted, True)
            )
    if text[start:].strip(" \t"):
        raise MalformedError(
            f"header value {text[:100]!a} is malformed at character {start}: "
            'expected `; key=token` or `; key="text"`'
        )
    return found


def unquote_pairs(text: str) -> str:
    """Undo the backslash escapes of a quoted-string."""
    return _QUOTED_PAIR.sub(r"\1", text) if "\\" in text else text


def parse_options_header(value: str) -> tuple[str, dict[str, str]]:
    """Split a Content-Type value into its lower-case media type and its parameters.

    >>> parse_options_header('Multipart/Form-Data; boundary="a b"')
    ('multipart/form-data', {'boundary': 'a b'})

    Raises ``MalformedError`` for a value outside the grammar of RFC 9110 section 8.3.1, and for a
    repeated parameter: two readers could each use another one.
    """
    match = _MEDIA_TYPE.match(value)
    if match is None:
        raise MalformedError(f"{value[:100]!a} does not start with a media type")
    params: dict[str, str] = {}
    for key, raw, quoted in split_parameters(value, match.end()):
        if key in params:
            raise MalformedError(f"parameter {key} is repeated in {value[:100]!a}")
        params[key] = unquote_pairs(raw) if quoted else raw
    return match[1].lower(), params


def boundary_of(content_type: str | bytes) -> bytes:
    """Return the boundary from the Content-Type of a multipart body.

    Raises ``MalformedError`` if the type is not ``multipart/*``, or if the boundary is absent,
    empty, longer than 70 characters, or has characters that are not safe in a delimiter line.
    """
    if isinstance(content_type, bytes):
        content_type = content_type.decode("latin-1")
    media_type, params = parse_options_header(content_type)
    if not media_type.startswith("multipart/"):
        raise MalformedError(f"{media_type[:100]} is not a multipart type")
    if "boundary" not in params:
        raise MalformedError(f"{media_type[:100]} has no boundary parameter")
    return check_boundary(params["boundary"])


def check_boundary(boundary: bytes | str) -> bytes:
    """Return a boundary as bytes. Raises ``MalformedError``.

    RFC 2046 allows only a few punctuation characters, but clients use more (many upload tutorials
    have ``*****``), and every visible ASCII character is safe.
    """
    text = boundary.decode("latin-1") if isinstance(boundary, bytes) else boundary
    if not 1 <= len(text) <= _MAX_BOUNDARY:
        raise MalformedError(
            f"the boundary has {len(text)} characters; RFC 2046 allows 1 to {_MAX_BOUNDARY}"
        )
    if not text.isascii() or not text.isprintable() or text.endswith(" "):
        raise MalformedError(
            f"boundary {text!a} may only have visible ASCII characters and inner spaces"
        )
    return text.encode("ascii")
