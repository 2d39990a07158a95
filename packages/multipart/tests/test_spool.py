"""Spools: memory, then disk."""

from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from treadle_multipart import SpoolPolicy
from treadle_multipart._spool import Spool


def test_rolling_to_disk_and_closing_twice(tmp_path: Path) -> None:
    spool = Spool(SpoolPolicy(directory=tmp_path))
    spool.write(b"abc")
    assert (spool.in_memory, spool.size) == (True, 3)
    spool.roll()
    spool.roll()
    spool.write(b"def")
    assert (spool.in_memory, spool.size) == (False, 6)
    spool.file.seek(0)
    assert spool.file.read() == b"abcdef"
    spool.close()
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_rolling_keeps_the_position() -> None:
    spool = Spool(SpoolPolicy())
    spool.write(b"abc")
    spool.file.seek(1)
    spool.roll()
    assert spool.file.read() == b"bc"
    spool.close()


def test_own_files() -> None:
    made: list[BinaryIO] = []

    def open_file() -> BinaryIO:
        made.append(BytesIO())
        return made[-1]

    spool = Spool(SpoolPolicy(open_file=open_file))
    spool.write(b"abc")
    spool.roll()
    assert spool.file is made[0]


def test_a_full_disk_leaves_no_file(tmp_path: Path) -> None:
    class Full(BytesIO):
        def write(self, data: object, /) -> int:
            raise OSError("full")

    full = Full()
    spool = Spool(SpoolPolicy(open_file=lambda: full))
    spool.write(b"abc")
    with pytest.raises(OSError, match="full"):
        spool.roll()
    assert full.closed
    assert spool.in_memory
    missing = Spool(SpoolPolicy(directory=tmp_path / "missing"))
    with pytest.raises(FileNotFoundError):
        missing.roll()
