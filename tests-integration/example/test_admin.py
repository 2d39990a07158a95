"""The admin of the example: a Flask application for one user, and its absence."""

import io
import sys
from pathlib import Path

import pytest
from aiohttp import FormData

from testkit import Run

from ._site import example


def kept(folder: Path) -> int:
    return len(list((folder / "notes.sqlite.files").iterdir()))


def test_the_first_user_deletes_users_and_notes(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("flask")

    async def main() -> None:
        async with example(tmp_path) as site:
            ada, bob = await site.user("Ada"), await site.user("<b>Bob")
            note = await bob.write("<i>Milk")
            for path in (note, await bob.write("Second")):
                form = {"files": io.BytesIO(b"x")}
                await bob.post(f"{path}/files", FormData(form, default_to_multipart=True))
            assert kept(tmp_path) == 2
            await ada.write("Mine")
            text = await ada.get("/admin/")
            assert "&lt;b&gt;Bob" in text
            assert "&lt;i&gt;Milk" in text
            assert 'href="/admin"' in await ada.get("/notes")
            answer = await ada.post("/admin/notes/1/delete")
            assert answer.headers["Location"] == "/admin/"
            await bob.get(note, 404)
            assert kept(tmp_path) == 1
            await ada.post("/admin/users/1/delete", status=409)
            await ada.post("/admin/users/2/delete")
            # The session and the files are gone with their user.
            assert kept(tmp_path) == 0
            await bob.get("/notes", 303)
            text = await ada.get("/admin/")
            assert "Bob" not in text
            assert "Mine" in text
            # A form of another site changes nothing here either.
            fields = {"Origin": "https://example.com"}
            await ada.post("/admin/notes/3/delete", status=403, fields=fields)
            answer = await ada.ask("GET", "/admin/", 200, {})
            assert answer.headers["Cache-Control"] == "no-store"
            assert "script-src" in answer.headers["Content-Security-Policy"]

    run(main())


@pytest.mark.parametrize("flask", [True, False])
def test_nobody_else_comes_in(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flask: bool
) -> None:
    if not flask:
        hide_flask(monkeypatch)

    async def main() -> None:
        async with example(tmp_path) as site:
            await site.user("Ada")
            bob, visitor = await site.user("Bob"), await site.visitor()
            assert "for the admin" in await bob.get("/admin", 403)
            assert "/admin" not in await bob.get("/notes")
            answer = await visitor.ask("GET", "/admin", 303, {})
            assert answer.headers["Location"] == "/login?next=/admin"
            if flask:
                await bob.post("/admin/users/1/delete", status=403)
                await visitor.post("/admin/users/1/delete", status=303)

    run(main())


def hide_flask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flask", None)
    monkeypatch.delitem(sys.modules, "treadle_example.admin_flask", raising=False)


def test_without_flask_a_page_says_what_brings_it(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide_flask(monkeypatch)

    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            assert "pip install flask 'treadle[asgi]'" in await ada.get("/admin", 404)
            assert "Mine" in await ada.get(await ada.write("Mine"))

    run(main())
