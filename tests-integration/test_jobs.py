"""The programs of ``docs/jobs-*.md``: an application, a worker of the library, a real engine."""

import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

import readme
from testkit import PATIENCE, Program
from testkit.engines import Postgres, Redis
from treadle_testing import unused_port

DOCS = Path(__file__).resolve().parent.parent / "packages/treadle/docs"


@contextlib.contextmanager
def running(folder: Path, *command: str) -> Iterator[Program]:
    program = Program([sys.executable, *command], folder)
    try:
        yield program
    finally:
        program.close()


@contextlib.contextmanager
def application(folder: Path) -> Iterator[Program]:
    with running(folder, "app.py") as app:
        app.wait_running()
        yield app
        assert app.end() == 0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORT", str(unused_port()))
    return tmp_path


def write(page: str, folder: Path) -> None:
    for name, code in readme.programs(DOCS / page).items():
        (folder / name).write_text(code)


def ask(app: Program, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", app.port, timeout=PATIENCE)
    connection.request(method, path, body)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, json.loads(text) if text.startswith("{") else text


def ask_until(app: Program, path: str, wanted: tuple[int, Any]) -> None:
    """Ask as a client does that waits for a job."""
    end = time.monotonic() + PATIENCE
    while (found := ask(app, "GET", path)) != wanted:
        assert time.monotonic() < end, found
        # The job is another process's; nothing tells a client of its end.
        time.sleep(0.05)


def test_taskiq(redis: Redis, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("taskiq_redis")
    monkeypatch.setenv("REDIS_URL", redis.url)
    write("jobs-taskiq.md", folder)
    with application(folder) as app:
        assert ask(app, "GET", "/jobs/nothing")[0] == 404
        status, first = ask(app, "POST", "/count", "three little words")
        assert status == 202
        # Nothing does the job yet; it is not lost.
        assert ask(app, "GET", f"/jobs/{first['job']}")[0] == 404
        with running(folder, "-m", "taskiq", "worker", "--workers", "1", "tasks:broker") as worker:
            worker.wait_for("Listening started")
            _, second = ask(app, "POST", "/count", "four words are more")
            ask_until(app, f"/jobs/{second['job']}", (200, {"words": 4}))
            assert worker.end() == 0


def test_procrastinate(postgres: Postgres, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("procrastinate")
    monkeypatch.setenv("DATABASE_URL", postgres.conninfo)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    write("jobs-procrastinate.md", folder)
    command = "-m", "procrastinate", "--app", "tasks.jobs"
    made = subprocess.run(
        [sys.executable, *command, "schema", "--apply"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    with application(folder) as app:
        assert ask(app, "GET", "/jobs/77")[0] == 404
        _, first = ask(app, "POST", "/count", "three little words")
        assert ask(app, "GET", f"/jobs/{first['job']}") == (200, {"status": "todo"})
        with running(folder, *command, "worker") as worker:
            worker.wait_for("Result: 3")
            ask_until(app, f"/jobs/{first['job']}", (200, {"status": "succeeded"}))
            _, second = ask(app, "POST", "/count", "four words are more")
            worker.wait_for("Result: 4")
            ask_until(app, f"/jobs/{second['job']}", (200, {"status": "succeeded"}))
            assert worker.end() == 0


@pytest.mark.parametrize("page", ["jobs-taskiq.md", "jobs-saq.md", "jobs-procrastinate.md"])
def test_the_pages_have_one_table(page: str) -> None:
    """Each page has the table that helps to choose, and all programs of it compile."""
    text = (DOCS / page).read_text("utf-8")
    table = re.search(r"## Which one\n.*?\n\n.*?\n\n", text, re.DOTALL)
    other = re.search(
        r"## Which one\n.*?\n\n.*?\n\n", (DOCS / "jobs-taskiq.md").read_text("utf-8"), re.DOTALL
    )
    assert table is not None
    assert other is not None
    assert table[0] == other[0]
    programs = readme.programs(DOCS / page)
    assert "app.py" in programs
    for name, code in programs.items():
        compile(code, name, "exec")
