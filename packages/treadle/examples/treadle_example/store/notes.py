"""The notes of the users: listed, searched, changed, shared. Others' notes are never found."""

import secrets
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = [
    "MAX_TEXT",
    "MAX_TITLE",
    "Note",
    "add",
    "all_titles",
    "delete",
    "find",
    "find_shared",
    "listed",
    "problem",
    "save",
    "share",
    "withdraw",
]

#: The characters of a title and of a text.
MAX_TITLE = 200
MAX_TEXT = 100_000


@dataclass(frozen=True, slots=True)
class Note:
    """A note; ``version`` grows with each change, ``shared`` is the token of its public page."""

    id: int
    user_id: int
    title: str
    text: str
    version: int
    changed: datetime
    shared: str | None


def _note(row: tuple[int, int, str, str, int, float, str | None]) -> Note:
    number, user_id, title, text, version, changed, shared = row
    when = datetime.fromtimestamp(changed, UTC)
    return Note(number, user_id, title, text, version, when, shared)


def problem(title: str, text: str) -> str | None:
    """Return what is wrong with the values of a note, None if nothing is."""
    if not title:
        return "Please give the note a title."
    if len(title) > MAX_TITLE or len(text) > MAX_TEXT:
        return f"A title has up to {MAX_TITLE} characters, and a text up to {MAX_TEXT:,}."
    try:
        (title + text).encode()
    except UnicodeEncodeError:
        # JSON can name half of a character, "\\ud83d", and SQLite keeps whole ones.
        return "The note has half a character (a lone surrogate) in it."
    return None


def listed(connection: sqlite3.Connection, user_id: int, words: str = "") -> list[Note]:
    """Return the notes of a user that have ``words`` in them, the last changed first."""
    pattern = "%" + words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
    rows = connection.execute(
        "SELECT * FROM notes WHERE user_id = ?"
        r" AND (title LIKE ? ESCAPE '\' OR text LIKE ? ESCAPE '\') ORDER BY changed DESC, id DESC",
        (user_id, pattern, pattern),
    )
    return [_note(row) for row in rows]


def find(connection: sqlite3.Connection, user_id: int, note_id: int) -> Note | None:
    """Return a note of a user, None if there is none or another user has it."""
    row = connection.execute(
        "SELECT * FROM notes WHERE id = ? AND user_id = ?",
        (note_id, user_id),
    ).fetchone()
    return row and _note(row)


def find_shared(connection: sqlite3.Connection, token: str) -> Note | None:
    """Return the note of a link, None if it is not shared any more."""
    row = connection.execute(
        "SELECT * FROM notes WHERE shared = ?",
        (token,),
    ).fetchone()
    return row and _note(row)


def add(connection: sqlite3.Connection, user_id: int, title: str, text: str) -> Note:
    """Add a note."""
    row = connection.execute(
        "INSERT INTO notes (user_id, title, text, version, changed) VALUES (?, ?, ?, 1, ?)"
        " RETURNING *",
        (user_id, title, text, time.time()),
    ).fetchone()
    return _note(row)


def save(
    connection: sqlite3.Connection, note: Note, version: int, title: str, text: str
) -> Note | None:
    """Change the note that was read as ``version``; None if it has been changed meanwhile."""
    row = connection.execute(
        "UPDATE notes SET title = ?, text = ?, version = version + 1, changed = ?"
        " WHERE id = ? AND version = ? RETURNING *",
        (title, text, time.time(), note.id, version),
    ).fetchone()
    return row and _note(row)


def delete(connection: sqlite3.Connection, note_id: int) -> list[str]:
    """Delete a note; return the ids of its attachments, whose files are left."""
    rows = connection.execute("SELECT id FROM attachments WHERE note_id = ?", (note_id,)).fetchall()
    connection.execute("DELETE FROM notes WHERE id = ?", (note_id,))
    return [row[0] for row in rows]


def share(connection: sqlite3.Connection, note: Note) -> None:
    """Give a note a link that nobody can guess; one that has a link keeps it."""
    connection.execute(
        "UPDATE notes SET shared = ? WHERE id = ? AND shared IS NULL",
        (secrets.token_urlsafe(16), note.id),
    )


def withdraw(connection: sqlite3.Connection, note: Note) -> None:
    """Take the link away; a later one is another one."""
    connection.execute("UPDATE notes SET shared = NULL WHERE id = ?", (note.id,))


def all_titles(connection: sqlite3.Connection) -> list[tuple[int, str, str]]:
    """Return the id, the title and the user's name of each note, for the admin."""
    rows = connection.execute(
        "SELECT notes.id, title, name FROM notes JOIN users ON users.id = user_id"
        " ORDER BY changed DESC"
    )
    return rows.fetchall()
