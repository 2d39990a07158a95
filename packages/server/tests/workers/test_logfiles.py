"""Files of the log that another program moves away."""

import logging
from collections.abc import Callable, Iterator
from logging.handlers import RotatingFileHandler, WatchedFileHandler
from pathlib import Path

import pytest

from treadle_server._workers.logfiles import reopen_logs

Make = Callable[[Path], logging.Handler]

KINDS: dict[str, Make] = {
    "append": logging.FileHandler,
    "write": lambda path: logging.FileHandler(path, mode="w", encoding="latin-1"),
    "late": lambda path: logging.FileHandler(path, delay=True),
    "watched": WatchedFileHandler,
    "rotating": RotatingFileHandler,
}


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    made = logging.getLogger("treadle.test_logfiles")
    made.propagate = False
    yield made
    for handler in made.handlers[:]:
        made.removeHandler(handler)
        handler.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_was_moved(kind: str, logger: logging.Logger, tmp_path: Path) -> None:
    path, moved = tmp_path / "app.log", tmp_path / "app.log.1"
    logger.addHandler(KINDS[kind](path))
    logger.warning("one é")
    path.rename(moved)
    if kind != "watched":
        # It looks before each line.
        logger.warning("two")
    reopen_logs()
    logger.warning("three é")
    encoding = "latin-1" if kind == "write" else "utf-8"
    first = "one é\n" if kind == "watched" else "one é\ntwo\n"
    assert (moved.read_text(encoding), path.read_text(encoding)) == (first, "three é\n")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_was_not_moved_keeps_its_lines(
    kind: str, logger: logging.Logger, tmp_path: Path
) -> None:
    path = tmp_path / "app.log"
    logger.addHandler(KINDS[kind](path))
    logger.warning("one")
    reopen_logs()
    logger.warning("two")
    assert path.read_text() == "one\ntwo\n"


def test_a_file_that_has_no_line_yet(logger: logging.Logger, tmp_path: Path) -> None:
    logger.addHandler(KINDS["late"](tmp_path / "app.log"))
    reopen_logs()
    assert not (tmp_path / "app.log").exists()


def test_a_file_that_cannot_be_opened(
    logger: logging.Logger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    other = tmp_path / "other.log"
    logger.addHandler(KINDS["append"](folder / "app.log"))
    logger.addHandler(KINDS["append"](other))
    moved = tmp_path / "moved"
    folder.rename(moved)
    other.rename(tmp_path / "other.log.1")
    reopen_logs()
    logger.warning("goes on")
    assert "A file of the log could not be opened again" in caplog.text
    assert (moved / "app.log").read_text() == "goes on\n"
    assert other.read_text() == "goes on\n"
