"""Cursors: the positions of a subscriber in all of its topics, as one short text.

Clients keep cursors (as Last-Event-ID) and may send anything in their place, so that they are read
as untrusted text of a bounded length. A topic is in it as a digest: names of topics may be long,
and are not the business of a client.
"""

import base64
import functools
import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

__all__ = ["MAX_CURSOR", "is_cursor", "pack_cursor", "unpack_cursor"]

#: The characters of the longest cursor. Servers take fields of 8 KiB or so.
MAX_CURSOR: Final = 4096

_MARK: Final = "c1:"
_ENTRY: Final = re.compile(r"([\w-]{11})=([!-+\--~]{1,64})", re.ASCII)


@functools.lru_cache(maxsize=1024)
def _digest(topic: str) -> str:
    raw = hashlib.blake2b(topic.encode(), digest_size=8).digest()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def is_cursor(text: str) -> bool:
    """Return True if ``text`` is meant as a cursor, be it a good one or not."""
    return text.startswith(_MARK)


def pack_cursor(positions: Mapping[str, str]) -> str:
    """Return the cursor of topics with an id each.

    Raises ``ValueError`` if it would be longer than ``MAX_CURSOR``.
    """
    cursor = _MARK + ",".join(f"{_digest(topic)}={each}" for topic, each in positions.items())
    if len(cursor) > MAX_CURSOR:
        raise ValueError(
            f"A cursor of {len(positions)} topics is longer than {MAX_CURSOR} characters: "
            "subscribe to fewer topics where a cursor is needed"
        )
    return cursor


def unpack_cursor(cursor: str, topics: Iterable[str]) -> dict[str, str]:
    """Return the ids in ``cursor`` for those of ``topics`` that it has.

    Raises ``ValueError`` if it is no cursor.
    """
    if len(cursor) > MAX_CURSOR or not is_cursor(cursor):
        raise ValueError(f"Not a cursor of a subscription: {cursor[:80]!r}")
    found = {}
    for entry in cursor.removeprefix(_MARK).split(","):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise ValueError(f"Not a cursor of a subscription: {cursor[:80]!r}")
        found[match[1]] = match[2]
    return {topic: found[key] for topic in topics if (key := _digest(topic)) in found}
