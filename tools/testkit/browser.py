"""The machine's own Chromium, driven by Playwright, and what it finds wrong with a page.

``chromium()`` starts it, ``CHROMIUM`` is its path or None. A ``PageWatch`` keeps what a tab reports
while it loads; ``findings`` looks at the page that is shown: axe-core's serious findings (WCAG 2.2
A and AA and its best practices), and whether the page is wider than the window.
"""

import contextlib
import functools
import importlib.resources
import os
import shutil
from collections.abc import Iterator
from typing import Any, Final, Literal, final

from playwright.sync_api import Browser, Page, sync_playwright

__all__ = ["CHROMIUM", "PHONE", "SCREEN", "THEMES", "PageWatch", "Theme", "chromium", "findings"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: The path of the first Chromium on ``PATH``, or None.
CHROMIUM: Final = next(filter(None, map(shutil.which, _NAMES)), None)

_ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]

#: Widths and heights of windows, in CSS pixels.
PHONE: Final = (390, 844)
SCREEN: Final = (1280, 900)
#: What ``color_scheme`` of a Playwright context can be.
Theme = Literal["light", "dark"]
THEMES: Final[tuple[Theme, ...]] = ("light", "dark")

#: axe-core's own words for what stops people; ``moderate`` and ``minor`` are advice.
_SERIOUS = ("serious", "critical")


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Start a headless Chromium, and end it."""
    # Chromium's sandbox refuses to run for root, and in containers tests run as root.
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=_ARGUMENTS, chromium_sandbox=not root
        )
        try:
            yield browser
        finally:
            browser.close()


@final
class PageWatch:
    """What a tab has reported since it was made: errors of scripts and of the console, requests."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.errors: list[str] = []
        #: The hosts, with ports, that the tab has asked.
        self.hosts: set[str] = set()
        page.on("pageerror", lambda error: self.errors.append(f"a script failed: {error}"))
        page.on("console", self._note)
        page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def _note(self, message: Any) -> None:  # Playwright's console message
        if message.type in {"error", "warning"}:
            self.errors.append(f"the console says: {message.text}")


def findings(page: Page) -> list[str]:
    """Return what is wrong with the page as it is shown now, a line each."""
    found = []
    wide = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    if wide[0] > wide[1]:
        found.append(f"it is {wide[0]} pixels wide in a window of {wide[1]}")
    page.evaluate(_axe())
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    for violation in result["violations"]:
        if violation["impact"] in _SERIOUS:
            places = [" ".join(map(str, node["target"])) for node in violation["nodes"]]
            shown = ", ".join(places[:3]) + (f" and {len(places) - 3} more" if places[3:] else "")
            found.append(f"{violation['id']} ({violation['help']}): {shown}")
    return found


@functools.cache
def _axe() -> str:
    """Return axe-core's script, which another package carries."""
    return importlib.resources.files("axe_playwright_python").joinpath("axe.min.js").read_text()
