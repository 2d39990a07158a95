"""The program of ``docs/databases.md``: its own process, and a real PostgreSQL."""

import json
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

import readme
from testkit import PATIENCE, Program
from testkit.engines import Postgres
from treadle_testing import unused_port

PAGE = Path(__file__).resolve().parent.parent / "packages/treadle/docs/databases.md"


@pytest.fixture
def program(
    own_postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Program]:
    monkeypatch.setenv("DATABASE_URL", own_postgres.conninfo)
    monkeypatch.setenv("PORT", str(unused_port()))
    (tmp_path / "database.py").write_text(readme.programs(PAGE)["database.py"])
    program = Program([sys.executable, "database.py"], tmp_path)
    try:
        program.wait_running()
        yield program
    finally:
        program.close()


def ask(program: Program, method: str, path: str, body: str | None = None) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", program.port, timeout=PATIENCE)
    connection.request(method, path, body)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, text


def test_notes_are_kept_and_a_transaction_is_whole(
    program: Program, own_postgres: Postgres
) -> None:
    for number, text in enumerate(("milk", "it's; DROP TABLE notes"), 1):
        status, answer = ask(program, "POST", "/notes", text)
        assert (status, json.loads(answer)) == (201, {"id": number})
    # The second statement fails, so the first one counts for nothing.
    assert ask(program, "POST", "/move")[0] == 500
    status, answer = ask(program, "GET", "/notes")
    assert json.loads(answer) == {"1": "milk", "2": "it's; DROP TABLE notes"}
    assert ask(program, "GET", "/readyz")[0] == 200
    own_postgres.kill()
    assert ask(program, "GET", "/notes")[0] == 503
    assert ask(program, "GET", "/livez")[0] == 200
