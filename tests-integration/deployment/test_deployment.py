"""What the pages on deployment show is started as it is, with other ports and fewer processes."""

import json
import os
import re
import shlex
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from testkit import Program

PAGES = Path(__file__).resolve().parents[2] / "packages/treadle/docs/deployment"

#: Takes the place of systemd: passes a socket as descriptor 3, as sd_listen_fds(3) says.
ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}
os.execv(sys.argv[2], sys.argv[2:])
"""


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of a page."""
    text = (PAGES / page).read_text("utf-8")
    return re.findall(rf"^```{language}[^\n]*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (code,) = blocks("workers.md", "python")
    (tmp_path / "app.py").write_text(code)
    return tmp_path


def as_here(words: list[str]) -> list[str]:
    """Return a command of a page with the interpreter, the port and the processes of a test."""
    changed = {"8080": "0", "auto": "2", "0.0.0.0": "127.0.0.1", "5": "0.2"}
    # The loop stays what it is.
    words = [
        word if words[index - 1] == "--loop" else changed.get(word, word)
        for index, word in enumerate(words)
    ]
    assert words[0].endswith("python")
    return [sys.executable, *words[1:]]


def bare(_folder: Path) -> list[str]:
    (line,) = blocks("workers.md", "console")
    return as_here(shlex.split(line.removeprefix("$ ")))


def container(_folder: Path) -> list[str]:
    (text,) = blocks("container.md", "dockerfile")
    return as_here(json.loads(text.rpartition("\nCMD ")[2]))


def systemd(_folder: Path) -> list[str]:
    service = blocks("systemd.md", "ini")[1]
    found = re.search(r"^ExecStart=(.+)$", service, re.MULTILINE)
    assert found is not None
    return as_here(shlex.split(found[1]))


@pytest.fixture(params=[bare, container, systemd], ids=lambda command: command.__name__)
def program(request: pytest.FixtureRequest, folder: Path) -> Iterator[Program]:
    make: Callable[[Path], list[str]] = request.param
    command = make(folder)
    if make is systemd:
        with socket.create_server(("127.0.0.1", 0)) as sock:
            fd = sock.fileno()
            program = Program(
                [sys.executable, "-c", ACTIVATE, str(fd), *command], folder, pass_fds=(fd,)
            )
    else:
        program = Program(command, folder)
    try:
        program.wait_running()
        yield program
    finally:
        program.close()


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_page_starts_the_application(program: Program) -> None:
    assert get(program.port, "/") == (200, "Hello, world\n")
    assert get(program.port, "/livez")[0] == 200
    assert get(program.port, "/readyz")[0] == 200
    program.send(signal.SIGHUP)
    for _ in range(2):
        program.wait_for("is replaced|has ended")
    assert get(program.port, "/") == (200, "Hello, world\n")
    assert program.end(signal.SIGTERM) == 0


def test_the_health_check_of_the_container(folder: Path) -> None:
    (text,) = blocks("container.md", "dockerfile")
    found = re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", text, re.MULTILINE)
    assert found is not None
    program = Program(container(folder), folder)
    try:
        program.wait_running()
        words = json.loads(found[1].replace(":8080/", f":{program.port}/"))
        check = Program([sys.executable, *words[1:]], folder)
        assert check.wait() == 0
        check.close()
        assert program.end(signal.SIGTERM) == 0
        check = Program([sys.executable, *words[1:]], folder)
        assert check.wait() == 1
        check.close()
    finally:
        program.close()


def test_the_units_of_systemd_belong_together() -> None:
    sockets, service = blocks("systemd.md", "ini")
    text = (PAGES / "systemd.md").read_text("utf-8")
    names = re.findall(r"^`/etc/systemd/system/(.+)`:$", text, re.MULTILINE)
    assert names == ["app.socket", "app.service"]
    assert f"Requires={names[0]}" in service
    assert "KillMode=mixed" in service
    assert "ListenStream=80" in sockets


@pytest.mark.skipif(os.name != "posix", reason="gunicorn is not for Windows")
def test_gunicorn(folder: Path) -> None:
    (config,) = blocks("gunicorn.md", "python")
    (folder / "gunicorn.conf.py").write_text(config.replace("0.0.0.0:8080", "127.0.0.1:0"))
    (line,) = blocks("gunicorn.md", "console")
    words = shlex.split(line.removeprefix("$ "))
    program = Program([sys.executable, "-m", *words], folder)
    try:
        program.port = int(program.wait_for(r"Listening at: http://127\.0\.0\.1:(\d+)")[1])
        program.wait_for("Booting worker")
        assert get(program.port, "/") == (200, "Hello, world\n")
        program.wait_for('"GET / HTTP/1.1" 200')
        assert program.end(signal.SIGTERM) == 0
    finally:
        program.close()
