"""The example application, through a real client."""

import asyncio
import hashlib
import io
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import FormData, WSServerHandshakeError
from treadle_example.app import make_app

from treadle import web
from treadle_testing import TestClient, TestServer

_Client = TestClient[web.Request, web.Application]


def with_client(check: Callable[[_Client], Awaitable[None]]) -> None:
    async def main() -> None:
        async with TestClient(TestServer(make_app())) as client:
            await check(client)

    asyncio.run(main())


def test_pages_link_to_each_other() -> None:
    async def check(client: _Client) -> None:
        home = await client.get("/")
        assert home.status == 200
        assert home.content_type == "text/html"
        text = await home.text()
        links = (
            "/hello/Ada%20Lovelace", "/guestbook", "/api/time?zone=utc", "/upload", "/events",
            "/count/20", "/static/",
        )  # fmt: skip
        for link in links:
            assert f'href="{link}"' in text
            assert (await client.get(link)).status == 200

    with_client(check)


def test_a_path_parameter_is_escaped() -> None:
    async def check(client: _Client) -> None:
        text = await (await client.get("/hello/<script>alert(1)")).text()
        assert "Hello, &lt;script&gt;alert(1)!" in text

    with_client(check)


def test_the_guest_book_keeps_what_is_signed() -> None:
    async def check(client: _Client) -> None:
        form = {"name": "Ada", "message": "first & <b>best</b>"}
        answer = await client.post("/guestbook", data=form, allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (303, "/guestbook")
        text = await (await client.get("/guestbook")).text()
        assert "<strong>Ada</strong><p>first &amp; &lt;b&gt;best&lt;/b&gt;</p>" in text

    with_client(check)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"name": "", "message": "x"}, "give a name and a message"),
        ({"name": "x", "message": "y" * 501}, "under 500 characters"),
    ],
)
def test_the_guest_book_says_what_is_missing(form: dict[str, str], message: str) -> None:
    async def check(client: _Client) -> None:
        answer = await client.post("/guestbook", data=form)
        assert answer.status == 422
        text = await answer.text()
        assert message in text
        # Nothing that was typed is lost.
        assert form["message"] in text

    with_client(check)


def test_the_guest_book_is_for_text() -> None:
    async def check(client: _Client) -> None:
        form = FormData({"message": "x"})
        form.add_field("name", b"file", filename="name.txt")
        answer = await client.post("/guestbook", data=form)
        assert answer.status == 422
        assert "give a name and a message" in await answer.text()

    with_client(check)


def test_an_upload_is_described() -> None:
    async def check(client: _Client) -> None:
        assert 'enctype="multipart/form-data"' in await (await client.get("/upload")).text()
        form = FormData(quote_fields=False)
        form.add_field("files", io.BytesIO(bytes(3_000_000)), filename="<b>.bin")
        form.add_field("files", b"", filename="empty.txt")
        form.add_field("other", "no file")
        text = await (await client.post("/upload", data=form)).text()
        assert "<strong>&lt;b&gt;.bin</strong><p>3,000,000 bytes, SHA-256 " in text
        assert hashlib.sha256(bytes(3_000_000)).hexdigest() in text
        assert "<strong>empty.txt</strong><p>0 bytes" in text
        assert text.count("<article>") == 2
        assert (await client.post("/upload", data="x")).status == 415

    with_client(check)


def test_a_chat_between_two_tabs() -> None:
    async def check(client: _Client) -> None:
        assert "new WebSocket" in await (await client.get("/chat")).text()
        url = client.make_url("/chat/talk")
        async with client.session.ws_connect(url) as one, client.session.ws_connect(url) as two:
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
            async with client.session.ws_connect(url) as three:
                # A tab that joins later gets the earlier messages.
                assert (await three.receive_json())["name"] == "Ada"
                assert (await three.receive_json())["name"] == "nobody"

    with_client(check)


@pytest.mark.parametrize("text", ["no JSON", "[]", "1", "{}", '{"name": 1, "text": "x"}'])
def test_the_chat_closes_on_what_its_page_does_not_send(text: str) -> None:
    async def check(client: _Client) -> None:
        async with client.session.ws_connect(client.make_url("/chat/talk")) as tab:
            await tab.receive()
            await tab.send_str(text)
            assert (await tab.receive()).data == 1003

    with_client(check)


def test_the_chat_is_for_its_own_page() -> None:
    async def check(client: _Client) -> None:
        with pytest.raises(WSServerHandshakeError) as caught:
            await client.session.ws_connect(
                client.make_url("/chat/talk"), headers={"Origin": "https://example.com"}
            )
        assert caught.value.status == 403

    with_client(check)


@pytest.mark.parametrize(
    ("path", "status", "content"),
    [
        ("/api/time", 200, '"zone": "utc"'),
        ("/api/time?zone=mars", 400, "the only zone is 'utc', not 'mars'"),
        ("/count/3", 200, "1\n2\n3\n"),
        ("/count/many", 404, "Not found"),
        ("/nowhere/<i>", 404, "/nowhere/&lt;i&gt;"),
    ],
)
def test_the_rest(path: str, status: int, content: str) -> None:
    async def check(client: _Client) -> None:
        answer = await client.get(path)
        assert answer.status == status
        assert content in await answer.text()

    with_client(check)


@pytest.mark.parametrize(
    ("last", "first"), [("", 1), ("5", 6), ("x", 1), ("-1", 1), ("\u0665", 1), ("9" * 5000, 1)]
)
def test_events_go_on_behind_the_last_one(last: str, first: int) -> None:
    async def check(client: _Client) -> None:
        answer = await client.get("/events/numbers", headers={"Last-Event-ID": last})
        assert answer.content_type == "text/event-stream"
        events = (await answer.text()).split("\n\n")
        assert events[0] == "retry: 300"
        assert events[1:-1] == [
            f'event: number\nid: {number}\ndata: {{"number": {number}}}'
            for number in range(first, first + 5)
        ]

    with_client(check)
