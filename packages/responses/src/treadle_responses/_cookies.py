"""Set-Cookie lines (RFC 6265 section 4.1), checked when they are set.

The standard library's ``SimpleCookie`` is the container that users of the API know. Characters that
it would pass into the header are refused here; the error names cookie, attribute and character.

A client distinguishes cookies by name, domain and path, a ``SimpleCookie`` by name alone.
``Cookies`` is a ``SimpleCookie`` that shows the last cookie of each name and keeps the earlier ones
beside it; deleting a name from the mapping deletes them all. Values that are written directly into
the mapping or a morsel, without ``put``, are checked by the server's encoder only.
"""

import datetime
import re
from collections.abc import Container
from http.cookies import CookieError, Morsel, SimpleCookie
from typing import Any, Final, Literal, final

from ._headers import http_date, shown

__all__ = ["Cookie", "Cookies", "SameSite"]

SameSite = Literal["Strict", "Lax", "None", "strict", "lax", "none"]

_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_BAD_IN_ATTRIBUTE: Final = re.compile("[\x00-\x1f\x7f;]")
# No ``;`` here: SimpleCookie sends it as an octal escape inside quotes.
_BAD_IN_VALUE: Final = re.compile("[\x00-\x1f\x7f]")
_SECONDS: Final = re.compile("-?[0-9]+")
_EPOCH: Final = "Thu, 01 Jan 1970 00:00:00 GMT"

_PARTITIONED: Final = "partitioned"
# The standard library knows this attribute since Python 3.14.
_MORSEL_IS_OLD: Final = _PARTITIONED not in Morsel()


@final
class Cookie(Morsel[str]):
    """A ``Morsel`` with the attribute ``partitioned`` on every version of Python."""

    def __init__(self) -> None:
        super().__init__()
        self[_PARTITIONED] = ""

    def __setitem__(self, key: str, value: Any) -> None:
        if key.lower() == _PARTITIONED:
            # Without Morsel's check, which may not know the attribute.
            dict.__setitem__(self, _PARTITIONED, value)
        else:
            super().__setitem__(key, value)

    def OutputString(self, attrs: Container[str] | None = None) -> str:  # noqa: N802  # Morsel's name
        """Return the cookie and its attributes as in the field."""
        line = super().OutputString(attrs)
        if _MORSEL_IS_OLD and self[_PARTITIONED] and (attrs is None or _PARTITIONED in attrs):
            line += "; Partitioned"
        return line


