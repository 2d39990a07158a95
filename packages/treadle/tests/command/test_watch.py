"""Which files count, and how a change of one is seen."""

import importlib.util
import threading
from pathlib import Path

import pytest

from treadle._command import watch
from treadle._command.watch import Files, changes

COUNTS = [
    ("app.py", True),
    ("deep/er/app.py", True),
    ("templates/a.html", True),
    ("settings.toml", True),
    (".env", True),
    ("style.css", False),
    ("data.sqlite", False),
    ("app.py~", False),
    (".git/config.py", False),
    (".venv/lib/x.py", False),
    ("venv/lib/x.py", False),
    ("node_modules/x/y.json", False),
    ("__pycache__/app.cpython-313.pyc", False),
    ("more/x.svg", True),
    ("generated/x.py", False),
    ("deep/generated/x.py", False),
    ("skip_me.py", False),
    ("docs/a.md", False),
]


@pytest.mark.parametrize(("path", "counts"), COUNTS)
def test_what_counts(tmp_path: Path, path: str, counts: bool) -> None:
    files = Files([tmp_path], ["*.svg"], ["generated", "skip_*.py", "docs/*"])
    assert files.counts(str(tmp_path / path)) is counts
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).touch()
    assert files.stamps().keys() == ({str(tmp_path / path)} if counts else set())


def test_other_folders_do_not_count(tmp_path: Path) -> None:
    files = Files([tmp_path / "a", tmp_path / "b", tmp_path / "a"])
    assert files.folders == (tmp_path / "a", tmp_path / "b")
    assert not files.counts(str(tmp_path / "ab/app.py"))
    assert files.counts(str(tmp_path / "b/app.py"))


@pytest.mark.parametrize("poll", [False, True])
def test_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, poll: bool) -> None:
    monkeypatch.setattr(watch, "INTERVAL", 0.01)
    stop = threading.Event()
    app = tmp_path / "app.py"
    app.write_text("1")
    (tmp_path / "style.css").touch()
    found = changes(Files([tmp_path]), stop, poll=poll)
    app.write_text("22")
    seen: list[list[str]] = []
    more, quiet = threading.Event(), threading.Event()

    def look() -> None:
        for changed in found:
            if changed:
                seen.append(changed)
                more.set()
            else:
                quiet.set()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        # Whether the watcher has begun or not.
        assert more.wait(10)
        assert seen == [[str(app)]]
        for name in ("new.py", "gone.py"):
            more.clear()
            (tmp_path / name).touch()
            assert more.wait(10)
            assert str(tmp_path / name) in seen[-1]
        more.clear()
        (tmp_path / "gone.py").unlink()
        assert more.wait(10)
        assert str(tmp_path / "gone.py") in seen[-1]
        # The caller is asked for now and then.
        quiet.clear()
        assert quiet.wait(10)
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def test_without_watchfiles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    assert list(changes(Files([tmp_path]), stop)) == []
