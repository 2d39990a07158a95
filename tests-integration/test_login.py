"""The program of ``docs/login.md``: a browser by hand, and what attackers try."""

import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

import readme
from testkit import PATIENCE, Program
from treadle_testing import unused_port

PAGE = Path(__file__).resolve().parent.parent / "packages/treadle/docs/login.md"
COOKIE = "__Host-login"
ADA = {"name": "ada", "password": "a long password"}


@contextlib.contextmanager
def running(folder: Path, code: str) -> Iterator[Program]:
    (folder / "login.py").write_text(code)
    program = Program([sys.executable, "login.py"], folder)
    try:
        program.wait_running()
        yield program
    finally:
        program.close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORT", str(unused_port()))
    return tmp_path


@pytest.fixture
def program(folder: Path) -> Iterator[Program]:
    with running(folder, readme.programs(PAGE)["login.py"]) as program:
        yield program


class Browser:
    """Keeps the cookie, sends the Origin of its page, and follows no redirect."""

    def __init__(self, program: Program, cookie: str = "") -> None:
        self.host = f"localhost:{program.port}"
        self.origin: str | None = f"http://{self.host}"
        self.cookie = cookie
        self.fields: dict[str, str] = {}
        self.body = ""

    def ask(self, method: str, path: str, **form: str) -> tuple[int, str]:
        """Return the status and the Location."""
        connection = HTTPConnection(self.host, timeout=PATIENCE)
        fields = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
        if method == "POST" and self.origin is not None:
            fields["Origin"] = self.origin
        if self.cookie:
            fields["Cookie"] = f"{COOKIE}={self.cookie}"
        connection.request(method, path, urlencode(form) if form else None, fields)
        response = connection.getresponse()
        self.fields = {name.lower(): value for name, value in response.getheaders()}
        if "set-cookie" in self.fields:
            self.cookie = SimpleCookie(self.fields["set-cookie"])[COOKIE].value
        self.body = response.read().decode()
        connection.close()
        return response.status, self.fields.get("location", "")


@pytest.fixture
def browser(program: Program) -> Browser:
    return Browser(program)


def test_sign_up_log_in_come_back_and_log_out(program: Program, browser: Browser) -> None:
    assert browser.ask("GET", "/profile?tab=1&x=%26") == (
        303, "/login?next=/profile?tab%3D1%26x%3D%2526",
    )  # fmt: skip
    browser.ask("GET", "/login?next=/profile?tab%3D1%26x%3D%2526")
    assert 'value="/profile?tab=1&amp;x=%26"' in browser.body
    assert browser.ask("POST", "/signup", **ADA) == (303, "/")
    first = browser.cookie
    flags = {part.strip().lower() for part in browser.fields["set-cookie"].split(";")[1:]}
    assert flags == {"secure", "httponly", "samesite=lax", "path=/", "max-age=43200"}
    assert browser.ask("GET", "/profile") == (200, "")
    assert "The profile of ada" in browser.body
    assert browser.fields["cache-control"] == "no-store"

    # A second login of the same browser ends the first one.
    back = {"next": "/profile?tab=1&x=%26"}
    assert browser.ask("POST", "/login", **ADA, **back) == (303, "/profile?tab=1&x=%26")
    assert browser.cookie not in ("", first)
    assert Browser(program, first).ask("GET", "/profile")[0] == 303

    other = Browser(program)
    assert other.ask("POST", "/login", **ADA)[0] == 303
    kept = browser.cookie
    assert browser.ask("POST", "/logout") == (303, "/")
    assert browser.cookie == ""
    assert "max-age=0" in browser.fields["set-cookie"].lower()
    # A copy of the cookie is worth nothing; the other browser of the user goes on.
    assert Browser(program, kept).ask("GET", "/profile")[0] == 303
    assert other.ask("GET", "/profile")[0] == 200
    assert "Hello, stranger" not in other.body


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_a_wrong_password_and_an_unknown_name_look_the_same(browser: Browser, name: str) -> None:
    browser.ask("POST", "/signup", **ADA)
    browser.cookie = ""
    assert browser.ask("POST", "/login", name=name, password="wrong")[0] == 422
    assert "Wrong name or password." in browser.body
    assert "set-cookie" not in browser.fields


REFUSED = [
    ({"name": "ada", "password": "short"}, 422, "at least 12"),
    ({"name": '"><script>', "password": "a long password"}, 422, "&quot;&gt;&lt;script&gt;"),
    ({"name": "", "password": "a long password"}, 422, "1 to 32"),
    ({"name": "ada", "password": "x" * 1001}, 422, "too long"),
    ({"name": "ada", "password": "x" * 17_000}, 413, ""),
    ({}, 422, "1 to 32"),
]


def test_what_signing_up_refuses(browser: Browser) -> None:
    for form, status, text in REFUSED:
        assert browser.ask("POST", "/signup", **form)[0] == status, form
        assert text in browser.body
        assert "<script>" not in browser.body
        assert browser.cookie == ""


