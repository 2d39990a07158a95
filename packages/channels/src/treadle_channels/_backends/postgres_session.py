"""A session of PostgreSQL: a connection that listens, and one that asks.

psycopg gives notifications to the caller only while a statement runs, or to a generator that owns
the connection. Here one task owns the listening connection: it waits for its socket or for a wish
(to listen to topics, to check the server), runs the statement of the wish, and takes what came.
Notifications that name a row are held, and all behind them, until the row is read.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, final

from treadle_channels._core.errors import BackendError
from treadle_channels._core.notify import channel_name, decode

from .interfaces import Sink
from .link import logger
from .postgres_client import PostgresServer, Publication, Tables, bounded, publish_all

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Notify

__all__ = ["PostgresSession", "Work"]

#: A statement with its values, of which the rows are the answer; or a message.
Work = tuple[str, tuple[object, ...]] | Publication

#: Rows that are read from the table at a time: a message has a megabyte or more.
_ROWS: Final = 16


@final
class PostgresSession:
    """One life of the connections to PostgreSQL; rows are kept for ``keep`` seconds."""

    ping: Work = ("SELECT 1", ())

    def __init__(
        self,
        server: PostgresServer,
        sink: Sink,
        prefix: str,
        tables: Tables,
        keep: float,
        wants: Callable[[str], bool],
    ) -> None:
        #: False until the subscribers were told what was lost before: what comes earlier is lost.
        self.open_for_messages = False
        self._server = server
        self._sink = sink
        self._prefix = prefix
        self._tables = tables
        self._keep = keep
        self._wants = wants
        self._listening: AsyncConnection[tuple[Any, ...]] | None = None
        self._asking: AsyncConnection[tuple[Any, ...]] | None = None
        self._wake = asyncio.Event()
        self._wishes: deque[tuple[str, asyncio.Future[None]]] = deque()
        self._inbox: deque[str] = deque()
        self._cleaned = -float("inf")
        self._complained = False

    async def open(self) -> None:
        """Open both connections, and make the tables."""
        import psycopg

        try:
            self._listening = await self._server.connect()
            self._asking = await self._server.connect()
            await self._tables.make(self._asking)
        except psycopg.OperationalError as error:
            if error.sqlstate is None and "FATAL" not in str(error):
                raise
            raise BackendError(f"{self._server.description} refused: {_line(error)}") from None
        except psycopg.Error as error:
            raise BackendError(f"{self._server.description} refused: {_line(error)}") from None
        self._listening.add_notify_handler(self._note)

    async def close(self) -> None:
        """Close both connections."""
        for _, future in self._wishes:
            future.cancel()
        for connection in (self._listening, self._asking):
            if connection is not None:
                await connection.close()

    # Listening

    def _note(self, notify: "Notify") -> None:
        """Take a notification that came while a statement ran."""
        self._inbox.append(notify.payload)

    async def listen(self) -> None:
        """Serve the wishes and take notifications until the connection is lost."""
        connection = self._listening
        assert connection is not None
        loop = asyncio.get_running_loop()
        pgconn = connection.pgconn
        while True:
            while self._wishes:
                await self._fulfil(connection)
            while (notify := pgconn.notifies()) is not None:
                self._inbox.append(notify.extra.decode(errors="replace"))
            if self._inbox:
                await self._deliver(connection)
                continue
            # psycopg uses the loop's reader of this socket itself while a statement runs.
            loop.add_reader(pgconn.socket, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                loop.remove_reader(pgconn.socket)
            self._wake.clear()
            # Raises OperationalError where the server has closed the connection.
            pgconn.consume_input()

    async def _fulfil(self, connection: "AsyncConnection[tuple[Any, ...]]") -> None:
        statement, future = self._wishes[0]
        # No words of users are in it: names of channels are digests.
        await bounded(connection, connection.execute(statement.encode()), self._server.timeout)
        self._wishes.popleft()
        if not future.done():
            future.set_result(None)

    async def _wish(self, statement: str) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wishes.append((statement, future))
        self._wake.set()
        await future

    async def change(self, add: Sequence[str], drop: Sequence[str]) -> None:
        """Listen to the channels of topics, or no longer."""
        names = [f'LISTEN "{channel_name(self._prefix, topic)}"' for topic in add]
        names += [f'UNLISTEN "{channel_name(self._prefix, topic)}"' for topic in drop]
        await self._wish("; ".join(names))

    async def check(self) -> None:
        """Return when the server has answered on the listening connection."""
        await self._wish("SELECT 1")

    async def _deliver(self, connection: "AsyncConnection[tuple[Any, ...]]") -> None:
        """Give the notifications to the sink in their order, rows among them."""
        inbox, self._inbox = self._inbox, deque()
        messages: list[tuple[str, bytes | int]] = []
        for payload in inbox:
            try:
                messages.append(decode(payload))
            except BackendError as error:
                self._complain(str(error))
        rows = [found for topic, found in messages if isinstance(found, int) and self._wants(topic)]
        envelopes: dict[int, bytes] = {}
        numbers = iter(rows)
        for topic, found in messages:
            if not self._wants(topic):
                continue
            envelope = found if isinstance(found, bytes) else envelopes.pop(found, None)
            if isinstance(found, int) and envelope is None:
                some = [number for number, _ in zip(numbers, range(_ROWS), strict=False)]
                fetch = connection.execute(self._tables.fetch.encode(), (some,), binary=True)
                cursor = await bounded(connection, fetch, self._server.timeout)
                envelopes.update(await cursor.fetchall())
                envelope = envelopes.pop(found, None)
            if not self.open_for_messages:
                continue
            if envelope is None:
                # It was kept for too short a time, or the process was behind for too long.
                self._sink.lost((topic,), "trimmed", 1)
            elif envelope[:1] in (b"t", b"b"):
                self._sink.deliver(topic, envelope, None)
            else:
                self._sink.lost((topic,), "undecodable", 1)

    def _complain(self, text: str) -> None:
        """Tell of a notification that is none of ours; of which topic is not known."""
        level = logger.debug if self._complained else logger.warning
        self._complained = True
        level("%s: %s", self._server.description, text)
        if self.open_for_messages:
            self._sink.lost(None, "undecodable", 1)

    # Asking

    async def send(self, batch: Sequence[Work]) -> Sequence[object | BackendError]:
        """Ask: messages that follow one another go in one transaction."""
        connection = self._asking
        assert connection is not None
        # The link's own deadline is the same; this one comes first or is cancelled by it.
        return await bounded(connection, self._send(connection, batch), self._server.timeout)

    async def _send(
        self, connection: "AsyncConnection[tuple[Any, ...]]", batch: Sequence[Work]
    ) -> Sequence[object | BackendError]:
        await self._clean(connection)
        answers: list[object | BackendError] = []
        messages: list[Publication] = []
        for work in [*batch, None]:
            if work is not None and isinstance(work[1], bytes):
                messages.append((work[0], work[1]))
                continue
            if messages:
                answers += await self._publish(connection, messages)
                messages = []
            if work is not None:
                assert isinstance(work[1], tuple)
                answers.append(await self._ask(connection, work[0], work[1]))
        return answers

    async def _publish(
        self, connection: "AsyncConnection[tuple[Any, ...]]", messages: Sequence[Publication]
    ) -> list[BackendError | None]:
        import psycopg

        try:
            await publish_all(connection, self._tables, self._prefix, messages)
        except psycopg.Error as error:
            if connection.broken or connection.closed:
                raise
            return [self._refused(error)] * len(messages)
        return [None] * len(messages)

    async def _ask(
        self,
        connection: "AsyncConnection[tuple[Any, ...]]",
        statement: str,
        values: tuple[object, ...],
    ) -> object | BackendError:
        import psycopg

        try:
            cursor = await connection.execute(statement.encode(), values)
            return await cursor.fetchall() if cursor.description is not None else None
        except psycopg.Error as error:
            if connection.closed:
                raise
            return self._refused(error)

    def _refused(self, error: Exception) -> BackendError:
        return BackendError(f"{self._server.description} refused: {_line(error)}")

    async def _clean(self, connection: "AsyncConnection[tuple[Any, ...]]") -> None:
        """Remove old rows, now and then; each process does it."""
        now = asyncio.get_running_loop().time()
        if now - self._cleaned > self._keep / 2:
            self._cleaned = now
            await self._ask(connection, self._tables.clean[0], (self._keep,))
            await self._ask(connection, self._tables.clean[1], ())


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
