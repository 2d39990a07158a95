"""Content-Disposition for responses (RFC 6266, 8187) and for the parts of forms (RFC 7578)."""

import re
from typing import Final
from urllib.parse import quote

__all__ = ["content_disposition_header"]

_TOKEN: Final = frozenset(
    "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
# RFC 8187 section 3.2.1: attr-char, without the letters and digits that quote() leaves alone.
_ATTR_CHARS: Final = "!#$&+-.^_`|~"
# The escapes of a form: see ``treadle_multipart.quote_name``, which does the same.
_FORM_ESCAPES: Final = {'"': "%22", "\r": "%0D", "\n": "%0A", "\\": "\\\\"}
_FORM_ESCAPED: Final = re.compile(r'["\r\n\\]|[\ud800-\udfff]')


def content_disposition_header(
    disptype: str,
    quote_fields: bool = True,  # noqa: ARG001  # see the docstring
    _charset: str = "utf-8",
    **params: str,
) -> str:
    """Return the value of a Content-Disposition field.

    ``disptype`` is ``attachment`` or ``inline`` or another token. Parameters are quoted. A
    parameter that is not plain ASCII is sent twice: as ``name*`` in UTF-8 for every current client,
    and as ``name`` with ``_`` for the other characters. In ``form-data``, which has no ``name*``
    (RFC 7578 section 4.2), each is sent once, as browsers do: in UTF-8 with ``%22`` for a quote and
    ``%0D`` and ``%0A`` for a line end. ``quote_fields`` and ``_charset``, with which aiohttp
    chooses between two ways of writing names, have no effect: all readers read this one.

    Raises ``ValueError`` for a disposition or a name that is not a token.

    >>> content_disposition_header("attachment", filename="r\u00e9sum\u00e9.pdf")
    'attachment; filename="r_sum_.pdf"; filename*=UTF-8\\'\\'r%C3%A9sum%C3%A9.pdf'
    >>> content_disposition_header("form-data", name="r\u00e9sum\u00e9")
    'form-data; name="r\u00e9sum\u00e9"'
    """
    is_form = disptype.lower() == "form-data"
    parts = [_check_token("A disposition", disptype)]
    for name, value in params.items():
        plain = _form_text(value) if is_form else "".join(_plain(char) for char in value)
        parts.append(f'{_check_token("A parameter", name)}="{plain}"')
        if plain != value and not is_form:
            encoded = quote(value, safe=_ATTR_CHARS, encoding="utf-8", errors="replace")
            parts.append(f"{name}*=UTF-8''{encoded}")
    return "; ".join(parts)


def _form_text(value: str) -> str:
    return _FORM_ESCAPED.sub(lambda found: _FORM_ESCAPES.get(found[0], "\ufffd"), value)


def _plain(char: str) -> str:
    # Clients read backslash escapes differently, and some decode ``%41``: characters that need
    # either are only in ``filename*`` (RFC 6266 appendix D).
    return char if " " <= char <= "~" and char not in '"\\%' else "_"


def _check_token(what: str, value: str) -> str:
    if not value or not _TOKEN.issuperset(value):
        raise ValueError(
            f"{what} of Content-Disposition is a token such as 'attachment', not {value!r}"
        )
    return value