@final
class Cookies(SimpleCookie):
    """The cookies of a response; the module's docstring explains those that share a name."""

    def __init__(self) -> None:
        super().__init__()
        # Name -> cookies of another domain or path than the mapping's, in the order they were set.
        self.earlier: dict[str, list[Morsel[str]]] = {}

    def take(self, name: str, domain: str | None, path: str | None) -> Morsel[str] | None:
        """Remove and return the newest cookie of ``name`` that matches ``domain`` and ``path``.

        None matches any. All other cookies of that name go to ``earlier``.
        """
        current = self.pop(name, None)
        if current is None:
            # The name was deleted from the mapping, and with it the earlier cookies.
            self.earlier.pop(name, None)
            return None
        known = [*self.earlier.pop(name, ()), current]
        found = None
        for index in reversed(range(len(known))):
            morsel = known[index]
            if domain in (None, morsel["domain"]) and path in (None, morsel["path"]):
                found = known.pop(index)
                break
        if known:
            self.earlier[name] = known
        return found

    def lines(self) -> list[str]:
        """Return the values of the Set-Cookie fields, one for each cookie."""
        lines: list[str] = []
        for name, morsel in self.items():
            lines += [earlier.OutputString() for earlier in self.earlier.get(name, ())]
            lines.append(morsel.OutputString())
        return lines

    def put(
        self,
        name: str,
        value: str | float,
        *,
        expires: str | datetime.datetime | None,
        domain: str | None,
        max_age: int | str | None,
        path: str | None,
        secure: bool | None,
        httponly: bool | None,
        samesite: str | None,
        partitioned: bool | None,
        version: int | str | None = None,
        keep: bool = True,
    ) -> None:
        """Set one cookie; with ``keep``, attributes that are None keep their earlier values.

        Raises ``http.cookies.CookieError`` for a malformed name, ``ValueError`` for a value or an
        attribute that would break the header, and ``TypeError`` for one of a wrong type; nothing is
        changed then.
        """
        if not isinstance(name, str):
            raise TypeError(f"The name of a cookie must be a str, got {shown(name)}")
        if _NAME.fullmatch(name) is None:
            raise CookieError(
                f"Illegal cookie name {shown(name)}: RFC 6265 allows letters, digits and "
                "!#$%&'*+-.^_`|~"
            )
        value = _check(_BAD_IN_VALUE, name, "the value", _value_text(name, value))
        texts: list[tuple[str, str | None]] = [
            ("expires", None if expires is None else _expires_text(name, expires)),
            ("domain", None if domain is None else _attribute_text(name, "domain", domain)),
            ("max-age", None if max_age is None else _max_age_text(name, max_age)),
            ("path", None if path is None else _attribute_text(name, "path", path)),
            ("samesite", samesite),
            ("version", None if version is None else _version_text(name, version)),
        ]
        flags = [("secure", secure), ("httponly", httponly), (_PARTITIONED, partitioned)]
        for attribute, text in texts:
            if text is not None:
                _check(_BAD_IN_ATTRIBUTE, name, attribute, str(text))
        if samesite is not None:
            _samesite_text(name, samesite)
        morsel = Cookie()
        morsel.set(name, *self.value_encode(value))
        old = self.take(name, domain, path)
        # Keep nothing of a deletion: its expiry would delete the new value.
        if keep and old is not None and not (old.value == "" and old["expires"] == _EPOCH):
            for attribute, kept in old.items():
                morsel[attribute] = kept
        for attribute, text in texts:
            if text is not None:
                morsel[attribute] = text
        for attribute, flag in flags:
            if flag is not None:
                morsel[attribute] = flag
        self[name] = morsel

    def put_deleted(
        self,
        name: str,
        *,
        domain: str | None,
        path: str,
        secure: bool | None,
        httponly: bool | None,
        samesite: str | None,
        partitioned: bool | None,
    ) -> None:
        """Set the cookie that deletes ``name`` in the client (RFC 6265 section 3.1).

        It replaces a cookie that was set here with this path and domain.
        """
        self.put(
            name,
            "",
            expires=_EPOCH,
            domain=domain,
            max_age=0,
            path=path,
            secure=secure,
            httponly=httponly,
            samesite=samesite,
            partitioned=partitioned,
            keep=False,
        )


def _check(pattern: re.Pattern[str], name: str, what: str, value: str) -> str:
    found = pattern.search(value)
    if found is not None:
        raise ValueError(
            f"{what} of cookie {shown(name)} must not contain {found[0]!r} "
            f"(position {found.start()} of {shown(value)})"
        )
    return value


def _wrong_type(name: str, what: str, wanted: str, value: object) -> TypeError:
    return TypeError(f"{what} of cookie {shown(name)} must be {wanted}, got {shown(value)}")


# The forms of values: functions from the name of a cookie and a value to text. Each type has one
# text that a client understands, or is refused: ``str()`` of None or bytes is no value.


def _value_text(name: str, value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)  # for a ``(str, Enum)`` member its value, not its name
    if isinstance(value, (int, float)):
        return str(value)
    raise _wrong_type(name, "the value", "a str or a number", value)


def _expires_text(name: str, value: object) -> str:
    if isinstance(value, datetime.datetime):
        return http_date(value)
    return _attribute_text(name, "expires", value, "a datetime, a str")


def _max_age_text(name: str, value: object) -> str:
    if isinstance(value, str):
        _check(_BAD_IN_ATTRIBUTE, name, "max-age", value)
        # RFC 6265 section 5.2.2: a client ignores the attribute if it is anything else.
        if _SECONDS.fullmatch(value) is None:
            raise ValueError(
                f"max_age of cookie {shown(name)} must be a whole number of seconds, "
                f"got {shown(value)}"
            )
        return value
    if isinstance(value, datetime.timedelta):
        value = value.total_seconds()
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong_type(name, "max_age", "a whole number of seconds", value)
    return str(int(value))


def _version_text(name: str, value: object) -> str:
    return str(value) if isinstance(value, int) else _attribute_text(name, "version", value)


def _samesite_text(name: str, value: object) -> str:
    text = _attribute_text(name, "samesite", value)
    if text.lower() not in ("strict", "lax", "none"):
        raise ValueError(
            f"samesite of cookie {shown(name)} must be 'Strict', 'Lax' or 'None', "
            f"got {shown(value)}"
        )
    return text


def _attribute_text(name: str, attribute: str, value: object, wanted: str = "a str") -> str:
    if not isinstance(value, str):
        raise _wrong_type(name, attribute, f"{wanted} or None", value)
    return str.__str__(value)
