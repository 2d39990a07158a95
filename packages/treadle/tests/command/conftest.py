"""A folder for the files of a user, which are forgotten when a test ends."""

import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write files of the current directory: ``write("app.py", "text")``; returns the directory."""
    monkeypatch.chdir(tmp_path)
    path, modules = list(sys.path), set(sys.modules)
    handlers, level = list(logging.root.handlers), logging.root.level
    asyncio_level = logging.getLogger("asyncio").level

    def write(name: str = "", text: str = "") -> Path:
        if name:
            target = tmp_path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return tmp_path

    yield write
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None)
        if file is not None and file.startswith(str(tmp_path)):
            del sys.modules[name]
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.getLogger("asyncio").setLevel(asyncio_level)
