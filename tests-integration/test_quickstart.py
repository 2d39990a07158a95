"""Every program of the quickstart, as a process of its own, through a real client.

``docs/quickstart.md`` shows the same programs.
"""

import asyncio
import contextlib
import io
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientSession, CookieJar, FormData, WSMsgType

import quickstart_page
from treadle import web
from treadle_testing import unused_port

ROOT: Final = Path(__file__).resolve().parent.parent
PROGRAMS: Final = ROOT / "packages/treadle/examples/quickstart"
PAGE: Final = ROOT / "packages/treadle/docs/quickstart.md"


@contextlib.asynccontextmanager
async def serving(module: str, *arguments: str) -> AsyncIterator[ClientSession]:
    """Run a program and return a client whose paths are those of its server."""
    port = unused_port()
    command = [sys.executable, "-m", "treadle.web", "-H", "127.0.0.1", "-P", str(port)]
    process = await asyncio.create_subprocess_exec(
        *command, f"quickstart.{module}:init_func", *arguments,
        stdout=subprocess.PIPE, cwd=PROGRAMS.parent,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        assert b"Running on" in line
        jar = CookieJar(unsafe=True)
        async with ClientSession(f"http://127.0.0.1:{port}", cookie_jar=jar) as client:
            yield client
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 60) == 0


# Method, path, what is sent; the status, and the text or the part of it that comes back.
Exchange = tuple[str, str, dict[str, Any], int, str]

