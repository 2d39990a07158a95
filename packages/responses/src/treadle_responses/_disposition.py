"""Content-Disposition for responses (RFC 6266), with file names in any language (RFC 8187)."""

from typing import Final
from urllib.parse import quote

__all__ = ["content_disposition_header"]

_TOKEN: Final = frozenset(
    "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
# RFC 8187 section 3.2.1: attr-char, without the letters and digits that quote() leaves alone.
_ATTR_CHARS: Final = "!#$&+-.^_`|~"


def content_disposition_header(disposition: str, **params: str) -> str:
    """Return the value of a Content-Disposition field.

    ``disposition`` is ``attachment`` or ``inline`` or another token. Parameters are quoted. A
    parameter that is not plain ASCII is sent twice: as ``name*`` in UTF-8 for every current client,
    and as ``name`` with ``_`` for the other characters. Raises ``ValueError`` for a disposition or
    a name that is not a token.

    >>> content_disposition_header("attachment", filename="r\u00e9sum\u00e9.pdf")
    'attachment; filename="r_sum_.pdf"; filename*=UTF-8\\'\\'r%C3%A9sum%C3%A9.pdf'
    """
    parts = [_check_token("A disposition", disposition)]
    for name, value in params.items():
        plain = "".join(_plain(char) for char in value)
        parts.append(f'{_check_token("A parameter", name)}="{plain}"')
        if plain != value:
            encoded = quote(value, safe=_ATTR_CHARS, encoding="utf-8", errors="replace")
            parts.append(f"{name}*=UTF-8''{encoded}")
    return "; ".join(parts)


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
