"""Header values of the form ``value; key=value; key="value"`` (RFC 9110 section 5.6.6).

Takes text, returns parameters in order, refuses what the grammar does not cover. In the regular
expressions here each character can match in one way only, so their cost is linear whatever the
input. Called for Content-Type and, by ``_disposition``, Content-Disposition.
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

# (lower-case key, value without its quotes but with its escapes, was it quoted?)
Parameter = tuple[str, str, bool]

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_PARAMETER = re.compile(
    rf"[ \t]*+;[ \t]*+(?:({_TOKEN}++)[ \t]*+=[ \t]*+"
    rf'(?:"([^"\\]*+(?:\\.[^"\\]*+)*)"|({_TOKEN}++)))?',
    re.DOTALL,
)
# What browsers write where they should escape: a string ends at the next quote; anything may
# stand unquoted.
_LOOSE_PARAMETER = re.compile(
    rf'[ \t]*+;[ \t]*+(?:({_TOKEN}++)[ \t]*+=[ \t]*+(?:"([^"]*+)"|([^;"]*+)))?', re.DOTALL
)
_MEDIA_TYPE = re.compile(rf"[ \t]*+({_TOKEN}++/{_TOKEN}++)")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)

# RFC 2046 section 5.1.1: "no longer than 70 characters, not counting the two leading hyphens".
_MAX_BOUNDARY = 70


def split_parameters(text: str, start: int, *, loose: bool = False) -> list[Parameter]:
    """The parameters of ``text`` from ``start``, which is where the first ``;`` may stand.

    Empty parameters (``a;;b=c;``) are skipped. Raises ``MalformedError``.
    """
    pattern = _LOOSE_PARAMETER if loose else _PARAMETER
    found: list[Parameter] = []
    while (match := pattern.match(text, start)) is not None:
        start = match.end()
        key, quoted, token = match.groups()
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

    Raises ``MalformedError`` for a value outside the grammar of RFC 9110 section 8.3.1 and for a
    parameter given twice: two readers could each believe another one.
    """
    match = _MEDIA_TYPE.match(value)
    if match is None:
        raise MalformedError(f"{value[:100]!a} does not start with a media type")
    params: dict[str, str] = {}
    for key, raw, quoted in split_parameters(value, match.end()):
        if key in params:
            raise MalformedError(f"parameter {key} stands twice in {value[:100]!a}")
        params[key] = unquote_pairs(raw) if quoted else raw
    return match[1].lower(), params


def boundary_of(content_type: str | bytes) -> bytes:
    """The boundary that a multipart Content-Type announces.

    Raises ``MalformedError`` if the type is not multipart/*, or the boundary is absent, empty,
    longer than 70 characters, or has characters that no line of a body can carry safely.
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
    """A boundary as bytes. Raises ``MalformedError``.

    RFC 2046 allows a few punctuation characters only, but real clients use more (``*****`` is in
    many an upload tutorial), and any visible ASCII character is as safe.
    """
    text = boundary.decode("latin-1") if isinstance(boundary, bytes) else boundary
    if not 1 <= len(text) <= _MAX_BOUNDARY:
        raise MalformedError(
            f"the boundary has {len(text)} characters; RFC 2046 wants 1 to {_MAX_BOUNDARY}"
        )
    if not text.isascii() or not text.isprintable() or text.endswith(" "):
        raise MalformedError(
            f"boundary {text!a} may only have visible ASCII characters and inner spaces"
        )
    return text.encode("ascii")
