"""Files as a browser asks for them: again after a reload, and from the middle of a recording."""

import re
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response

from testkit.browser import expect

_SERVER = """
import sys
from treadle import web
app = web.Application()
statuses = []
async def note(request, response):
    statuses.append([request.path, response.status])
async def seen(request):
    return web.json_response(statuses)
app.on_response_prepare.append(note)
app.router.add_get("/seen", seen)
app.router.add_static("/", sys.argv[1], show_index=True)
web.run_app(app, host="127.0.0.1", port=0)
"""
_SECONDS = 600
_RATE = 8000


@pytest.fixture
def files(tmp_path: Path) -> Iterator[str]:
    """The URL of a directory with a page, its style and a recording of ten minutes."""
    (tmp_path / "page.html").write_text(
        '<link rel="stylesheet" href="style.css"><h1>A page</h1><audio src="sound.wav"></audio>'
    )
    (tmp_path / "style.css").write_text("h1 { color: rgb(1, 2, 3) }")
    (tmp_path / "<b>bold").mkdir()
    with wave.open(str(tmp_path / "sound.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(bytes(2 * _RATE * _SECONDS))
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", _SERVER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        found = re.search(r"http://\S+?:\d+", process.stdout.readline())
        assert found
        yield found[0]
        process.terminate()
        process.communicate(timeout=20)


def test_a_listing_leads_to_its_files(page: Page, files: str) -> None:
    page.goto(f"{files}/")
    expect(page.get_by_role("heading")).to_have_text("Index of /")
    page.get_by_role("link", name="<b>bold/").click()
    expect(page.get_by_role("heading")).to_have_text("Index of /<b>bold/")
    page.get_by_role("link", name="../").click()
    page.get_by_role("link", name="page.html").click()
    expect(page.get_by_role("heading")).to_have_css("color", "rgb(1, 2, 3)")


def test_a_reload_gives_304(page: Page, files: str) -> None:
    page.goto(f"{files}/page.html")
    page.reload()
    expect(page.get_by_role("heading")).to_have_css("color", "rgb(1, 2, 3)")
    # The server reports it: to the page, a cached response looks like a new one.
    statuses = page.request.get(f"{files}/seen").json()
    assert [status for path, status in statuses if path == "/page.html"] == [200, 304]


def test_a_recording_is_played_from_its_middle(page: Page, files: str) -> None:
    ranges: list[str] = []

    def note(response: Response) -> None:
        if response.url.endswith("sound.wav"):
            assert response.status == 206
            ranges.append(response.headers["content-range"])

    page.on("response", note)
    page.goto(f"{files}/page.html")
    reached = page.evaluate(
        """async seconds => {
            const audio = document.querySelector("audio");
            if (audio.readyState < 1) {
                await new Promise(done => audio.addEventListener("loadedmetadata", done));
            }
            const length = audio.duration;
            audio.currentTime = seconds;
            await new Promise(done => audio.addEventListener("seeked", done, {once: true}));
            return [length, audio.currentTime, audio.error];
        }""",
        500,
    )
    assert reached == [_SECONDS, 500, None]
    starts = [int(value.split()[1].partition("-")[0]) for value in ranges]
    assert starts[0] == 0
    # The part before that was not fetched.
    assert max(starts) > _RATE * 2 * 400
