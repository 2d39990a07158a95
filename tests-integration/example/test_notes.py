"""Notes of the example: written, searched, changed, shared, deleted; and whose they are."""

import asyncio
import re
from pathlib import Path

import pytest

from testkit import Run

from ._site import PASSWORD, example


def test_a_note_is_written_found_and_deleted(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            assert "You have no notes yet" in await ada.get("/notes")
            milk = await ada.write("Milk", "bread\r\n& <b>butter</b>")
            await ada.write("100 % wool")
            page = await ada.get(milk + "?done=saved")
            assert "\nbread\n&amp; &lt;b&gt;butter&lt;/b&gt;</textarea>" in page
            assert "Saved." in page
            for words, titles in {
                "": ["100 % wool", "Milk"],
                "BUTTER": ["Milk"],
                "100 %": ["100 % wool"],
                "_": [],
                "%25": ["100 % wool"],
                "%ff": [],
                "nothing": [],
            }.items():
                text = await ada.get(f"/notes?q={words}")
                assert re.findall(r"<h2><a [^>]*>(.*?)</a>", text) == titles, words
            answer = await ada.post(f"{milk}/delete")
            assert answer.headers["Location"] == "/notes"
            await ada.get(milk, 404)

    run(main())


def test_a_note_is_its_users(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada, bob = await site.user("Ada"), await site.user("Bob")
            note = await ada.write("Secret")
            form = {"title": "mine", "version": "1"}
            await bob.get(note, 404)
            await bob.post(note, form, 404)
            for path in ("delete", "share", "withdraw", "files"):
                await bob.post(f"{note}/{path}", {}, 404)
            await bob.get(f"{note}/live", 404)
            await bob.get(f"/api{note}", 404)
            assert "Secret" not in await bob.get("/notes")
            assert "Secret" in await ada.get(note)

    run(main())


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"title": " ", "text": "kept"}, "Please give the note a title."),
        ({"title": "x" * 201, "text": "kept"}, "A title has up to 200 characters"),
        ({"text": "kept"}, "Please give the note a title."),
        ({"title": "x", "text": "kept" + "y" * 100_000}, "up to 100,000"),
    ],
)
def test_what_is_refused_is_not_lost(
    run: Run, tmp_path: Path, form: dict[str, str], error: str
) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            note = await ada.write("Milk", "bread")
            for path in ("/notes", note):
                text = await (await ada.post(path, form, 422)).text()
                assert error in text
                assert form["text"] in text
            assert "bread" in await ada.get(note)

    run(main())


def test_a_newer_text_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            note = await ada.write("Milk", "bread")
            await ada.post(note, {"title": "Milk", "text": "first", "version": "1"})
            # A form that is refused for another reason keeps its version.
            empty = {"title": "", "text": "second", "version": "1"}
            answer = await ada.post(note, empty, 422)
            assert 'name="version" value="1"' in await answer.text()
            for version in ("1", "x", "", "9" * 5000):
                late = {"title": "Milk", "text": "second", "version": version}
                text = await (await ada.post(note, late, 409)).text()
                # Both texts are there, and the form saves over the other one.
                assert "second</textarea>" in text
                assert "<p>first</p>" in text
                assert 'name="version" value="2"' in text
            await ada.post(note, {"title": "Milk", "text": "second", "version": "2"})
            assert "second</textarea>" in await ada.get(note)

    run(main())


