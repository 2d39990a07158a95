"""Percent-encoding for paths: decode for matching, encode for building.

Matching uses the *safe-decoded* path: every percent escape is decoded except ``%2F`` and ``%25``,
so that an encoded slash never splits a segment and nothing is decoded twice. ``decode_value``
decodes these two escapes in the values of a match. Escapes that are not UTF-8, and a ``%`` that
starts no escape, stay as they were sent: no input of a peer raises an exception or is lost.

``encode_value`` is the inverse for values; ``encode_fixed`` encodes the fixed text of a pattern, in
which the author may have written escapes. All functions are linear.
"""

import re
from typing import Final

__all__ = ["decode_safe", "decode_value", "encode_fixed", "encode_value", "escape_value"]

_ESCAPES: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
# RFC 3986, section 3.3: pchar = unreserved / pct-encoded / sub-delims / ":" / "@"
_NOT_PCHAR: Final = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@]+")
_NOT_PCHAR_OR_SLASH: Final = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/]+")
_STRAY_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NOT_PCHAR_SLASH_OR_PERCENT: Final = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]+")


def decode_safe(path: str) -> str:
    """Return ``path`` with all escapes decoded except ``%2F``, ``%25`` and invalid UTF-8."""
    if "%" not in path:
        return path
    return _ESCAPES.sub(_decode_run, path)


def _decode_run(match: re.Match[str]) -> str:
    run = match.group()
    data = bytes.fromhex(run.replace("%", ""))
    try:
        return data.decode().replace("%", "%25").replace("/", "%2F")
    except UnicodeDecodeError:
        return _decode_broken_run(run, data)


def _decode_broken_run(run: str, data: bytes) -> str:
    """Decode valid UTF-8 and keep the escapes of all other bytes in their original case."""
    parts: list[str] = []
    offset = 0
    for char in data.decode("utf-8", "surrogateescape"):
        if "\udc80" <= char <= "\udcff":
            parts.append(run[3 * offset : 3 * offset + 3])
            offset += 1
        else:
            parts.append(escape_value(char).replace("/", "%2F"))
            offset += len(char.encode())
    return "".join(parts)


def decode_value(text: str) -> str:
    """Return a piece of a safe-decoded path with ``%2F`` and ``%25`` decoded too."""
    if "%" not in text:
        return text
    return text.replace("%2F", "/").replace("%25", "%")


def escape_value(text: str) -> str:
    """Return ``text`` as it appears in a safe-decoded path; slashes are not changed."""
    return text.replace("%", "%25")


def _encode_run(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode())


def encode_value(text: str, *, slash: bool) -> str:
    """Return ``text`` percent-encoded for a path; with ``slash``, ``/`` stays a slash.

    Raises ``UnicodeEncodeError`` for lone surrogates, which no URL can contain.
    """
    return (_NOT_PCHAR_OR_SLASH if slash else _NOT_PCHAR).sub(_encode_run, text)


def encode_fixed(text: str) -> str:
    """Return the fixed text of a pattern percent-encoded; existing escapes are kept.

    A ``%`` that starts no escape means itself and becomes ``%25``.
    """
    if "%" in text:
        text = _STRAY_PERCENT.sub("%25", text)
    return _NOT_PCHAR_SLASH_OR_PERCENT.sub(_encode_run, text)
