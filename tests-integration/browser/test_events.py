"""A browser takes an event stream up again: where the server has ended it, and at a new server."""

import re
import subprocess
import sys

from playwright.sync_api import Page, expect

from treadle_testing import unused_port

#: It counts from behind the last number that the browser knows, and never ends.
PROGRAM = """
import asyncio, os, sys
from treadle import web

async def count(first):
    yield web.ServerSentEvent(retry=100)
    number = first
    while True:
        yield web.ServerSentEvent(f"{number} {os.getpid()}", id=str(number))
        number += 1
        await asyncio.sleep(0.05)

async def events(request):
    return web.EventSourceResponse(count(int(request.last_event_id or 0) + 1))

async def page(request):
    text = "<ol></ol><script>new EventSource('/events').onmessage = (event) => {"
    text += "const item = document.createElement('li'); item.textContent = event.data;"
    text += "document.querySelector('ol').append(item); };</script>"
    return web.Response(text=text, content_type="text/html")

app = web.Application()
app.add_routes([web.get("/", page), web.get("/events", events)])
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]))
"""


def test_no_number_is_missing(page: Page, example: str) -> None:
    page.goto(f"{example}/events")
    status = page.get_by_role("status")
    expect(status).to_have_text("15 numbers came on 3 connections.")
    expect(page.locator("li")).to_have_text([str(number) for number in range(1, 16)])


def _serve(port: int) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", PROGRAM, str(port)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert "Running on" in process.stdout.readline()
    return process


def _stop(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_new_server_goes_on(page: Page) -> None:
    port = unused_port()
    first = _serve(port)
    page.goto(f"http://127.0.0.1:{port}/")
    expect(page.locator("li").nth(5)).to_have_text(re.compile(r"6 \d+"))
    # The page holds a stream, and does not make the stop wait.
    _stop(first)
    second = _serve(port)
    expect(page.locator("li", has_text=f" {second.pid}").nth(3)).to_be_attached()
    texts = page.locator("li").all_inner_texts()
    numbers = [int(text.split()[0]) for text in texts]
    assert numbers == list(range(1, len(numbers) + 1))
    page.close()
    _stop(second)