def test_of_two_saves_at_a_time_one_wins(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            note = site.url + await ada.write("Milk")
            form = {"title": "Milk", "text": "x", "version": "1"}
            headers = {"Origin": site.url}
            answers = await asyncio.gather(
                *(
                    ada.session.post(note, data=form, headers=headers, allow_redirects=False)
                    for _ in range(6)
                )
            )
            assert sorted(answer.status for answer in answers) == [303, *[409] * 5]
            for answer in answers:
                await answer.read()

    run(main())


def test_a_shared_note_is_read_by_everybody_until_it_is_withdrawn(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada, visitor = await site.user("Ada"), await site.visitor()
            note = await ada.write("Milk", "<i>bread</i>")
            assert "/shared/" not in await ada.get(note)
            links = []
            for _ in range(2):
                await ada.post(f"{note}/share")
                await ada.post(f"{note}/share")
                found = re.search(r'href="(/shared/[\w-]+)"', await ada.get(note))
                assert found
                links.append(found[1])
                text = await visitor.get(found[1])
                assert "&lt;i&gt;bread&lt;/i&gt;" in text
                assert "<textarea" not in text
                await ada.post(f"{note}/withdraw")
                await visitor.get(found[1], 404)
            # A link that was given away once leads nowhere for ever.
            assert links[0] != links[1]

    run(main())


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": ""}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://example.com"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_a_form_of_another_site_is_refused(
    run: Run, tmp_path: Path, fields: dict[str, str], status: int
) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            answer = await ada.post("/notes", {"title": "planted"}, status, fields=fields)
            text = await answer.text()
            assert ("this must be sent by a page of" in text) == (status == 403)
            assert ("planted" in await ada.get("/notes")) == (status == 303)
            form = {"name": "Ada", "password": PASSWORD}
            await ada.post("/login", form, status, fields=fields)

    run(main())


def test_the_notes_as_json(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            program = {"Accept": "application/json"}
            answer = await ada.ask(
                "POST", "/api/notes", 201, program, json={"title": "Milk", "text": "bread"}
            )
            note = await answer.json()
            assert (note["id"], note["title"], note["text"], note["version"]) == (
                1, "Milk", "bread", 1,
            )  # fmt: skip
            path = answer.headers["Location"]
            assert await (await ada.ask("GET", path, 200, program)).json() == note
            assert await (await ada.ask("GET", "/api/notes", 200, program)).json() == [note]
            for body, status in {
                "{": 400,
                "[]": 422,
                "{}": 422,
                '{"title": 1}': 422,
                '{"title": "x", "text": null}': 422,
                '{"title": " "}': 422,
                '{"title": "\\ud800"}': 422,
            }.items():
                answer = await ada.ask("POST", "/api/notes", status, program, data=body)
                assert (await answer.text()).startswith(f"{status}: "), body
            assert len(await (await ada.ask("GET", "/api/notes", 200, program)).json()) == 1

    run(main())


def test_a_restart_keeps_everything(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            note = await ada.write("Milk", "bread")
            cookies = {each.key: each.value for each in ada.session.cookie_jar}
        async with example(tmp_path) as site:
            again = await site.visitor()
            again.session.cookie_jar.update_cookies(cookies)
            assert "bread" in await again.get(note)

    run(main())


def test_two_processes_share_a_file(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        # Both begin with no file at all.
        async with asyncio.timeout(20), example(tmp_path) as one, example(tmp_path) as two:
            ada = await one.user("Ada")
            at_two = await two.visitor()
            at_two.session.cookie_jar.update_cookies(
                {each.key: each.value for each in ada.session.cookie_jar}
            )
            await asyncio.gather(*(each.write("x") for each in [ada, at_two] * 10))
            assert (await at_two.get("/notes")).count("<article>") == 20
            await ada.post("/logout")
            await at_two.get("/notes", 303)

    run(main())


@pytest.mark.parametrize("kind", ["a folder", "no database", "below a file"])
def test_a_file_that_cannot_be_used_ends_the_start_with_a_sentence(
    run: Run, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "notes.sqlite"
    if kind == "a folder":
        path.mkdir()
    else:
        path.write_text("This is no database." * 100)

    async def main() -> None:
        with pytest.raises(RuntimeError, match=rf"{path}\S* cannot be used: .*--database"):
            async with example(path if kind == "below a file" else tmp_path):
                pass

    run(main())
