"""The attachments of notes: a row in the table, and a file of the same id in a folder.

The row is added behind the file, and deleted before it: a row never lacks its file. A process that
is killed between the two, or a database that fails, leaves a file without a row, which nobody can
reach.
"""

import contextlib
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from treadle import web

from .notes import Note

__all__ = [
    "FILES",
    "MAX_FILE",
    "MAX_TOTAL",
    "Attachment",
    "add",
    "delete",
    "find",
    "image_type",
    "listed",
    "new_file",
    "new_id",
    "remove_files",
    "used",
]

#: The folder of the files of an application.
FILES = web.AppKey("files", Path)

#: The bytes of a file, and those of all files of a user.
MAX_FILE = 10 * 1024 * 1024
MAX_TOTAL = 100 * 1024 * 1024

#: The images that browsers show and that run no scripts, by the bytes that they begin with.
_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a note; ``media_type`` is empty unless it is an image that pages may show."""

    id: str
    note_id: int
    name: str
    media_type: str
    size: int


def image_type(begin: bytes) -> str:
    """Return the type of an image by its first bytes, "" for everything else.

    What a client says of its file is a claim: HTML that is called an image is no image.
    """
    for magic, media_type in _IMAGES:
        if begin.startswith(magic):
            return media_type
    return "image/webp" if begin[:4] == b"RIFF" and begin[8:12] == b"WEBP" else ""


def new_id() -> str:
    """Return the id of a new attachment: the name of its file, and unlike those of others."""
    return secrets.token_hex(16)


def listed(connection: sqlite3.Connection, note_id: int) -> list[Attachment]:
    """Return the attachments of a note, the oldest first."""
    rows = connection.execute(
        "SELECT id, note_id, name, media_type, size FROM attachments WHERE note_id = ?"
        " ORDER BY created, id",
        (note_id,),
    )
    return [Attachment(*row) for row in rows]


def find(connection: sqlite3.Connection, note: Note, attachment_id: str) -> Attachment | None:
    """Return an attachment of a note, None if it has no such one."""
    row = connection.execute(
        "SELECT id, note_id, name, media_type, size FROM attachments WHERE id = ? AND note_id = ?",
        (attachment_id, note.id),
    ).fetchone()
    return row and Attachment(*row)


def used(connection: sqlite3.Connection, user_id: int) -> int:
    """Return the bytes of all files of a user."""
    (size,) = connection.execute(
        "SELECT coalesce(sum(size), 0) FROM attachments JOIN notes ON notes.id = note_id"
        " WHERE user_id = ?",
        (user_id,),
    ).fetchone()
    return int(size)


def add(connection: sqlite3.Connection, note: Note, files: Iterable[Attachment]) -> bool:
    """Add the rows of files; False if the note was deleted, or the user has no room for them."""
    rows = [(each.id, note.id, each.name, each.media_type, each.size) for each in files]
    found = connection.execute("SELECT 1 FROM notes WHERE id = ?", (note.id,)).fetchone()
    if found is None or used(connection, note.user_id) + sum(row[-1] for row in rows) > MAX_TOTAL:
        return False
    connection.executemany(
        "INSERT INTO attachments (id, note_id, name, media_type, size, created)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [(*row, time.time()) for row in rows],
    )
    return True


def delete(connection: sqlite3.Connection, attachment: Attachment) -> None:
    """Delete the row; its file is left."""
    connection.execute("DELETE FROM attachments WHERE id = ?", (attachment.id,))


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Open a new file for writing; it is removed if the block raises."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with path.open("xb") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def remove_files(folder: Path, ids: Iterable[str]) -> None:
    """Remove the files of attachments that have been deleted."""
    for each in ids:
        (folder / each).unlink(missing_ok=True)
