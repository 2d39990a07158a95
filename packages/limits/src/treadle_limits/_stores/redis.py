"""``RedisStore``: the states of many processes and machines, in a Redis.

Each hit is one call of one script (``_stores.script``) by the clock of the server. A key is one key
of Redis, which expires when it has rested, so that the server forgets what is not needed. The
client is ``redis.asyncio``; whatever it raises becomes a ``StoreError`` whose text has no password.
"""

import asyncio
import hashlib
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, final
from urllib.parse import unquote, urlsplit

from treadle_limits._core.decision import Decision
from treadle_limits._core.gcra import check_cost, judge
from treadle_limits._core.rate import MOST_TICKS, Rate

from .interfaces import StoreError
from .script import SCRIPT

try:
    import redis.asyncio as _client
    from redis.exceptions import NoScriptError, RedisError
except ModuleNotFoundError as _error:
    raise ModuleNotFoundError(
        "RedisStore needs the redis client: pip install 'treadle-limits[redis]'", name=_error.name
    ) from _error

if TYPE_CHECKING:
    from redis.asyncio import Redis

__all__ = ["RedisStore"]

_DIGEST: Final = hashlib.sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
_SCHEMES: Final = ("redis", "rediss", "unix")


@final
class RedisStore:
    """The states of many processes, in a Redis of version 5 or later.

    ``server`` is a URL (``redis://:password@host:6379/0``, ``rediss://``, ``unix://``), or a client
    of ``redis.asyncio``, which stays the caller's. Keys begin with ``prefix``. With a URL the store
    has at most ``max_connections`` connections, and connects, waits for an answer, and waits for a
    free connection for ``timeout`` seconds each. Nothing is connected before the first hit.

    Raises ``ValueError`` for a URL that is none of Redis, and ``TypeError`` for another ``server``.
    """

    def __init__(
        self,
        server: "str | Redis",
        *,
        prefix: str = "treadle:limits:",
        timeout: float = 1.0,
        max_connections: int = 16,
    ) -> None:
        if not 0 < timeout < math.inf:
            raise ValueError(f"timeout is a number of seconds, more than 0, not {timeout!r}")
        if max_connections < 1:
            raise ValueError(f"max_connections is {max_connections}: give 1 or more")
        self._prefix: Final = prefix
        self._timeout: Final = timeout
        self._max_connections: Final = max_connections
        self._url: str | None = None
        self._given: Redis | None = None
        self._secrets: tuple[str, ...] = ()
        if isinstance(server, str):
            self._url = server
            self._place, self._secrets = _read_url(server)
        elif hasattr(server, "evalsha"):
            self._given = server
            self._place = "the given client"
        else:
            raise TypeError(
                "RedisStore() takes a URL or a client of redis.asyncio, not "
                f"{type(server).__name__}"
            )
        # A connection belongs to one event loop.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._own: Redis | None = None

    def __repr__(self) -> str:
        return f"<RedisStore {self._place}>"

    async def hit(
        self, key: str, rates: Sequence[Rate], cost: int, /, *, take: bool = True
    ) -> tuple[Decision, ...]:
        """Return the decision of each rate on a hit.

        Raises ``StoreError`` if the server is not there or answers nonsense, and ``ValueError`` for
        a cost that can never pass.
        """
        check_cost(rates, cost)
        args: list[str | int] = [self._prefix + key, cost, int(take)]
        for rate in rates:
            args += (rate.unit, rate.drain, rate.capacity)
        answer = await self._ask(args)
        try:
            passed, *debts = map(_as_int, answer)
            if (
                len(debts) != len(rates)
                or passed not in (0, 1)
                or not all(0 <= debt <= MOST_TICKS for debt in debts)
            ):
                raise ValueError  # noqa: TRY301  # it is the same fault as that of ``int``
        except (TypeError, ValueError):
            raise StoreError(f"{self!r} has answered nonsense to a hit") from None
        return judge(rates, debts, cost, passed=passed == 1)

    async def reset(self, key: str, /) -> None:
        """Forget the hits of a key; raises ``StoreError`` if the server is not there."""
        try:
            await self._redis().delete(self._prefix + key)
        except (RedisError, OSError, TimeoutError, ValueError) as error:
            raise self._unavailable(error) from None

    async def aclose(self) -> None:
        """Close the connections of the store; a given client stays open."""
        client, self._own, self._loop = self._own, None, None
        if client is not None:
            await client.aclose()

    async def _ask(self, args: "list[str | int]") -> "list[object]":
        client = self._redis()
        try:
            try:
                answer = await client.evalsha(_DIGEST, 1, *args)
            except NoScriptError:
                # A server that has started anew; this loads it too.
                answer = await client.eval(SCRIPT, 1, *args)
        except (RedisError, OSError, TimeoutError, ValueError) as error:
            # Not ``from error``: its text may have the URL.
            raise self._unavailable(error) from None
        return answer if isinstance(answer, list) else []

    def _redis(self) -> "Redis":
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        if self._own is None or loop is not self._loop:
            assert self._url is not None, "without a client there is a URL"
            pool = _client.BlockingConnectionPool.from_url(
                self._url,
                max_connections=self._max_connections,
                timeout=self._timeout,
                socket_timeout=self._timeout,
                socket_connect_timeout=self._timeout,
            )
            self._own = _client.Redis.from_pool(pool)
            self._loop = loop
        return self._own

    def _unavailable(self, error: Exception) -> StoreError:
        text = " ".join(str(error).split())[:200]
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return StoreError(f"{self!r} is not available: {type(error).__name__}: {text}")


def _as_int(value: object) -> int:
    if not isinstance(value, (int, str, bytes)):
        raise TypeError
    return int(value)


def _read_url(url: str) -> tuple[str, tuple[str, ...]]:
    """Return the place that a URL names, and what no text may have of it."""
    try:
        parts = urlsplit(url)
        port = parts.port
        if parts.scheme not in _SCHEMES or not (parts.hostname or parts.path):
            raise ValueError  # noqa: TRY301  # it is the same fault as that of ``urlsplit``
    except ValueError:
        # No URL in the text of the error: it may have a password.
        raise ValueError(
            "RedisStore() takes a URL that begins with redis://, rediss:// or unix:// and names a "
            "server: redis://host:6379/0"
        ) from None
    secrets = [parts.password or ""]
    for pair in parts.query.split("&"):
        name, _, value = pair.partition("=")
        if name == "password":
            secrets.append(value)
    host = (parts.hostname or "") + ("" if port is None else f":{port}")
    place = f"{parts.scheme}://{host}{parts.path}"
    return place, tuple({text for each in secrets if each for text in (each, unquote(each))})
