"""Files of notes in the example: uploads with limits, and downloads that run nothing."""

import asyncio
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import FormData
from treadle_example.store import attachments

from testkit import Run, until

from ._site import Visitor, example

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
HTML = b"<!DOCTYPE html><script>alert(1)</script>"


def form(*files: tuple[str, bytes, str]) -> FormData:
    data = FormData(quote_fields=False, default_to_multipart=True)
    data.add_field("other", "no file")
    for name, content, media_type in files:
        data.add_field("files", io.BytesIO(content), filename=name, content_type=media_type)
    return data


async def links(visitor: Visitor, page: str) -> dict[str, str]:
    """Return the names on a page of a note, and where they lead."""
    text = await visitor.get(page)
    found = re.findall(r'<a href="(/[^"]+/files/[^"]+)">(.*?)</a>', text)
    return {name: href for href, name in found}


def kept(folder: Path) -> list[Path]:
    return list((folder / "notes.sqlite.files").glob("*"))


@pytest.mark.parametrize(
    ("name", "content", "claim", "media_type", "shown"),
    [
        ("a.png", PNG, "text/html", "image/png", True),
        ("a.gif", b"GIF89a" + bytes(9), "", "image/gif", True),
        ("a.jpg", b"\xff\xd8\xff\xe0", "image/jpeg", "image/jpeg", True),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", "", "image/webp", True),
        ("a.html", HTML, "text/html", "application/octet-stream", False),
        ("a.png", HTML, "image/png", "application/octet-stream", False),
        ("a.svg", b"<svg/>", "image/svg+xml", "application/octet-stream", False),
        ("empty", b"", "", "application/octet-stream", False),
    ],
)
def test_only_images_are_shown(
    run: Run, tmp_path: Path, name: str, content: bytes, claim: str, media_type: str, shown: bool
) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            note = await ada.write("Milk")
            answer = await ada.post(f"{note}/files", form((name, content, claim)))
            assert answer.headers["Location"] == f"{note}#files"
            assert f'src="{note}/files' in await ada.get(note) or not shown
            path = (await links(ada, note))[name]
            answer = await ada.ask("GET", path, 200, {})
            assert await answer.read() == content
            fields = answer.headers
            assert fields["Content-Type"] == media_type
            assert fields["X-Content-Type-Options"] == "nosniff"
            assert fields["Content-Security-Policy"] == "default-src 'none'; sandbox"
            way = "inline" if shown else "attachment"
            assert fields["Content-Disposition"] == f'{way}; filename="{name}"'

    run(main())


def test_names_are_text_and_ranges_are_answered(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            note = await ada.write("Milk")
            files = [
                ("../../smile \U0001f600 & more.txt", b"0123456789", ""),
                ("x", bytes(3_000_000), ""),
            ]
            await ada.post(f"{note}/files", form(*files))
            found = await links(ada, note)
            assert list(found) == ["smile \U0001f600 &amp; more.txt", "x"]
            path = found["smile \U0001f600 &amp; more.txt"]
            answer = await ada.ask("GET", path, 206, {"Range": "bytes=3-5"})
            assert await answer.read() == b"345"
            assert len(await (await ada.ask("GET", found["x"], 200, {})).read()) == 3_000_000
            # No name of a client is a name on our disk.
            assert all(re.fullmatch("[0-9a-f]{32}", each.name) for each in kept(tmp_path))

    run(main())


def test_a_file_is_its_users_and_those_of_a_shared_note_are_everybodys(
    run: Run, tmp_path: Path
) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada, bob = await site.user("Ada"), await site.user("Bob")
            note, other = await ada.write("Milk"), await ada.write("Other")
            await ada.post(f"{note}/files", form(("a.txt", b"a", "")))
            (path,) = (await links(ada, note)).values()
            await bob.get(path, 404)
            await bob.post(f"{path}/delete", status=404)
            await ada.get(path.replace(note, other), 404)
            await ada.post(f"{note}/share")
            found = re.search(r'href="(/shared/[\w-]+)"', await ada.get(note))
            assert found
            (public,) = (await links(bob, found[1])).values()
            assert await bob.get(public) == "a"
            await ada.post(f"{note}/withdraw")
            await bob.get(public, 404)
            assert await ada.get(path) == "a"

    run(main())


@pytest.mark.parametrize("way", ["file", "note"])
def test_what_is_deleted_leaves_no_file(run: Run, tmp_path: Path, way: str) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            note = await ada.write("Milk")
            await ada.post(f"{note}/files", form(("a.txt", b"a", "")))
            (path,) = (await links(ada, note)).values()
            assert len(kept(tmp_path)) == 1
            await ada.post(f"{path}/delete" if way == "file" else f"{note}/delete")
            await ada.get(path, 404)
            assert kept(tmp_path) == []

    run(main())


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_a_form_with_too_large_a_file_leaves_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, accept: str
) -> None:
    monkeypatch.setattr(attachments, "MAX_FILE", 2**20)

    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            note = await ada.write("Milk")
            files = [("small", b"a", ""), ("large", bytes(2**20 + 1), "")]
            answer = await ada.post(f"{note}/files", form(*files), 413, fields={"Accept": accept})
            text = await answer.text()
            assert "a file has up to 1 MiB, and all of yours together 100 MiB" in text
            assert ("<h1>" in text) == (accept == "text/html")
            assert await links(ada, note) == {}
            assert kept(tmp_path) == []
            # The connection, and the note, go on.
            await ada.post(f"{note}/files", form(("full", bytes(2**20), "")))
            assert list(await links(ada, note)) == ["full"]

    run(main())


