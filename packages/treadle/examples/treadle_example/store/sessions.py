"""The sessions: who has logged in with which browser, until a logout or the end of its time.

A browser has a random token, and the table its hash: a stranger who reads the database cannot log
in with what is there. A hash without salt is enough, because nobody can guess 32 random bytes.
"""

import hashlib
import secrets
import sqlite3
import time

from .users import User

__all__ = ["LIFETIME", "begin", "end", "user_of"]

#: The seconds after which a user has to log in again.
LIFETIME = 14 * 24 * 60 * 60


def begin(connection: sqlite3.Connection, user: User, old: str | None = None) -> str:
    """Return the token of a new session; ``old`` is that of a session which ends with it."""
    now = time.time()
    connection.execute("DELETE FROM sessions WHERE expires < ?", (now,))
    if old is not None:
        end(connection, old)
    token = secrets.token_urlsafe(32)
    connection.execute(
        "INSERT INTO sessions (token, user_id, expires) VALUES (?, ?, ?)",
        (_hashed(token), user.id, now + LIFETIME),
    )
    return token


def user_of(connection: sqlite3.Connection, token: str) -> User | None:
    """Return the user of a session, None if it has ended or there was none."""
    row = connection.execute(
        "SELECT users.id, name, is_admin FROM sessions JOIN users ON users.id = user_id"
        " WHERE token = ? AND expires > ?",
        (_hashed(token), time.time()),
    ).fetchone()
    return row and User(row[0], row[1], bool(row[2]))


def end(connection: sqlite3.Connection, token: str) -> None:
    """End a session; a copy of its token is worth nothing from here on."""
    connection.execute("DELETE FROM sessions WHERE token = ?", (_hashed(token),))


def _hashed(token: str) -> bytes:
    # The token comes from a stranger, who may send any text.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
