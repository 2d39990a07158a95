"""The pages in an application: who gets which, and that production has none of them."""

import asyncio
import json
import subprocess
import sys

import pytest

from treadle._debug.install import error_page, near_routes
from treadle.web import Application, HTTPNotFound, Request, StreamResponse
from treadle_testing import MemoryClient

ROUTES = [
    ("GET /users", "app.py:1"), ("GET /users/{name}", "app.py:2"), ("POST /notes/", "app.py:3"),
]  # fmt: skip


async def fails(request: Request) -> StreamResponse:
    raise ValueError("it broke")


async def late(request: Request) -> StreamResponse:
    raise TimeoutError


async def nothing(request: Request) -> None:
    return None


async def own(request: Request) -> StreamResponse:
    raise HTTPNotFound(text="no such user")


def answer(path: str, accept: str = "*/*") -> tuple[int, str, str]:
    async def main() -> tuple[int, str, str]:
        app = Application(middlewares=[near_routes(lambda app: ROUTES)])
        app.router.add_get("/fails", fails)
        app.router.add_get("/late", late)
        app.router.add_get("/nothing", nothing)  # type: ignore[arg-type]  # the mistake
        app.router.add_get("/own", own)
        page = error_page(lambda file: file == __file__)
        async with MemoryClient(app, error_page=page) as client:
            found = await client.get(path, headers={"Accept": accept})
            return found.status, found.content_type, await found.text()

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("accept", "kind", "begins"),
    [
        ("*/*", "text/plain", "Traceback (most recent call last):"),
        ("text/html", "text/html", "<!doctype html>"),
        ("application/json", "application/json", "{"),
    ],
)
@pytest.mark.parametrize("path", ["/fails", "/nothing"])
def test_errors(path: str, accept: str, kind: str, begins: str) -> None:
    status, content_type, text = answer(path, accept)
    assert (status, content_type) == (500, kind)
    assert text.startswith(begins)
    assert ("it broke" if path == "/fails" else "is a return statement missing?") in text
    # Not the middleware of these pages.
    assert "_debug" not in text


def test_a_timeout_is_a_504() -> None:
    assert answer("/late")[0] == 504


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/user", "GET /users"),
        ("/users/", "GET /users"),
        ("/notes", "POST /notes/"),
        ("/zzzzzzzzzzz", None),
    ],
)
@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json"])
def test_near_routes(path: str, near: str | None, accept: str) -> None:
    status, _, text = answer(path, accept)
    assert status == 404
    if accept == "application/json":
        assert (json.loads(text)["near"] or [[None]])[0][0] == near
    else:
        assert ("Did you mean" in text) is (near is not None)


def test_a_404_of_a_handler_is_an_answer() -> None:
    assert answer("/own") == (404, "text/plain", "no such user")


PROGRAM = """
import asyncio, sys
from treadle import web

async def fails(request):
    secret = "hunter2"
    raise ValueError("it broke")

async def main():
    app = web.Application()
    app.router.add_get("/", fails)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    for path in ("/", "/nothing"):
        reader, writer = await asyncio.open_connection(*runner.addresses[0])
        writer.write(f"GET {path} HTTP/1.0\\r\\nAccept: text/html\\r\\n\\r\\n".encode())
        print((await reader.read()).decode())
        writer.close()
    await runner.cleanup()
    print([name for name in sys.modules if "_debug" in name or "_command" in name])

asyncio.run(main())
"""


def test_production_has_none_of_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert "500 Internal Server Error" in done.stdout
    for part in ("it broke", "hunter2", "Traceback", "treadle dev", "All routes"):
        assert part not in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