def test_the_room_of_a_user_is_bounded(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MAX_TOTAL", 1000)

    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            note = await ada.write("Milk")
            await ada.post(f"{note}/files", form(("a", bytes(600), "")))
            await ada.post(f"{note}/files", form(("b", bytes(300), ""), ("c", b"1" * 101, "")), 413)
            # Here the length of the whole form says it.
            await ada.post(f"{note}/files", form(("d", bytes(200_000), "")), 413)
            assert list(await links(ada, note)) == ["a"]
            assert len(kept(tmp_path)) == 1
            bob = await site.user("Bob")
            await bob.post(f"{await bob.write('Mine')}/files", form(("e", bytes(900), "")))

    run(main())


def test_what_is_no_form_is_refused(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            note = await ada.write("Milk")
            await ada.post(f"{note}/files", "text", 415)
            cut = b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nabc'
            fields = {"Content-Type": "multipart/form-data; boundary=x"}
            await ada.post(f"{note}/files", cut, 400, fields=fields)
            assert kept(tmp_path) == []
            # A file input without a chosen file.
            await ada.post(f"{note}/files", form(("", b"", "")))
            assert await links(ada, note) == {}

    run(main())


def test_an_upload_that_is_broken_off_leaves_nothing(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            note = await ada.write("Milk")
            arrived = asyncio.Event()

            async def body() -> AsyncIterator[bytes]:
                head = b'Content-Disposition: form-data; name="files"; filename="a"'
                yield b"--x\r\n" + head + b"\r\n\r\n" + bytes(300_000)
                arrived.set()
                await asyncio.Event().wait()

            fields = {"Content-Type": "multipart/form-data; boundary=x"}
            upload = asyncio.create_task(ada.post(f"{note}/files", body(), fields=fields))
            await arrived.wait()
            await until(lambda: kept(tmp_path))
            upload.cancel()
            await asyncio.wait([upload])
            await until(lambda: not kept(tmp_path))
            assert await links(ada, note) == {}

    run(main())


def test_a_note_that_is_deleted_during_an_upload_gets_no_file(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            note = await ada.write("Milk")
            deleted = asyncio.Event()

            async def body() -> AsyncIterator[bytes]:
                head = b'Content-Disposition: form-data; name="files"; filename="a"'
                yield b"--x\r\n" + head + b"\r\n\r\n" + bytes(300_000)
                await deleted.wait()
                yield b"\r\n--x--\r\n"

            fields = {"Content-Type": "multipart/form-data; boundary=x"}
            upload = asyncio.create_task(ada.post(f"{note}/files", body(), 409, fields=fields))
            await until(lambda: kept(tmp_path))
            await ada.post(f"{note}/delete")
            deleted.set()
            assert "the note is gone" in await (await upload).text()
            assert kept(tmp_path) == []

    run(main())
