"""Set-Cookie lines (RFC 6265 section 4.1), checked when they are set.

The standard library's ``SimpleCookie`` is the container that users of the API know; what it would
let through into the header is refused here, with the attribute and the character.
"""

import re
from http.cookies import CookieError, Morsel, SimpleCookie
from typing import Final, Literal

__all__ = ["SameSite", "delete_cookie", "put_cookie"]

SameSite = Literal["Strict", "Lax", "None", "strict", "lax", "none"]

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAD_IN_ATTRIBUTE: Final = re.compile("[\x00-\x1f\x7f;]")
_BAD_IN_VALUE: Final = re.compile("[\x00-\x1f\x7f]")
_EPOCH: Final = "Thu, 01 Jan 1970 00:00:00 GMT"


def _check(pattern: re.Pattern[str], name: str, what: str, value: str) -> str:
    found = pattern.search(value)
    if found is not None:
        raise ValueError(
            f"{what} of cookie {name!r} must not contain {found[0]!r} "
            f"(position {found.start()} of {value!r})"
        )
    return value


def put_cookie(
    cookies: SimpleCookie,
    name: str,
    value: str,
    *,
    expires: str | None,
    domain: str | None,
    max_age: int | str | None,
    path: str | None,
    secure: bool | None,
    httponly: bool | None,
    samesite: str | None,
) -> None:
    """Set one cookie; attributes that are ``None`` keep what an earlier call gave them.

    Raises ``http.cookies.CookieError`` for a bad name and ``ValueError`` for a value or an
    attribute that would break the header.
    """
    if _NAME.fullmatch(name) is None:
        raise CookieError(
            f"Illegal cookie name {name!r}: RFC 6265 allows letters, digits and !#$%&'*+-.^_`|~"
        )
    _check(_BAD_IN_VALUE, name, "the value", value)
    attributes: list[tuple[str, str | None]] = [
        ("expires", expires),
        ("domain", domain),
        ("max-age", None if max_age is None else str(max_age)),
        ("path", path),
        ("samesite", samesite),
    ]
    for attribute, text in attributes:
        if text is not None:
            _check(_BAD_IN_ATTRIBUTE, name, attribute, text)
    old: Morsel[str] | None = cookies.get(name)
    if old is not None and old.coded_value == "" and old["expires"] == _EPOCH:
        # A deletion is taken back as a whole, or its expiry would delete the new value.
        del cookies[name]
    cookies[name] = value
    morsel = cookies[name]
    for attribute, text in attributes:
        if text is not None:
            morsel[attribute] = text
    if secure is not None:
        morsel["secure"] = secure
    if httponly is not None:
        morsel["httponly"] = httponly


def delete_cookie(
    cookies: SimpleCookie,
    name: str,
    *,
    domain: str | None,
    path: str,
    secure: bool | None,
    httponly: bool | None,
    samesite: str | None,
) -> None:
    """Set the cookie that makes a client forget ``name`` (RFC 6265 section 3.1)."""
    cookies.pop(name, None)
    put_cookie(
        cookies,
        name,
        "",
        expires=_EPOCH,
        domain=domain,
        max_age=0,
        path=path,
        secure=secure,
        httponly=httponly,
        samesite=samesite,
    )
