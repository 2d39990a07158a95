"""Values as text for an error page: bounded, and without what looks like a secret.

A page is seen by whoever asks, and is pasted into chats. What is hidden is decided by names: of
variables, of keys in mappings, of fields. A secret under an innocent name stays visible; so these
pages are for development.
"""

import re
from collections.abc import Mapping
from reprlib import Repr
from typing import Final

__all__ = ["HIDDEN", "is_secret", "masked_repr", "masked_source", "masked_text"]

#: What stands in place of a secret.
HIDDEN: Final = "********"

_SECRET: Final = re.compile(
    r"(?i)secret|passw|pwd|token|api_?-?key|authoriz|cookie|session|credential|private|dsn|salt"
    r"|signature|csrf|otp\b"
)
#: ``password='x'``, ``"token": "x"`` and ``?key=x`` inside a longer text, and passwords in URLs.
_PAIR: Final = re.compile(
    r"(?i)([\w-]*(?:secret|passw|pwd|token|api_?-?key|authoriz|cookie|credential|signature)[\w-]*"
    r"['\"]?\s*[:=]\s*)(b?'[^']*'|b?\"[^\"]*\"|[^\s,&;)\]}'\"]+)"
)
#: The same with a quoted value only, for lines of source: a name on the right is no secret.
_LITERAL: Final = re.compile(
    r"(?i)([\w-]*(?:secret|passw|pwd|token|api_?-?key|credential|signature)[\w-]*['\"]?\s*[:=]\s*)"
    r"b?(?:'[^']*'|\"[^\"]*\")"
)
_USERINFO: Final = re.compile(r"(://[^/\s:@'\"]*:)[^/\s@'\"]+(@)")

_MOST_TEXT: Final = 1000


def is_secret(name: object) -> bool:
    """Return True if a value of this name is not to be shown."""
    return isinstance(name, str) and _SECRET.search(name) is not None


def masked_text(text: str, most: int = _MOST_TEXT) -> str:
    """Return ``text`` without what looks like a secret in it, of about ``most`` characters."""
    size = len(text)
    if size > 4 * most:
        # The expressions below are linear; but a megabyte of text is none of a page's.
        text = text[: 4 * most]
    text = _PAIR.sub(rf"\1{HIDDEN}", text)
    text = _USERINFO.sub(rf"\1{HIDDEN}\2", text)
    return text if len(text) <= most else f"{text[:most]}... ({size} characters)"


def masked_source(line: str) -> str:
    """Return a line of source without the texts that are given to what has a secret's name."""
    text = _LITERAL.sub(rf"\1'{HIDDEN}'", line[:_MOST_TEXT])
    return _USERINFO.sub(rf"\1{HIDDEN}\2", text)


class _Repr(Repr):
    """``reprlib`` with the values of secret keys left out, and no exception of a ``__repr__``."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 4
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = 20
        self.maxstring = self.maxother = 300
        self.maxlong = 100

    def repr_dict(self, x: Mapping[object, object], level: int) -> str:
        """Return the text of a mapping."""
        if level <= 0:
            return "{...}" if x else "{}"
        items = []
        for number, (key, value) in enumerate(x.items()):
            if number == self.maxdict:
                items.append("...")
                break
            shown = HIDDEN if is_secret(key) else self.repr1(value, level - 1)
            items.append(f"{self.repr1(key, level - 1)}: {shown}")
        return "{" + ", ".join(items) + "}"

    def repr_instance(self, x: object, level: int) -> str:  # noqa: ARG002  # reprlib's signature
        """Return the text of an object of another class."""
        try:
            text = repr(x)
        except Exception as error:  # noqa: BLE001  # a page must not fail by what it shows
            return f"<{type(x).__qualname__}, whose repr raised {type(error).__qualname__}>"
        if len(text) > self.maxother:
            half = self.maxother // 2
            text = f"{text[:half]}...{text[-half:]}"
        return text


def masked_repr(value: object) -> str:
    """Return the ``repr`` of ``value``, bounded, without what looks like a secret."""
    try:
        text = _Repr().repr(value)
    except Exception as error:  # noqa: BLE001  # as above
        return f"<{type(value).__qualname__}, whose repr raised {type(error).__qualname__}>"
    return masked_text(text)
