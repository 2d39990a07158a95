"""The chat of the example, over WebSockets and with forms."""

from pathlib import Path

import pytest
from aiohttp import WSServerHandshakeError

from testkit import Run

from ._site import example


def test_a_chat_between_two_tabs(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            visitor = await site.visitor()
            session = visitor.session
            url = f"{site.url}/chat/talk"
            async with session.ws_connect(url) as one, session.ws_connect(url) as two:
                assert await one.receive_json() == {"online": 1}
                assert await one.receive_json() == {"online": 2}
                assert await two.receive_json() == {"online": 2}
                await one.send_json({"name": "Ada", "text": "<b>Hello</b>"})
                for tab in (one, two):
                    assert await tab.receive_json() == {"name": "Ada", "text": "<b>Hello</b>"}
                await two.send_json({"name": "", "text": "y" * 600})
                assert await one.receive_json() == {"name": "nobody", "text": "y" * 500}
                await two.close()
                assert await one.receive_json() == {"online": 1}
                # A browser without scripts.
                answer = await visitor.post("/chat", {"name": "Bob", "text": "Hi"})
                assert answer.headers["Location"] == "/chat"
                assert await one.receive_json() == {"name": "Bob", "text": "Hi"}
                assert "<strong>Ada</strong><p>&lt;b&gt;Hello" in await visitor.get("/chat")
                async with session.ws_connect(url) as three:
                    # A tab that joins later gets the earlier messages.
                    names = [(await three.receive_json())["name"] for _ in range(3)]
                    assert names == ["Ada", "nobody", "Bob"]
            # Nothing was said.
            await visitor.post("/chat", {"name": "Bob", "text": " "})
            assert (await visitor.get("/chat")).count("<article>") == 3

    run(main())


@pytest.mark.parametrize("text", ["no JSON", "[]", "1", "{}", '{"name": 1, "text": "x"}'])
def test_the_chat_closes_on_what_its_page_does_not_send(
    run: Run, tmp_path: Path, text: str
) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            visitor = await site.visitor()
            async with visitor.session.ws_connect(f"{site.url}/chat/talk") as tab:
                await tab.receive()
                await tab.send_str(text)
                assert (await tab.receive()).data == 1003

    run(main())


def test_the_chat_is_for_its_own_page(run: Run, tmp_path: Path) -> None:
    async def main() -> None:
        async with example(tmp_path) as site:
            visitor = await site.visitor()
            with pytest.raises(WSServerHandshakeError) as caught:
                await visitor.session.ws_connect(
                    f"{site.url}/chat/talk", headers={"Origin": "https://example.com"}
                )
            assert caught.value.status == 403

    run(main())
