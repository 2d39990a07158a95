"""The lines of a worker, through a real pipe."""

import os
from collections.abc import Iterator

import pytest

from treadle_server._workers.link import Message, Reader, Writer, memory_used

Pipe = tuple[int, Writer]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    read, write = os.pipe()
    yield read, Writer(write)
    os.close(read)
    os.close(write)


def test_messages(pipe: Pipe) -> None:
    read, writer = pipe
    writer.ready()
    writer.beat(12)
    writer.failed("KeyError:\n  'DSN' \u20ac\ud800")
    writer.failed("no module", unusable=True)
    data = os.read(read, 65_536)
    ready, beat, failed, unusable = Reader().feed(data)
    assert ready == Message("ready")
    assert (beat.kind, beat.requests) == ("beat", 12)
    assert 2**20 < beat.rss < 2**33
    assert failed == Message("failed", "KeyError: 'DSN' \u20ac\\ud800")
    assert unusable == Message("unusable", "no module")
    # Any cut gives the same.
    for size in range(1, 9):
        reader = Reader()
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        assert [message for piece in pieces for message in reader.feed(piece)] == [
            ready, beat, failed, unusable,
        ]  # fmt: skip


def test_a_line_is_short(pipe: Pipe) -> None:
    read, writer = pipe
    writer.failed("x " * 100_000)
    line = os.read(read, 65_536)
    assert line.startswith(b"failed x x")
    # What POSIX writes in one piece.
    assert len(line) < 512


def test_a_supervisor_that_does_not_read_holds_nobody_up(pipe: Pipe) -> None:
    read, writer = pipe
    for number in range(20_000):
        writer.beat(number)
    messages = Reader().feed(os.read(read, 2**20))
    # Lines are left out, not cut.
    assert [message.requests for message in messages] == list(range(len(messages)))
    assert 500 < len(messages) < 20_000


def test_a_supervisor_that_has_gone(pipe: Pipe) -> None:
    _, writer = pipe
    read, write = os.pipe()
    writer = Writer(write)
    os.close(read)
    writer.ready()
    os.close(write)
    assert memory_used() > 2**20
