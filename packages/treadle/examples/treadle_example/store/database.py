"""The owner of the SQLite file: one thread with one connection, and a transaction for each call.

``sqlite3`` blocks, so its calls happen in a thread. One thread is enough for one file, and it makes
a process use its connection for one thing at a time. Several processes share the file: in WAL mode
readers wait for nobody, and a writer waits for the other one.

The functions of this package take a connection first, and know neither threads nor requests:

    notes = await request.app[DATABASE].read(notes.listed, user.id)
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from sqlite3 import Connection
from typing import Concatenate, ParamSpec, TypeVar

from treadle import web

__all__ = ["DATABASE", "Database", "connect", "keep_open", "make_tables", "transaction"]

P = ParamSpec("P")
T = TypeVar("T")

#: The seconds for which a writer waits for the writer of another process.
_PATIENCE = 10.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    password TEXT NOT NULL,
    is_admin INTEGER NOT NULL,
    created REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS sessions (
    token BLOB PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    expires REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS notes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users ON DELETE CASCADE,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    version INTEGER NOT NULL,
    changed REAL NOT NULL,
    shared TEXT UNIQUE
);
CREATE TABLE IF NOT EXISTS attachments (
    id TEXT PRIMARY KEY,
    note_id INTEGER NOT NULL REFERENCES notes ON DELETE CASCADE,
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    created REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS sessions_of_user ON sessions (user_id);
CREATE INDEX IF NOT EXISTS notes_of_user ON notes (user_id, changed);
CREATE INDEX IF NOT EXISTS attachments_of_note ON attachments (note_id);
"""


def connect(path: Path) -> Connection:
    """Return a new connection, for the thread that calls this."""
    # Without an isolation level the module begins no transactions by itself.
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def transaction(connection: Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Commit at the end of the block, or roll back if it raises.

    IMMEDIATE takes the lock at once: a transaction that reads first and writes later would fail
    instead of waiting if another one has written meanwhile.
    """
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def make_tables(connection: Connection) -> None:
    """Make the tables that are missing."""
    with transaction(connection):
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)


class Database:
    """A file, and the thread that uses it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._thread = ThreadPoolExecutor(1, "database")
        self._connection: Connection | None = None

    async def open(self) -> None:
        """Connect, and make what is missing: the folder, the file, its tables."""
        await self._run(self._open)

    async def close(self) -> None:
        """Close the connection behind the calls that run, and end the thread."""
        await self._run(self._close)
        self._thread.shutdown()

    async def read(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **named: P.kwargs
    ) -> T:
        """Return ``work(connection, ...)``, which sees one state of the file and only reads."""
        return await self._run(lambda: self._work("BEGIN", lambda c: work(c, *args, **named)))

    async def write(
        self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **named: P.kwargs
    ) -> T:
        """Return ``work(connection, ...)``: all of its changes count, or none if it raises.

        If the caller is cancelled meanwhile, a transaction that has begun still ends.
        """
        return await self._run(
            lambda: self._work("BEGIN IMMEDIATE", lambda c: work(c, *args, **named))
        )

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _work(self, begin: str, work: Callable[[Connection], T]) -> T:
        if self._connection is None:
            raise RuntimeError(f"The database {self.path} is not open")
        with transaction(self._connection, begin):
            return work(self._connection)

    def _open(self) -> None:
        try:
            self._connect()
        except (OSError, sqlite3.Error) as error:
            raise RuntimeError(
                f"The database {self.path} cannot be used: {error}. Name another file, or a folder "
                "that this user may write to, with --database"
            ) from error

    def _connect(self) -> None:
        # Notes are private: nobody else on this machine reads a folder that is made here.
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._connection = connect(self.path)
        _use_wal(self._connection)
        make_tables(self._connection)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _use_wal(connection: Connection) -> None:
    """Switch to WAL; SQLite itself does not wait while another process does the same."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


#: The database of an application.
DATABASE = web.AppKey("database", Database)


async def keep_open(app: web.Application) -> AsyncIterator[None]:
    """Have the database open while the application runs: a cleanup context."""
    database = app[DATABASE]
    try:
        await database.open()
        yield
    finally:
        await database.close()
