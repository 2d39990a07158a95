"""Connections of redis-py, made from a URL whose password is never told.

redis-py brings the connection (TCP, TLS, unix sockets, the login) and the parser of answers; this
module uses its public ``Connection`` classes, without its pools and retries, because a link owns
its two connections and decides itself when to try again.
"""

import contextlib
import urllib.parse
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final, final

from treadle_channels._core.errors import BackendError

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool
    from redis.asyncio.connection import AbstractConnection

__all__ = ["Command", "RedisConnection", "RedisServer", "Value"]

#: One command, by its words.
Command = tuple[bytes | str | int | float, ...]

#: An answer of Redis.
Value = bytes | int | None | list["Value"]

_FORM: Final = "redis://[user:password@]host[:port][/database]"


def _import() -> "type[ConnectionPool]":
    try:
        from redis.asyncio import ConnectionPool
    except ImportError as error:
        raise ImportError(
            "Redis needs its client: pip install 'treadle-channels[redis]'", name="redis"
        ) from error
    return ConnectionPool


@final
class RedisServer:
    """A server by its URL; makes connections to it."""

    def __init__(self, url: str, timeout: float) -> None:
        pool = _import()
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        self.timeout: Final = timeout
        self._secrets, self.description = _without_password(url)
        # The errors of redis-py and of urllib may quote parts of a URL.
        problem = ""
        try:
            self._pool = pool.from_url(
                url,
                protocol=2,  # the answers of pub/sub are plain arrays
                retry=Retry(NoBackoff(), 0),
                retry_on_error=[],
                socket_connect_timeout=timeout,
                socket_timeout=None,
                health_check_interval=0,
                decode_responses=False,
                client_name="treadle-channels",
            )
            # An option in the URL that redis-py does not have is found here, not at the start.
            self._connection()
        except (TypeError, ValueError) as error:
            problem = self.clean(error)
        if problem:
            raise ValueError(
                f"The URL of Redis cannot be used ({problem}): give {_FORM}, rediss:// for TLS or "
                "unix://path, with the password percent-encoded"
            )

    def clean(self, error: object) -> str:
        """Return the text of an error without passwords."""
        text = str(error)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def connection(self) -> "RedisConnection":
        """Return a connection that is not open."""
        return RedisConnection(self._connection(), self)

    def _connection(self) -> "AbstractConnection":
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py's
        return connection


def _without_password(url: str) -> tuple[list[str], str]:
    """Return the passwords in ``url``, in each form that they may be told in, and the rest."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
        host = f"{parts.hostname or ''}{port}{parts.path}"
        password = parts.password
    except ValueError:
        # Brackets or a port that are none: which part is the password is not known.
        raise ValueError(
            f"The URL of Redis has no host and port that can be read: give {_FORM}, with the "
            "password percent-encoded"
        ) from None
    secrets = urllib.parse.parse_qs(parts.query).get("password", [])
    if password:
        secrets += [password, urllib.parse.unquote(password)]
    return sorted(filter(None, secrets), key=len, reverse=True), f"Redis at {parts.scheme}://{host}"


@final
class RedisConnection:
    """One connection of redis-py; its errors are translated and have no passwords."""

    def __init__(self, connection: "AbstractConnection", server: RedisServer) -> None:
        self._connection = connection
        self._server = server

    async def open(self) -> None:
        """Connect and log in; raises ``BackendError`` if the server refuses that."""
        from redis.exceptions import AuthenticationError, RedisError, ResponseError

        try:
            await self._connection.connect()  # type: ignore[no-untyped-call]  # redis-py's
            await self._connection.send_command("PING")
            answer = await self._connection.read_response()
        except (AuthenticationError, ResponseError) as error:
            raise self.refused(error) from None
        except RedisError as error:
            raise ConnectionError(self._server.clean(error)) from None
        if answer != b"PONG":
            raise BackendError(
                f"{self._server.description} answered {answer!r:.80} to PING: it is no Redis"
            )

    def refused(self, error: Exception) -> BackendError:
        """Return the error for an answer that is an error."""
        return BackendError(f"{self._server.description} refused: {self._server.clean(error)}")

    async def write(self, commands: Sequence[Command]) -> None:
        """Send commands; their answers are to be read in this order."""
        connection = self._connection
        if len(commands) == 1:
            await connection.send_packed_command(
                connection.pack_command(*commands[0]), check_health=False
            )
        else:
            await connection.send_packed_command(
                connection.pack_commands(commands), check_health=False
            )

    async def read(self) -> Value:
        """Return the next answer, without a deadline; an error is raised as redis-py has it."""
        value: Value = await self._connection.read_response()
        return value

    def reader(self) -> Callable[[], Awaitable[Value]]:
        """Return ``read`` without a call around it, for a loop that reads each message."""
        return self._connection.read_response

    async def ask(self, commands: Sequence[Command]) -> list[Value | BackendError]:
        """Send commands; return their answers in order, errors among them."""
        from redis.exceptions import AuthenticationError, ResponseError

        await self.write(commands)
        answers: list[Value | BackendError] = []
        for _ in commands:
            try:
                answers.append(await self.read())
            except (AuthenticationError, ResponseError) as error:
                answers.append(self.refused(error))
        return answers

    async def close(self) -> None:
        """Close the connection, open or not."""
        from redis.exceptions import RedisError

        with contextlib.suppress(OSError, RedisError):
            await self._connection.disconnect()
