"""The error pages of `treadle dev`: for every reader, in both themes, on a phone and on a desk."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize

from testkit import Program
from testkit.browser import PHONE, SCREEN, THEMES, Theme, Watch, findings

APPLICATION = """
from treadle import web


async def fails(request: web.Request) -> web.Response:
    order = {"number": "a long text " * 50, "lines": list(range(100))}
    return web.json_response(order["missing"])


async def nothing(request: web.Request) -> None:
    request["seen"] = True


def make_app() -> web.Application:
    app = web.Application()
    app.add_routes([web.get("/fails", fails), web.get("/nothing", nothing)])
    return app
"""

#: The path of each kind of error page, and what its heading says.
PAGES = {
    "/fails": "KeyError",
    "/nothing": "nothing",
    "/fail": "/fail",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an application with mistakes, under ``treadle dev``."""
    folder = tmp_path_factory.mktemp("dev")
    Path(folder, "app.py").write_text(APPLICATION)
    command = [sys.executable, "-m", "treadle", "dev", "app:make_app", "--port", "0"]
    program = Program(command, folder)
    try:
        yield program.wait_for(r"Serving on (http://\S+?)/? \(")[1]
        program.end()
    finally:
        program.close()


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", [PHONE, SCREEN], ids=["phone", "screen"])
@pytest.mark.parametrize("path", PAGES)
def test_an_error_page(
    browser: Browser, address: str, path: str, size: tuple[int, int], theme: Theme
) -> None:
    viewport: ViewportSize = {"width": size[0], "height": size[1]}
    context = browser.new_context(color_scheme=theme, viewport=viewport)
    try:
        watch = Watch(context)
        page = context.new_page()
        page.goto(address + path)
        assert PAGES[path] in page.locator("main").inner_text()
        assert findings(page) == []
        # The status of the page itself is all that the console tells.
        assert [error for error in watch.errors if "the server responded with" not in error] == []
        assert watch.hosts == {address.removeprefix("http://")}
    finally:
        context.close()
