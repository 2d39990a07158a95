"""The form of a message in a notification of PostgreSQL: text of less than 8000 bytes.

A channel's name has at most 63 bytes, so that it is a digest of the topic; the topic itself is in
the payload, and two topics with one digest do not mix. A payload is four words: a number that makes
it different from others in its transaction (PostgreSQL drops equal ones), the kind, the topic with
its special characters quoted, and the body. Kinds: ``a`` the envelope itself, where it is ASCII,
``b`` the envelope in base64, ``r`` the number of the row that holds it.
"""

import base64
import binascii
import hashlib
import urllib.parse
from typing import Final

from .errors import BackendError

__all__ = ["MAX_PAYLOAD", "channel_name", "decode", "encode", "reference"]

#: "In the default configuration it must be shorter than 8000 bytes" (the manual on NOTIFY).
MAX_PAYLOAD: Final = 7999


def channel_name(prefix: str, topic: str) -> str:
    """Return the name of the channel of ``topic``: letters and digits."""
    digest = hashlib.blake2b(f"{prefix}{topic}".encode(), digest_size=20)
    return f"treadle_{digest.hexdigest()}"


def encode(number: int, topic: str, envelope: bytes) -> str | None:
    """Return the payload of a message, None if it is too long for one."""
    if len(envelope) > MAX_PAYLOAD:
        return None
    if envelope.isascii() and 0 not in envelope:
        kind, body = "a", envelope.decode("ascii")
    else:
        kind, body = "b", base64.b64encode(envelope).decode("ascii")
    payload = f"{number:x} {kind} {urllib.parse.quote(topic)} {body}"
    return payload if len(payload) <= MAX_PAYLOAD else None


def reference(number: int, topic: str, row: int) -> str:
    """Return the payload that names the row of a message."""
    return f"{number:x} r {urllib.parse.quote(topic)} {row}"


def decode(payload: str) -> tuple[str, bytes | int]:
    """Return the topic, and the envelope or the number of its row.

    Raises ``BackendError`` if the payload is none of ours.
    """
    words = payload.split(" ", 3)
    if len(words) == 4:
        _, kind, quoted, body = words
        topic = urllib.parse.unquote(quoted)
        try:
            if kind == "a":
                return topic, body.encode("ascii")
            if kind == "b":
                return topic, base64.b64decode(body, validate=True)
            if kind == "r":
                return topic, int(body)
        except (ValueError, binascii.Error):
            pass
    raise BackendError(
        f"Not a message of treadle-channels: {payload[:80]!r}; does another program notify here?"
    )