EXCHANGES: Final[dict[str, list[Exchange]]] = {
    "simple_server": [
        ("GET", "/", {}, 200, "Hello, world"),
        ("GET", "/nowhere", {}, 404, "404: Not Found"),
        ("POST", "/", {}, 405, "405: Method Not Allowed"),
    ],
    "handlers": [
        ("GET", "/", {}, 200, "read"),
        ("POST", "/", {"data": b"a thing"}, 201, "created: a thing"),
        ("PUT", "/", {}, 200, "replaced"),
    ],
    "route_tables": [
        ("GET", "/", {}, 200, "read"),
        ("POST", "/items", {}, 201, "created"),
        ("PUT", "/items/lamp", {}, 200, "PUT lamp"),
        ("PATCH", "/items/lamp", {}, 200, "PATCH lamp"),
        ("DELETE", "/items/lamp", {}, 405, "405: Method Not Allowed"),
    ],
    "any_method": [
        ("GET", "/path", {}, 200, "GET"),
        ("DELETE", "/path", {}, 200, "DELETE"),
        ("PROPFIND", "/path", {}, 200, "PROPFIND"),
    ],
    "head_requests": [
        ("GET", "/both", {}, 200, "a page"),
        ("HEAD", "/both", {}, 200, ""),
        ("GET", "/only-get", {}, 200, "a page"),
        ("HEAD", "/only-get", {}, 405, ""),
    ],
    "resources": [
        ("GET", "/explicit", {}, 200, "read"),
        ("POST", "/explicit", {}, 200, "written"),
        ("GET", "/merged", {}, 200, "read"),
        ("POST", "/merged", {}, 200, "written"),
    ],
    "variable_resources": [
        ("GET", "/a/Ada%20Lovelace/c", {}, 200, "Hello, Ada Lovelace"),
        ("GET", "/a/x/y/c", {}, 404, "404: Not Found"),
        ("GET", "/users/42", {}, 200, "User number 42"),
        ("GET", "/users/forty-two", {}, 404, "404: Not Found"),
        ("GET", "/files/a/b.txt", {}, 200, "File a/b.txt"),
    ],
    "reverse_urls": [
        ("GET", "/links", {}, 200, '"with a query": "/root?a=b&c=d"'),
        ("GET", "/links", {}, 200, '"with a part": "/john_doe/info"'),
        ("GET", "/links", {}, 200, '"with any part": "/Ada%20&%20co%2Fltd/info"'),
        ("GET", "/Ada%20&%20co%2Fltd/info", {}, 200, "About Ada & co/ltd"),
    ],
    "handler_classes": [
        ("GET", "/intro", {}, 200, "0 greeted so far"),
        ("GET", "/greet/Ada", {}, 200, "Hello, Ada"),
        ("GET", "/intro", {}, 200, "1 greeted so far"),
    ],
    "class_based_views": [
        ("GET", "/items", {}, 200, "[]"),
        ("POST", "/items", {"data": b"lamp"}, 201, '["lamp"]'),
        ("GET", "/status", {}, 200, "1 items"),
        ("PUT", "/items", {}, 405, "405: Method Not Allowed"),
    ],
    "resource_views": [
        ("GET", "/", {}, 200, '"resources": ["/", "/users/{id}", "/unnamed"]'),
        ("GET", "/", {}, 200, '"named": {"overview": "/", "user": "/users/{id}"}'),
        ("GET", "/", {}, 200, '"routes": ["HEAD overview", "GET overview", "GET user", "POST"]'),
    ],
    "json_response": [
        ("GET", "/", {}, 200, '{"status": "ok", "items": [1, 2, 3]}'),
        ("POST", "/total", {"json": [1, 2, 39]}, 200, '{"total": 42}'),
        ("POST", "/total", {"json": ["1"]}, 422, "Send a list of whole numbers"),
        ("POST", "/total", {"data": b"[1, 2,"}, 400, "line 1"),
        ("GET", "/now", {}, 200, '{"now": "20'),
    ],
    "user_sessions": [
        ("GET", "/", {}, 200, "First visit"),
        ("GET", "/", {}, 200, "Welcome back"),
    ],
    "http_forms": [
        ("GET", "/", {}, 200, "<form"),
        ("GET", "/search?q=a&q=b", {}, 200, "Searching for a, b"),
        ("GET", "/search", {}, 200, "Searching for nothing"),
        ("POST", "/login", {"data": {"login": "Ada", "password": "x"}}, 200, "Logged in as Ada"),
        ("POST", "/login", {"data": {"login": "Ada"}}, 400, "Give a login and a password"),
    ],
    "redirects": [
        ("GET", "/", {"allow_redirects": False}, 302, "302: Found"),
        ("GET", "/", {}, 200, "<form"),
        ("POST", "/login", {"data": {"user": "Ada"}}, 200, "Hello, Ada"),
        ("GET", "/logout", {}, 200, "<form"),
        ("GET", "/", {"allow_redirects": False}, 302, "302: Found"),
    ],
    "background_tasks": [
        ("GET", "/sent", {}, 200, "[]"),
        ("POST", "/sign-up", {"data": {"address": "ada@a.org"}}, 202, "A mail to ada@a.org is on"),
        ("GET", "/sent", {}, 200, '["ada@a.org"]'),
    ],
    "exceptions": [
        ("GET", "/own", {}, 403, "Members only"),
        ("GET", "/raise/HTTPOh", {}, 404, "There is no exception called HTTPOh"),
        ("GET", "/raise/HTTPException", {}, 404, "There is no exception called HTTPException"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("module", EXCHANGES)
def test_answers(module: str) -> None:
    async def main() -> None:
        async with serving(module) as client:
            for method, path, sent, status, text in EXCHANGES[module]:
                async with client.request(method, path, **sent) as response:
                    received = await response.text()
                    assert (response.status, method, path) == (status, method, path), received
                    assert text in received if text else received == ""

    asyncio.run(main())


def run(check: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await check()

    asyncio.run(main())


def test_command_line() -> None:
    async def check() -> None:
        async with serving("command_line", "--name", "Ada") as client, client.get("/") as response:
            assert await response.text() == "Hello, Ada"
        async with serving("command_line") as client, client.get("/") as response:
            assert await response.text() == "Hello, world"

    run(check)


def test_run_app() -> None:
    async def check() -> None:
        port = unused_port()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "quickstart.simple_server", str(port),
            stdout=subprocess.PIPE, cwd=PROGRAMS.parent,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            await asyncio.wait_for(process.stdout.readline(), 60)
            async with ClientSession() as client, client.get(f"http://localhost:{port}") as answer:
                assert await answer.text() == "Hello, world"
        finally:
            process.terminate()
            assert await asyncio.wait_for(process.wait(), 60) == 0

    run(check)


def test_file_uploads() -> None:
    async def check() -> None:
        async with serving("file_uploads") as client:
            form = FormData({"comment": "loud"})
            song = io.BytesIO(b"x" * 3_000_000)
            form.add_field("file", song, filename="song.mp3", content_type="audio/mpeg")
            async with client.post("/store", data=form) as response:
                assert await response.json() == {
                    "filename": "song.mp3", "type": "audio/mpeg", "size": 3_000_000,
                    "comment": "loud",
                }  # fmt: skip
            # Four times ``client_max_size``.
            form = FormData()
            form.add_field("video", io.BytesIO(b"y" * 64 * 1024**2), filename="film.mkv")
            async with client.post("/stream", data=form) as response:
                assert await response.json() == {"video": 64 * 1024**2}
            async with client.post("/store", data={"comment": "no file"}) as response:
                assert (response.status, await response.text()) == (400, "Choose a file")

    run(check)


def test_websockets() -> None:
    async def check() -> None:
        async with serving("websockets") as client, client.ws_connect("/ws") as ws:
            await ws.send_str("hello")
            assert await ws.receive_str() == "hello/answer"
            await ws.send_bytes(b"\x00\x01")
            assert await ws.receive_bytes() == b"\x00\x01"
            await ws.send_str("close")
            assert (await ws.receive()).type is WSMsgType.CLOSE

    run(check)


def test_event_streams() -> None:
    async def check() -> None:
        async with (
            serving("event_streams") as client,
            client.get("/events") as one,
            client.get("/events") as other,
        ):
            for answer in (one, other):
                assert answer.content_type == "text/event-stream"
                comment = await answer.content.readuntil(b"\n\n")
                assert comment == b": You hear what others say.\n\n"
            async with client.post("/say", data="Hello,\nall") as said:
                assert said.status == 204
            for answer in (one, other):
                event = await answer.content.readuntil(b"\n\n")
                assert event == b"event: said\ndata: Hello,\ndata: all\n\n"

    run(check)


def test_every_exception() -> None:
    async def check() -> None:
        async with serving("exceptions") as client:
            for name in dir(web):
                cls = getattr(web, name)
                if not isinstance(cls, type) or not issubclass(cls, web.HTTPException):
                    continue
                if cls.status_code < 0:
                    continue
                async with client.get(f"/raise/{name}", allow_redirects=False) as response:
                    assert response.status == cls.status_code
                    text = await response.text()
                    assert text == "" if cls.empty_body or name == "HTTPNotModified" else text

    run(check)


#: The programs in the order of the page.
ORDER: Final = [
    "simple_server", "command_line", "handlers", "route_tables", "any_method", "head_requests",
    "resources", "variable_resources", "reverse_urls", "handler_classes", "class_based_views",
    "resource_views", "json_response", "redirects", "exceptions", "http_forms", "file_uploads",
    "user_sessions", "websockets", "event_streams", "background_tasks",
]  # fmt: skip


def test_every_program_is_tried_and_shown() -> None:
    programs = {path.stem: path.read_text() for path in PROGRAMS.glob("[a-z]*.py")}
    tried = {*EXCHANGES, "command_line", "file_uploads", "websockets", "event_streams"}
    assert set(programs) == tried
    assert [Path(name).stem for name in quickstart_page.shown(PAGE.read_text())] == ORDER
    assert sorted(ORDER) == sorted(tried)
    assert quickstart_page.updated(PAGE.read_text()) == PAGE.read_text()
