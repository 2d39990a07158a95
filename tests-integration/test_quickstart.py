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
from typing import Final

import pytest
from aiohttp import ClientSession, CookieJar, FormData, WSMsgType

import quickstart_page
from quickstart_requests import EXCHANGES
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
