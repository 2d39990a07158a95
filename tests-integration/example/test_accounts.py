"""Accounts of the example: sign up, log in, log out, and who is refused."""

import hashlib
from http.cookies import Morsel
from pathlib import Path

import pytest
from treadle_example.passwords import Passwords
from treadle_example.store import sessions

from testkit import Run

from ._site import PASSWORD, Visitor, example


def cookie(visitor: Visitor) -> "Morsel[str]":
    (found,) = visitor.session.cookie_jar
    return found


def test_a_session_is_a_new_one_at_each_login_and_ends_at_the_logout(
    run: Run, tmp_path: Path
) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            first = cookie(ada)
            assert (first.key, first["httponly"], first["samesite"]) == ("session", True, "Lax")
            assert not first["secure"]
            assert "Ada" in await ada.get("/notes")
            form = {"name": "ADA", "password": PASSWORD}
            answer = await ada.post("/login?next=/notes/new", form)
            assert answer.headers["Location"] == "/notes/new"
            second = cookie(ada)
            assert second.value != first.value
            copies = {each.value: await site.visitor() for each in (first, second)}
            for value, copy in copies.items():
                copy.session.cookie_jar.update_cookies({"session": value})
            # The old one has ended with the login, the new one ends with the logout.
            await copies[first.value].get("/notes", 303)
            await copies[second.value].get("/notes")
            answer = await ada.post("/logout")
            assert answer.headers["Location"] == "/"
            assert len(ada.session.cookie_jar) == 0
            await copies[second.value].get("/notes", 303)

    run(main())


def test_the_database_has_no_password_and_no_token(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            tokens.append(cookie(await site.user("Ada")).value)

    tokens: list[str] = []
    run(main())
    data = b"".join(path.read_bytes() for path in tmp_path.glob("notes.sqlite*"))
    assert b"Ada" in data
    assert PASSWORD.encode() not in data
    assert tokens[0].encode() not in data


@pytest.mark.parametrize("name", ["Ada", "nobody", "", "x" * 100, "\x00"])
def test_a_wrong_password_and_an_unknown_name_look_the_same(
    run: Run, tmp_path: Path, name: str
) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            await site.user("Ada")
            visitor = await site.visitor()
            answer = await visitor.post("/login", {"name": name, "password": "wrong"}, 422)
            assert "There is no account with this name and password." in await answer.text()
            assert len(visitor.session.cookie_jar) == 0

    run(main())


@pytest.mark.parametrize(
    ("name", "password", "error"),
    [
        ("", PASSWORD, "A name has 1 to 40"),
        ("x" * 41, PASSWORD, "A name has 1 to 40"),
        ("a\tb", PASSWORD, "A name has 1 to 40"),
        ("Bob", "short", "A password has 8 to 200"),
        ("Bob", "x" * 201, "A password has 8 to 200"),
        ("\uff21da", PASSWORD, "is taken"),
        ("<b>", "short", "A password has"),
    ],
)
def test_an_account_is_refused_with_a_reason(
    run: Run, tmp_path: Path, name: str, password: str, error: str
) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            await site.user("Ada")
            visitor = await site.visitor()
            form = {"name": name, "password": password}
            text = await (await visitor.post("/signup", form, 422)).text()
            assert error in text
            # The name need not be typed again, and nothing of it is HTML.
            assert f'value="{name.strip().replace("<b>", "&lt;b&gt;")}"' in text
            assert password not in text

    run(main())


@pytest.mark.parametrize(
    "way", ["//example.com", "/\\example.com", "https://example.com", "javascript:x", "/a\r\nb", ""]
)
def test_a_login_leads_to_no_other_site(run: Run, tmp_path: Path, way: str) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            visitor = await site.user("Ada")
            form = {"name": "Ada", "password": PASSWORD}
            options = {"params": {"next": way}, "data": form}
            answer = await visitor.ask("POST", "/login", 303, {}, **options)
            assert answer.headers["Location"] == "/notes"

    run(main())


def test_a_session_ends_by_itself(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            await ada.get("/notes")
            monkeypatch.setattr(sessions, "LIFETIME", -1)
            form = {"name": "Ada", "password": PASSWORD}
            answer = await ada.post("/login", form)
            (found,) = answer.cookies.values()
            other = await site.visitor()
            late = {"Cookie": f"session={found.value}"}
            answer = await other.ask("GET", "/notes", 303, late)
            assert answer.headers["Location"] == "/login?next=/notes"

    run(main())


def test_guesses_are_limited(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            visitor = await site.user("Ada")
            form = {"name": "Ada", "password": "wrong guess"}
            for _ in range(5):
                await visitor.post("/login", form, 422)
            answer = await visitor.post("/login", form, 429)
            assert "Too Many Requests" in await answer.text()
            assert int(answer.headers["Retry-After"]) > 0
            # Those who are in stay in.
            await visitor.get("/notes")

    run(main())


def test_a_visitor_is_sent_to_the_login_and_a_program_is_told(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            visitor = await site.visitor()
            answer = await visitor.ask("GET", "/notes?q=a", 303, {})
            assert answer.headers["Location"] == "/login?next=/notes?q%3Da"
            text = await visitor.get("/api/notes", 401, fields={"Accept": "application/json"})
            assert text == "401: log in first, at /login"
            # A form that is sent when the session has ended would lose its text with a redirect.
            answer = await visitor.post("/notes", {"title": "x"}, 401)
            assert "reload this page" in await answer.text()

    run(main())


def test_over_tls_the_cookie_is_bound_to_the_host(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path, trusted_proxies=["127.0.0.1"]) as site:
            visitor = await site.visitor()
            form = {"name": "Ada", "password": PASSWORD}
            fields = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.1"}
            answer = await visitor.post("/signup", form, fields=fields)
            (found,) = answer.cookies.values()
            assert (found.key, found["secure"], found["path"]) == ("__Host-session", True, "/")
            assert not found["domain"]
            sent = {"Cookie": f"__Host-session={found.value}"}
            assert "Ada" in await visitor.get("/notes", fields=fields | sent)
            # It is no cookie for a connection without TLS.
            await visitor.get("/notes", 303, sent)

    run(main())


def test_an_unknown_name_takes_as_much_work(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    work: list[tuple[int, int, int]] = []
    scrypt = hashlib.scrypt

    def counted(password: bytes, *, salt: bytes, n: int, r: int, p: int) -> bytes:
        work.append((n, r, p))
        return scrypt(password, salt=salt, n=n, r=r, p=p)

    async def main() -> None:
        passwords = Passwords()
        hashed = await passwords.hashed("a")
        monkeypatch.setattr(hashlib, "scrypt", counted)
        assert not await passwords.matches("b", hashed)
        assert not await passwords.matches("b", None)

    run(main())
    assert len(work) == 2
    assert work[0] == work[1]


def test_hashes_differ_and_match_only_their_password(run: Run) -> None:
    async def main() -> None:
        passwords = Passwords(1)
        one, two = await passwords.hashed("a"), await passwords.hashed("a")
        assert one != two
        for hashed in (one, two):
            assert await passwords.matches("a", hashed)
            assert not await passwords.matches("A", hashed)
        assert not await passwords.matches("a", None)
        assert not await passwords.matches("", None)

    run(main())
