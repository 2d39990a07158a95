"""What the example keeps, without threads and requests: functions over a connection in memory."""

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from treadle_example.store import attachments, notes, sessions, users
from treadle_example.store.database import make_tables, transaction
from treadle_example.store.users import User


@contextlib.contextmanager
def memory() -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        make_tables(connection)
        yield connection


def add_user(connection: sqlite3.Connection, name: str) -> User:
    user = users.add(connection, name, "hash")
    assert user is not None
    return user


def test_the_first_user_is_the_admin_and_names_are_taken_once() -> None:
    with memory() as connection:
        assert add_user(connection, "Ada").is_admin
        assert not add_user(connection, "Straße").is_admin
        for name in ("ada", "ADA", "\uff21da", "STRASSE"):
            assert users.add(connection, name, "other") is None
        assert users.find(connection, "aDa") == (User(1, "Ada", True), "hash")
        assert users.find(connection, "Adam") is None


@given(
    words=st.text(alphabet="aB%_\\' é", max_size=4),
    texts=st.lists(st.text(alphabet="aB%_\\' é", max_size=6), max_size=6),
)
def test_the_search_finds_what_has_the_words(words: str, texts: list[str]) -> None:
    with memory() as connection:
        ada, bob = add_user(connection, "Ada"), add_user(connection, "Bob")
        for text in texts:
            notes.add(connection, ada.id, "-", text)
            notes.add(connection, bob.id, "-", text)
        found = [note.text for note in notes.listed(connection, ada.id, words)]
        assert sorted(found) == sorted(t for t in texts if words.lower() in t.lower())


def test_a_transaction_counts_as_a_whole() -> None:
    with memory() as connection:
        ada = add_user(connection, "Ada")

        def fail() -> None:
            with transaction(connection):
                notes.add(connection, ada.id, "lost", "")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert notes.listed(connection, ada.id) == []
        with transaction(connection):
            notes.add(connection, ada.id, "kept", "")
        assert [note.title for note in notes.listed(connection, ada.id)] == ["kept"]


def test_a_user_who_is_deleted_leaves_nothing() -> None:
    with memory() as connection:
        ada, bob = add_user(connection, "Ada"), add_user(connection, "Bob")
        token = sessions.begin(connection, bob)
        assert sessions.user_of(connection, token) == bob
        note = notes.add(connection, bob.id, "Milk", "")
        file = attachments.Attachment(attachments.new_id(), note.id, "a", "", 1)
        assert attachments.add(connection, note, [file])
        assert attachments.used(connection, bob.id) == 1
        assert users.delete(connection, bob.id) == [file.id]
        assert sessions.user_of(connection, token) is None
        for table in ("notes", "attachments", "sessions"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        assert users.listed(connection) == [(ada, 0)]
