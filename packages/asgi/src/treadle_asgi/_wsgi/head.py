"""The head of a response as ``start_response`` gets it: checked where the application is to blame.

What is wrong is raised inside the application, so that its traceback has the line.
"""

import re
from typing import Final, NamedTuple, final

from treadle_server.interfaces import shown

__all__ = ["HOP_BY_HOP", "WSGIHead", "check_head", "has_no_body"]

_STATUS: Final = re.compile(r"([0-9]{3})(?: (.*))?", re.DOTALL)
_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# RFC 9110 section 5.5; and PEP 3333: the characters are bytes.
_BAD_IN_VALUE: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]")

#: PEP 3333: applications "must not" use the fields of the connection.
HOP_BY_HOP: Final = frozenset(
    (
        "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers",
        "transfer-encoding", "upgrade",
    )
)  # fmt: skip


@final
class WSGIHead(NamedTuple):
    """A checked head; ``length`` is its Content-Length, None without one."""

    status: int
    reason: str
    fields: list[tuple[str, str]]
    length: int | None


def has_no_body(method: str, status: int) -> bool:
    """Return True for a response that has no body, whatever the application gives."""
    return method == "HEAD" or status in (204, 205, 304)


def check_head(status: object, headers: object) -> WSGIHead:
    """Return the head; raises ``TypeError`` and ``ValueError`` with the value and the fix."""
    if not isinstance(status, str):
        text = f"The status of start_response is a str like '200 OK', not {_show(status)}"
        raise TypeError(text)
    found = _STATUS.fullmatch(status)
    if found is None or _BAD_IN_VALUE.search(status):
        raise ValueError(
            f"The status of start_response is {_show(status)}: give three digits, a space and a "
            "reason, such as '200 OK'"
        )
    code = int(found[1])
    if code < 200:
        raise ValueError(
            f"The status of start_response is {_show(status)}, but a response has a final one: "
            "from 200 on"
        )
    if not isinstance(headers, list):
        raise TypeError(
            f"The headers of start_response are a list of pairs of str, not {_show(headers)}"
        )
    length: int | None = None
    fields: list[tuple[str, str]] = []
    for field in headers:
        name, value = _pair(field)
        lower = name.lower()
        if lower == "content-length":
            if not (value.isascii() and value.isdigit()):
                raise ValueError(f"Content-Length is a number in digits, not {_show(value)}")
            if length is not None:
                raise ValueError("Content-Length is given twice: give it once")
            length = int(value)
        elif lower in HOP_BY_HOP:
            raise ValueError(
                f"{name!r} is a field of the connection, which is the server's: PEP 3333 forbids "
                "it to applications, so leave it out"
            )
        fields.append((name, value))
    return WSGIHead(code, found[2] or "", fields, length)


def _pair(field: object) -> tuple[str, str]:
    if not isinstance(field, tuple) or len(field) != 2:
        raise TypeError(f"A field is a pair of str, not {_show(field)}: give ('Name', 'value')")
    name, value = field
    for part, what in ((name, "name"), (value, "value")):
        if not isinstance(part, str):
            fix = "decode it" if isinstance(part, bytes) else "give a str"
            raise TypeError(
                f"The {what} of a field is a str, not {_show(part)} (in {_show(field)}): {fix}"
            )
    if _TOKEN.fullmatch(name) is None:
        raise ValueError(
            f"{_show(name)} is not the name of a field: RFC 9110 section 5.1 allows letters, "
            "digits and !#$%&'*+-.^_`|~"
        )
    bad = _BAD_IN_VALUE.search(value)
    if bad is not None:
        raise ValueError(
            f"The value of {name!r} has the character {bad[0]!r} at position {bad.start()}: "
            f"{_show(value)}; a field has no control characters, and PEP 3333 wants each character "
            "to be one byte"
        )
    return name, value


def _show(value: object) -> str:
    return shown(repr(value))