def test_a_name_is_given_once(browser: Browser) -> None:
    assert browser.ask("POST", "/signup", **ADA)[0] == 303
    assert browser.ask("POST", "/signup", name=" Ada ", password="another password")[0] == 422
    assert "This name is taken." in browser.body


def test_fixation(program: Program, browser: Browser) -> None:
    browser.ask("POST", "/signup", **ADA)
    # The attacker's own login, and an invention, planted in the victim's browser.
    attacker = Browser(program)
    attacker.ask("POST", "/signup", name="eve", password="the password of eve")
    for planted in (attacker.cookie, "invented"):
        victim = Browser(program, planted)
        assert victim.ask("POST", "/login", **ADA)[0] == 303
        assert victim.cookie != planted
        assert Browser(program, planted).ask("GET", "/profile")[0] == 303
        assert victim.ask("GET", "/profile")[0] == 200


def test_open_redirects(browser: Browser) -> None:
    targets = [
        "//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example",
        "/a\r\nX-Evil: 1",
        "\\\\evil.example", "/\n/evil.example", "\t//evil.example", "http:evil.example",
        "javascript:alert(1)", "evil.example", "@evil.example", "/caf\xe9", "", "///evil.example",
        "/#x",
    ]  # fmt: skip
    for target in targets:
        browser.ask("GET", f"/login?next={quote(target, safe='')}")
        assert 'name="next" value="/"' in browser.body, target
    browser.ask("POST", "/signup", **ADA)
    for target in targets[:5]:
        # A page of an attacker would send the form itself, if that were not refused.
        assert browser.ask("POST", "/login", **ADA, next=target) == (303, "/")
        assert "x-evil" not in browser.fields
    other = {"name": "eve", "password": "the password of eve"}
    assert browser.ask("POST", "/signup", **other, next=targets[0]) == (303, "/")


def test_a_long_target_is_read_in_a_moment(browser: Browser) -> None:
    assert browser.ask("GET", f"/login?next={'/a' * 3000}%5C") == (200, "")
    assert 'name="next" value="/"' in browser.body


@pytest.mark.parametrize("path", ["/login", "/signup", "/logout"])
def test_forms_of_other_sites(browser: Browser, path: str) -> None:
    browser.ask("POST", "/signup", **ADA)
    cookie = browser.cookie
    for origin in (None, "null", "https://evil.example", "http://localhost", "http://a.localhost"):
        browser.origin = origin
        assert browser.ask("POST", path, **ADA)[0] == 403, origin
        assert browser.cookie == cookie
        assert browser.ask("GET", "/profile")[0] == 200


def changed(pattern: str, new: str) -> str:
    """Return the program with another text in both of two places."""
    code, count = re.subn(pattern, new, readme.programs(PAGE)["login.py"])
    assert count == 2
    return code


def test_guesses_from_one_address(folder: Path) -> None:
    # Per hour, so that a slow machine counts the same.
    with running(folder, changed("10/minute", "10/hour")) as program:
        browser = Browser(program)
        browser.ask("POST", "/signup", **ADA)
        # The right password begins the count of the name anew, and not that of the address.
        for _ in range(9):
            assert browser.ask("POST", "/login", name="ada", password="guess")[0] == 422
        assert browser.ask("POST", "/login", **ADA)[0] == 303
        assert browser.ask("POST", "/login", **ADA)[0] == 429
        assert 0 < int(browser.fields["retry-after"]) <= 360
        # Another form has a limit of its own.
        assert browser.ask("POST", "/signup", name="eve", password="eve has one too")[0] == 303


def test_guesses_for_one_name_from_many_addresses(folder: Path) -> None:
    # As if each request had another address.
    with running(folder, changed(r"@limits\.limited\(.*\)\n", "")) as program:
        browser = Browser(program)
        browser.ask("POST", "/signup", **ADA)
        for _ in range(10):
            assert browser.ask("POST", "/login", name="ADA ", password="guess")[0] == 422
        assert browser.ask("POST", "/login", **ADA)[0] == 429
        assert browser.ask("POST", "/login", name="eve", password="guess")[0] == 422


def test_the_program_is_typed_and_a_handler_without_the_decorator_is_an_error(
    tmp_path: Path,
) -> None:
    code = readme.programs(PAGE)["login.py"]
    (tmp_path / "login.py").write_text(code)
    forgotten = code.replace("@login_required\n", "")
    assert forgotten != code
    (tmp_path / "forgotten.py").write_text(forgotten)
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "login.py", "forgotten.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=250, check=False,
    )  # fmt: skip
    errors = [line for line in run.stdout.splitlines() if ": error:" in line]
    assert [re.sub(r"^(\S+?):.*\[([a-z-]+)\].*", r"\1 \2", line) for line in errors] == [
        "forgotten.py arg-type"
    ], run.stdout
