"""The field lines of a response that needs no decision: bytes, or None for all others.

A field that frames the body, is about the connection or is otherwise written by servers makes a
response one for ``prepare``; so does a name or a value that is not plainly valid, which is where
the errors are raised. For the rest the lines are those that ``prepare`` would have sent.
"""

import re
from collections.abc import Iterable
from typing import Final, final

from multidict import CIMultiDict

__all__ = ["plain_lines"]

#: Fields on which a server decides, and Content-Encoding, on which compression does.
_DECIDED: Final = frozenset({
    "connection", "content-encoding", "content-length", "date", "keep-alive", "proxy-connection",
    "server", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")

#: Bounds the memory if names are made as the program runs.
_MOST_NAMES: Final = 512


@final
class _Starts(dict[str, str]):
    """The starts of lines by the names of their fields; empty for a name that is not plain."""

    def __missing__(self, name: str) -> str:
        if len(self) >= _MOST_NAMES:
            self.clear()
        plain = _TOKEN.fullmatch(name) is not None and name.lower() not in _DECIDED
        start = self[name] = f"{name}: " if plain else ""
        return start


_STARTS: Final = _Starts()


def plain_lines(headers: CIMultiDict[str], cookies: Iterable[str]) -> bytes | None:
    """Return the lines of the fields, then those of the cookies, each with its CRLF.

    None if a field is not plain: then the response is to be prepared.
    """
    text = ""
    for name, value in headers.items():
        start = _STARTS[name]
        # ``type``: a subclass of str may have another text than it shows.
        if not start or type(value) is not str or not (value.isascii() and value.isprintable()):
            return None
        text += f"{start}{value}\r\n"
    for line in cookies:
        if not (line.isascii() and line.isprintable()) or "Set-Cookie" in headers:
            return None
        text += f"Set-Cookie: {line}\r\n"
    return text.encode("ascii")
