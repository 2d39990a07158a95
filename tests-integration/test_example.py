"""The example application, through a real client."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from weft_example.app import make_app

from weft_testing import TestClient, TestServer


def with_client(check: Callable[[TestClient], Awaitable[None]]) -> None:
    async def main() -> None:
        async with TestClient(TestServer(make_app())) as client:
            await check(client)

    asyncio.run(main())


def test_pages_link_to_each_other() -> None:
    async def check(client: TestClient) -> None:
        home = await client.get("/")
        assert home.status == 200
        assert home.content_type == "text/html"
        text = await home.text()
        for link in ("/hello/Ada%20Lovelace", "/guestbook", "/api/time?zone=utc", "/count/20"):
            assert f'href="{link}"' in text
            assert (await client.get(link)).status == 200

    with_client(check)


def test_a_path_parameter_is_escaped() -> None:
    async def check(client: TestClient) -> None:
        text = await (await client.get("/hello/<script>alert(1)")).text()
        assert "Hello, &lt;script&gt;alert(1)!" in text

    with_client(check)


def test_the_guest_book_keeps_what_is_signed() -> None:
    async def check(client: TestClient) -> None:
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
    async def check(client: TestClient) -> None:
        answer = await client.post("/guestbook", data=form)
        assert answer.status == 422
        text = await answer.text()
        assert message in text
        # Nothing that was typed is lost.
        assert form["message"] in text

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
    async def check(client: TestClient) -> None:
        answer = await client.get(path)
        assert answer.status == status
        assert content in await answer.text()

    with_client(check)
