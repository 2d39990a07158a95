"""Who is in a room, in Redis: a sorted set of members by their expiry, and a hash of their notes.

Each change is one script, so that no process sees half of it, and the time is the server's, so
that the clocks of the processes do not matter. Both keys expire with their last member.
"""

from collections.abc import Collection, Mapping
from typing import Final

from .redis_client import Command, Value

__all__ = ["listing", "members", "removal", "touching"]

_NOW: Final = """
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)
for i = 1, #gone, 1000 do
  local last = math.min(i + 999, #gone)
  redis.call('ZREM', KEYS[1], unpack(gone, i, last))
  redis.call('HDEL', KEYS[2], unpack(gone, i, last))
end
"""

#: The keys live as long as the member that expires last.
_EXPIRE: Final = """
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if last[2] then
  redis.call('PEXPIREAT', KEYS[1], last[2])
  redis.call('PEXPIREAT', KEYS[2], last[2])
end
"""

_TOUCH: Final = f"""{_NOW}
for i = 2, #ARGV, 2 do
  redis.call('ZADD', KEYS[1], now + ARGV[1], ARGV[i])
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
end
{_EXPIRE}"""

_REMOVE: Final = f"""
for i = 1, #ARGV do
  redis.call('ZREM', KEYS[1], ARGV[i])
  redis.call('HDEL', KEYS[2], ARGV[i])
end
{_EXPIRE}"""

_LIST: Final = f"""{_NOW}
return redis.call('HGETALL', KEYS[2])"""


def _keys(prefix: str, topic: str) -> tuple[str, str]:
    return f"{prefix}members:{topic}", f"{prefix}notes:{topic}"


def touching(prefix: str, topic: str, members: Mapping[str, str], ttl: float) -> Command:
    """Return the command that adds or renews ``members``."""
    words = [word for item in members.items() for word in item]
    return ("EVAL", _TOUCH, 2, *_keys(prefix, topic), max(1, round(ttl * 1000)), *words)


def removal(prefix: str, topic: str, members: Collection[str]) -> Command:
    """Return the command that removes ``members``."""
    return ("EVAL", _REMOVE, 2, *_keys(prefix, topic), *members)


def listing(prefix: str, topic: str) -> Command:
    """Return the command whose answer ``members`` reads."""
    return ("EVAL", _LIST, 2, *_keys(prefix, topic))


def members(answer: Value) -> dict[str, str]:
    """Return the members and their notes."""
    assert isinstance(answer, list), answer
    words = [word.decode(errors="replace") for word in answer if isinstance(word, bytes)]
    return dict(zip(words[::2], words[1::2], strict=True))
