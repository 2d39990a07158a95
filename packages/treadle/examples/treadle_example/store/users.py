"""The users: added, found by name, listed and deleted."""

import sqlite3
import time
import unicodedata
from dataclasses import dataclass

__all__ = ["User", "add", "delete", "find", "listed"]


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account."""

    id: int
    name: str
    is_admin: bool


def _key(name: str) -> str:
    """Return what two names that a reader takes for the same one have in common."""
    return unicodedata.normalize("NFKC", name).casefold()


def add(connection: sqlite3.Connection, name: str, password: str) -> User | None:
    """Add a user with the hash of a password; None if the name is taken.

    The first user of a database is its admin.
    """
    (is_first,) = connection.execute("SELECT NOT EXISTS (SELECT 1 FROM users)").fetchone()
    row = connection.execute(
        "INSERT INTO users (name, key, password, is_admin, created) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (key) DO NOTHING RETURNING id",
        (name, _key(name), password, is_first, time.time()),
    ).fetchone()
    return row and User(row[0], name, bool(is_first))


def find(connection: sqlite3.Connection, name: str) -> tuple[User, str] | None:
    """Return the user of a name and the hash of the password, None if there is none."""
    row = connection.execute(
        "SELECT id, name, is_admin, password FROM users WHERE key = ?", (_key(name),)
    ).fetchone()
    return row and (User(row[0], row[1], bool(row[2])), row[3])


def listed(connection: sqlite3.Connection) -> list[tuple[User, int]]:
    """Return all users, and how many notes each has."""
    rows = connection.execute(
        "SELECT id, name, is_admin, (SELECT count(*) FROM notes WHERE user_id = users.id)"
        " FROM users ORDER BY id"
    )
    return [(User(row[0], row[1], bool(row[2])), row[3]) for row in rows]


def delete(connection: sqlite3.Connection, user_id: int) -> list[str]:
    """Delete a user with all notes; return the ids of the attachments, whose files are left."""
    rows = connection.execute(
        "SELECT attachments.id FROM attachments JOIN notes ON notes.id = note_id WHERE user_id = ?",
        (user_id,),
    ).fetchall()
    connection.execute("DELETE FROM users WHERE id = ?", (user_id,))
    return [row[0] for row in rows]
