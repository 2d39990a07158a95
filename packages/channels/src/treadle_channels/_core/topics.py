"""The names of topics: any text without control characters, of a bounded length.

Topics often hold what users have typed, so that each character but the control characters is
allowed; a backend whose engine has narrower names encodes them.
"""

import re
from typing import Final

from .errors import TopicError

__all__ = ["MAX_TOPIC_BYTES", "check_topic"]

#: The bytes of the longest topic in UTF-8. Redis has no limit worth the name; a name of PostgreSQL
#: has 63 bytes, for which its backend uses a digest.
MAX_TOPIC_BYTES: Final = 512

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def check_topic(topic: str) -> str:
    """Return ``topic``; raises ``TopicError`` for one that cannot be used."""
    if not isinstance(topic, str):
        raise TopicError(f"A topic is a str, not {topic!r}", topic)
    if not topic:
        raise TopicError("A topic must not be empty", topic)
    found = _CONTROL.search(topic)
    if found is not None:
        raise TopicError(
            f"The topic {topic[:80]!r} has a control character or surrogate at {found.start()}: "
            "leave it out",
            topic,
        )
    size = len(topic) if topic.isascii() else len(topic.encode())
    if size > MAX_TOPIC_BYTES:
        raise TopicError(
            f"The topic {topic[:80]!r}... has {size} bytes, of which {MAX_TOPIC_BYTES} are "
            "allowed: use a digest of it",
            topic,
        )
    return topic
