"""Live updates of the example: the event stream of a list, and the windows of a note."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from testkit import Run

from ._site import Visitor, example


@contextlib.asynccontextmanager
async def window(visitor: Visitor, note: str) -> AsyncIterator[ClientWebSocketResponse]:
    url = f"{visitor.url}{note}/live"
    async with visitor.session.ws_connect(url, headers={"Origin": visitor.url}) as opened:
        assert (await opened.receive_json()).keys() == {"you"}
        yield opened


async def wait_for(window: ClientWebSocketResponse, key: str) -> dict[str, Any]:
    while True:
        said: dict[str, Any] = await window.receive_json()
        if key in said:
            return said


def test_a_list_hears_of_its_users_changes_only(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada, bob = await site.user("Ada"), await site.user("Bob")
            note = await ada.write("Milk")
            async with ada.session.get(f"{site.url}/notes/events") as stream:
                assert stream.content_type == "text/event-stream"
                await bob.write("Other")
                for change in (
                    ada.write("Second"),
                    ada.post(note, {"title": "x", "version": "1"}),
                    ada.ask("POST", "/api/notes", 201, {}, json={"title": "y"}),
                    ada.post(f"{note}/delete"),
                ):
                    await change
                    event = await stream.content.readuntil(b"\n\n")
                    assert event == b"event: changed\ndata: {}\n\n"

    run(main())


def test_windows_see_each_other(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            note = await ada.write("Milk")
            async with window(ada, note) as one:
                assert await one.receive_json() == {"windows": 1}
                async with window(ada, note) as two:
                    assert await one.receive_json() == {"windows": 2}
                    await two.send_json({"title": "Milk", "text": "b" * 200_000})
                    said = await wait_for(one, "from")
                    assert (said["title"], said["text"]) == ("Milk", "b" * 100_000)
                    form = {"title": "Milk", "text": "bread", "version": "1"}
                    await ada.post(note, form)
                    for each in (one, two):
                        assert await wait_for(each, "saved") == {
                            "saved": 2, "title": "Milk", "text": "bread",
                        }  # fmt: skip
                assert await wait_for(one, "windows") == {"windows": 1}
                await ada.post(f"{note}/delete")
                assert await wait_for(one, "deleted") == {"deleted": True}

    run(main())


@pytest.mark.parametrize("text", ["no JSON", "[]", "1", "{}", '{"title": 1, "text": "x"}', b"x"])
def test_a_window_says_what_its_page_says(run: Run, tmp_path: Path, text: str | bytes) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada = await site.user("Ada")
            async with window(ada, await ada.write("Milk")) as opened:
                assert await opened.receive_json() == {"windows": 1}
                if isinstance(text, str):
                    await opened.send_str(text)
                else:
                    await opened.send_bytes(text)
                assert (await opened.receive()).data == 1003

    run(main())


def test_a_window_is_for_pages_of_this_site_and_its_user(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            ada, bob = await site.user("Ada"), await site.user("Bob")
            url = f"{site.url}{await ada.write('Milk')}/live"
            for visitor, origin, status in (
                (ada, "https://example.com", 403),
                (bob, site.url, 404),
                (await site.visitor(), site.url, 401),
            ):
                with pytest.raises(WSServerHandshakeError) as caught:
                    await visitor.session.ws_connect(url, headers={"Origin": origin})
                assert caught.value.status == status

    run(main())


def test_the_server_stops_while_windows_are_open(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with asyncio.timeout(10), example(tmp_path) as site:
            ada = await site.user("Ada")
            async with (
                window(ada, await ada.write("Milk")) as opened,
                ada.session.get(f"{site.url}/notes/events") as stream,
            ):
                assert await opened.receive_json() == {"windows": 1}
                stop = asyncio.create_task(site.stop())
                assert await stream.content.read() == b""
                while (await opened.receive()).type is WSMsgType.TEXT:
                    pass
                assert opened.close_code == 1001
                await stop

    run(main())
