"""Real applications, unchanged, on treadle's server and below a prefix of another application.

Each has at least ten requests through a real socket, and the same answers in both places: as the
only application of a server (``host``), and mounted below a prefix with a variable.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import FormData, WSMsgType, WSServerHandshakeError
from yarl import URL

from thirdparty.frameworks import _apps
from treadle_asgi import host
from treadle_server import Application
from treadle_testing import TestClient, TestServer

#: The prefix as it is declared, as the client sends it, and decoded.
PREFIX = "/outer/{who}/in"
SENT = "/outer/%41da/in"
DECODED = "/outer/Ada/in"


class Talk:
    """Sends requests below a prefix, and counts them."""

    def __init__(self, client: "TestClient[Any, Any]", is_mounted: bool) -> None:
        self.client = client
        #: The prefix as the application knows it.
        self.prefix = DECODED if is_mounted else ""
        self._sent = SENT if is_mounted else ""
        self.count = 0

    async def ask(
        self, method: str, path: str, status: int, wanted: str | None = None, **options: Any
    ) -> Any:
        """Send a request, check its status and that ``wanted`` is in its body; return it."""
        self.count += 1
        response = await self.client.request(
            method, self._url(path), allow_redirects=options.pop("follow", False), **options
        )
        text = await response.text()
        assert response.status == status, (path, response.status, text)
        if wanted is not None:
            assert wanted in text, (path, text)
        return response

    async def websocket(self, path: str, **options: Any) -> Any:
        """Open a WebSocket."""
        self.count += 1
        return await self.client.ws_connect(self._url(path), **options)

    def _url(self, path: str) -> URL:
        return URL(self._sent + path, encoded=True)


async def talk_to_fastapi(talk: Talk) -> None:
    await talk.ask("GET", "/docs", 200, "swagger-ui")
    schema = await (await talk.ask("GET", "/openapi.json", 200)).json()
    if talk.prefix:
        assert schema["servers"] == [{"url": "/outer/Ada/in"}]
    got = await talk.ask("GET", "/items/7", 200)
    assert await got.json() == {"id": 7, "greeting": "hello"}
    await talk.ask("GET", "/items/seven", 422, "int_parsing")
    await talk.ask("POST", "/items", 200, '"price":1.5', json={"name": "n", "price": 1.5})
    await talk.ask("POST", "/items", 422, "missing", json={"name": "n"})
    await talk.ask("GET", "/missing", 404, "no such thing")
    await talk.ask("GET", "/nowhere", 404, "Not Found")
    await talk.ask("PUT", "/items", 405)
    await talk.ask("GET", "/stream", 200, "0;1;2;3;4;")
    await talk.ask("POST", "/tasks", 200, "started")
    await talk.ask("GET", "/done", 200, "task")
    form = FormData()
    form.add_field("file", b"x" * 300_000, filename="x.bin")
    await talk.ask("POST", "/upload", 200, '"size":300000', data=form)
    ws = await talk.websocket("/ws/lobby", protocols=["chat"])
    assert ws.protocol == "chat"
    await ws.send_str("hi")
    assert await ws.receive_json() == {"room": "lobby", "echo": "hi"}
    await ws.close()


async def talk_to_starlette(talk: Talk) -> None:
    await talk.ask("GET", "/", 200, f"{talk.prefix}/users/Ada")
    await talk.ask("GET", "/users/%C3%A9?q=1", 200, '"query":{"q":"1"}')
    moved = await talk.ask("GET", "/move", 307)
    assert moved.headers["Location"].endswith("/users/moved")
    await talk.ask("GET", "/static/page.html", 200, "<h1>static</h1>")
    big = await talk.ask("GET", "/static/big.txt", 200)
    assert len(await big.read()) == 100_000
    etag = big.headers["ETag"]
    await talk.ask("GET", "/static/big.txt", 304, headers={"If-None-Match": etag})
    part = await talk.ask("GET", "/static/big.txt", 206, headers={"Range": "bytes=0-3"})
    assert await part.read() == b"line"
    head = await talk.ask("HEAD", "/static/big.txt", 200)
    assert head.headers["Content-Length"] == "100000"
    await talk.ask("GET", "/static/../secret", 404)
    await talk.ask("POST", "/size", 200, "500000", data=b"z" * 500_000)
    await talk.ask("GET", "/fail", 500)
    ws = await talk.websocket("/ws")
    await ws.send_bytes(b"\x00\x01")
    assert await ws.receive_bytes() == b"\x00\x01"
    last = await ws.receive()
    assert (last.type, last.data, last.extra) == (WSMsgType.CLOSE, 4000, "enough")
    with pytest.raises(WSServerHandshakeError) as refused:
        await talk.websocket("/ws?refuse=1")
    assert refused.value.status == 403


async def talk_to_django(talk: Talk) -> None:
    login = await talk.ask("GET", "/admin/", 302)
    assert login.headers["Location"].startswith(f"{talk.prefix}/admin/login/")
    page = await talk.ask("GET", "/admin/login/", 200, "csrfmiddlewaretoken")
    token = _token(await page.text())
    await talk.ask(
        "POST", "/admin/login/", 200, "correct username",
        data={"username": "root", "password": "wrong", "csrfmiddlewaretoken": token},
    )  # fmt: skip
    await talk.ask(
        "POST", f"/admin/login/?next={talk.prefix}/admin/", 302,
        data={"username": "root", "password": "secret", "csrfmiddlewaretoken": token},
    )  # fmt: skip
    await talk.ask("GET", "/admin/", 200, "Site administration")
    await talk.ask("GET", "/admin/auth/user/", 200, "root@example.com")
    css = await talk.ask("GET", "/static/admin/css/base.css", 200, "--primary")
    assert css.headers["Content-Type"] == "text/css"
    await talk.ask("POST", "/form", 403, data={"word": "w"})
    form = await talk.ask("GET", "/form", 200, "csrfmiddlewaretoken")
    token = _token(await form.text())
    await talk.ask(
        "POST", "/form", 200, "got wörd", data={"word": "wörd", "csrfmiddlewaretoken": token}
    )
    await talk.ask("GET", "/stream", 200, "0;1;2;3;4;")
    file = await talk.ask("GET", "/file", 200)
    assert len(await file.read()) == 250_000
    head = await talk.ask("HEAD", "/file", 200)
    assert head.headers["Content-Length"] == "250000"
    await talk.ask("GET", "/nowhere", 404)


def _token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found is not None, page
    return found[1]


async def talk_to_quart(talk: Talk) -> None:
    await talk.ask("GET", "/", 200, "started: ['yes']")
    await talk.ask("POST", "/json", 200, "[2,4]", json=[1, 2])
    await talk.ask("POST", "/form", 200, "hello Ada", data={"name": "Ada"})
    moved = await talk.ask("GET", "/move", 302)
    assert moved.headers["Location"] == f"{talk.prefix}/"
    await talk.ask("GET", "/move", 200, "started", follow=True)
    await talk.ask("GET", "/stream", 200, "0;1;2;3;4;")
    await talk.ask("GET", "/static/app.js", 200, "let a = 1;")
    await talk.ask("GET", "/nowhere", 404)
    await talk.ask("DELETE", "/", 405)
    await talk.ask("GET", "/fail", 500)
    ws = await talk.websocket("/ws")
    for text in ("a", "b"):
        await ws.send_str(text)
        assert await ws.receive_str() == text
    await ws.close()


async def talk_to_litestar(talk: Talk) -> None:
    await talk.ask("GET", "/", 200, "litestar")
    await talk.ask("GET", "/square/12", 200, '"square":144')
    await talk.ask("GET", "/square/x", 404)
    await talk.ask("POST", "/points", 201, '"x":2', json={"x": 1, "y": 2})
    await talk.ask("POST", "/points", 400, "Validation failed", json={"x": "one"})
    await talk.ask("GET", "/private", 401, "who are you?")
    await talk.ask("GET", "/stream", 200, "0;1;2;3;4;")
    moved = await talk.ask("GET", "/move", 302)
    assert moved.headers["Location"] == "/elsewhere"
    await talk.ask("GET", "/schema/openapi.json", 200, "openapi")
    await talk.ask("PATCH", "/points", 405)
    ws = await talk.websocket("/ws")
    await ws.send_json([1])
    assert await ws.receive_json() == {"got": [1]}
    await ws.close()


async def talk_to_flask(talk: Talk) -> None:
    await talk.ask("GET", "/", 200, "visits: 0")
    moved = await talk.ask("POST", "/visit", 302)
    assert moved.headers["Location"] == f"{talk.prefix}/"
    await talk.ask("POST", "/visit", 200, "visits: 2", follow=True)
    await talk.ask("POST", "/json", 200, "4", json=[1, 2])
    await talk.ask("POST", "/json", 415, data=b"[1]")
    form = FormData()
    form.add_field("file", b"x" * 300_000, filename="x.bin")
    await talk.ask("POST", "/upload", 200, "300000", data=form)
    await talk.ask("GET", "/stream", 200, "0;1;2;3;4;")
    file = await talk.ask("GET", "/file", 200)
    assert len(await file.read()) == 250_000
    await talk.ask("GET", "/file", 304, headers={"If-None-Match": file.headers["ETag"]})
    part = await talk.ask("GET", "/file", 206, headers={"Range": "bytes=5-8"})
    assert await part.read() == b"line"
    await talk.ask("HEAD", "/file", 200)
    await talk.ask("GET", "/static/app.css", 200, "color: red")
    await talk.ask("GET", "/nowhere", 404, "Not Found")
    await talk.ask("GET", "/fail", 500)


ASGI = [
    ("fastapi", _apps.fastapi, talk_to_fastapi),
    ("starlette", _apps.starlette, talk_to_starlette),
    ("django", _apps.django_asgi, talk_to_django),
    ("quart", _apps.quart, talk_to_quart),
    ("litestar", _apps.litestar, talk_to_litestar),
]
WSGI = [
    ("django", _apps.django_wsgi, talk_to_django),
    ("flask", _apps.flask, talk_to_flask),
]
CASES = [
    *((f"{name} served", make, check, "served") for name, make, check in ASGI),
    *((f"{name} mounted", make, check, "mounted") for name, make, check in ASGI),
    *((f"{name} over WSGI", make, check, "wsgi") for name, make, check in WSGI),
    *((f"{name} over WSGI at the root", make, check, "wsgi root") for name, make, check in WSGI),
]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return one folder for all: Django is configured once in a process."""
    return tmp_path_factory.mktemp("frameworks")


@pytest.mark.parametrize(
    ("make", "check", "way"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_application(
    make: Callable[[Path], Any],
    check: Callable[[Talk], Awaitable[None]],
    way: str,
    folder: Path,
) -> None:
    app = make(folder)
    outer = Application()
    if way == "served":
        outer = host(app)
    elif way == "mounted":
        outer.router.mount(PREFIX, app)
    else:
        outer.router.mount_wsgi(PREFIX if way == "wsgi" else "/", app)

    async def main() -> None:
        async with TestClient(TestServer(outer)) as client:
            talk = Talk(client, way in ("mounted", "wsgi"))
            await check(talk)
            assert talk.count >= 10

    asyncio.run(main())
