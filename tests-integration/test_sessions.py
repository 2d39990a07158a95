"""The program of ``docs/sessions.md``: its own process, a real Redis, and a browser by hand."""

import contextlib
import re
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest

import readme
from testkit import PATIENCE, Program
from testkit.engines import Redis
from treadle_testing import unused_port

PAGE = Path(__file__).resolve().parent.parent / "packages/treadle/docs/sessions.md"
COOKIE = "__Host-session"


@contextlib.contextmanager
def running(redis: Redis, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Program]:
    patch.setenv("REDIS_URL", redis.url)
    patch.setenv("PORT", str(unused_port()))
    (folder / "sessions.py").write_text(readme.programs(PAGE)["sessions.py"])
    program = Program([sys.executable, "sessions.py"], folder)
    try:
        program.wait_running()
        yield program
    finally:
        program.close()


@pytest.fixture
def program(redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    with running(redis, tmp_path, monkeypatch) as program:
        yield program


class Browser:
    """Keeps one cookie; the last line of the log of what a server has set is in ``set``."""

    def __init__(self, program: Program, cookie: str = "") -> None:
        self.program = program
        self.cookie = cookie
        self.set = ""

    def ask(self, method: str, path: str, **form: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.program.port, timeout=PATIENCE)
        fields = {"Content-Type": "application/x-www-form-urlencoded"}
        if self.cookie:
            fields["Cookie"] = f"{COOKIE}={self.cookie}"
        connection.request(method, path, urlencode(form) if form else None, fields)
        response = connection.getresponse()
        self.set = response.getheader("Set-Cookie") or ""
        if self.set:
            self.cookie = SimpleCookie(self.set)[COOKIE].value
        body = response.read().decode()
        connection.close()
        return response.status, body


ADA = {"name": "ada", "password": "lovelace"}


def test_login_rotates_the_identity_and_logout_ends_it_on_the_server(
    program: Program, redis: Redis
) -> None:
    browser = Browser(program)
    assert browser.ask("GET", "/") == (200, "visit 1\n")
    planted = browser.cookie
    assert browser.ask("GET", "/") == (200, "visit 2\n")
    assert browser.cookie == planted
    assert browser.ask("GET", "/profile")[0] == 401
    assert browser.cookie == planted

    assert browser.ask("POST", "/login", name="ada", password="wrong")[0] == 401
    assert browser.ask("POST", "/login", name="nobody", password="wrong")[0] == 401
    assert browser.ask("POST", "/login", **ADA) == (200, "welcome, ada\n")
    flags = {part.strip().lower() for part in browser.set.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/", "max-age=1800"} <= flags
    assert browser.cookie != planted
    assert browser.ask("GET", "/profile") == (200, "you are ada\n")

    # The one who has planted an identity has nothing.
    assert redis.ask("EXISTS", f"{COOKIE}_{planted}").startswith(b":0")
    assert Browser(program, planted).ask("GET", "/profile")[0] == 401
    # An identity that a client invents is not taken over.
    inventor = Browser(program, "invented")
    assert inventor.ask("POST", "/login", **ADA)[0] == 200
    assert inventor.cookie != "invented"

    kept = browser.cookie
    assert browser.ask("POST", "/logout") == (200, "bye\n")
    assert browser.cookie == ""
    assert Browser(program, kept).ask("GET", "/profile")[0] == 401
    # The other session of the same user goes on.
    assert inventor.ask("GET", "/profile")[0] == 200


def test_both_ends_of_a_session(program: Program, redis: Redis) -> None:
    browser = Browser(program)
    assert browser.ask("POST", "/login", **ADA)[0] == 200
    key = f"{COOKIE}_{browser.cookie}"
    redis.ask("EXPIRE", key, "100")
    assert browser.ask("GET", "/profile")[0] == 200
    # Each look begins the idle time anew.
    left = int(redis.ask("TTL", key)[1:])
    assert 1700 < left <= 1800
    # It has begun long ago.
    data = redis.ask("GET", key).decode().split("\r\n")[1]
    redis.ask("SET", key, re.sub(r'"login": \d+', '"login": 1000', data), "EX", "1000")
    assert browser.ask("GET", "/profile")[0] == 401
    assert browser.ask("GET", "/profile")[0] == 401


def test_without_redis_nobody_is_logged_in(
    own_redis: Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(own_redis, tmp_path, monkeypatch) as program:
        browser = Browser(program)
        assert browser.ask("POST", "/login", **ADA)[0] == 200
        own_redis.kill()
        assert browser.ask("GET", "/profile")[0] == 500
        own_redis.start()
        assert browser.ask("GET", "/profile")[0] == 401
