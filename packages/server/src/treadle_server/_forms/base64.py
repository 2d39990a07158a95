"""Base64 in pieces: cut it where each chunk can be decoded alone (RFC 2045 section 6.8).

Pure functions over one piece of a body. Each byte is looked at a bounded number of times, whatever
blanks and other characters a peer puts between those of base64.
"""

import re
from typing import Final

__all__ = ["shorten", "take_groups"]

#: A decoder ignores all characters but these.
_BASE64: Final = rb"[A-Za-z0-9+/=]"
_NOT_BASE64: Final = re.sub(_BASE64, b"", bytes(range(256)))
#: More blanks than separate two lines of base64, in any mail.
_MAX_BLANKS: Final = 64
_GROUP: Final = re.compile(rb"(?:[^A-Za-z0-9+/=]*+%b){4}" % _BASE64)


def take_groups(piece: bytes, at: int, size: int) -> tuple[bytes, int]:
    """Return at most ``size`` bytes from ``at`` on with whole groups, and the position behind them.

    ``b""`` and ``at`` if the piece has no group left. ``size`` is at least 4. Only the bytes behind
    the last group of a chunk are looked at a second time.
    """
    window = piece[at : at + size]
    count = len(window.translate(None, _NOT_BASE64))
    if count >= 4:
        end = len(window)
        for _ in range(count % 4):
            end = len(window[:end].rstrip(_NOT_BASE64)) - 1
        return window[:end], at + end
    group = _GROUP.match(piece, at)
    if group is None:
        return b"", at
    # Blanks alone fill the chunk: return the group without them.
    return group[0].translate(None, _NOT_BASE64), group.end()


def shorten(rest: bytes) -> bytes:
    """Return the end of a piece without a group, to be put before the next piece.

    It has at most three characters of a group, and blanks, which would be looked at again with
    every piece: many of them are dropped.
    """
    return rest.translate(None, _NOT_BASE64) if len(rest) > _MAX_BLANKS else rest
