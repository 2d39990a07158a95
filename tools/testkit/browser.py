"""The machine's own Chromium, driven by Playwright, and what it finds wrong with a page.

``chromium()`` starts it, ``CHROMIUM`` is its path or None. A ``Watch`` keeps what tabs report;
``findings`` looks at the page that is shown: axe-core's serious findings (WCAG 2.2 A and AA and its
best practices), and whether the page is wider than the window.
"""

import contextlib
import functools
import importlib.resources
import os
import shutil
from collections.abc import Iterator
from typing import Final, Literal, final

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

__all__ = ["CHROMIUM", "PHONE", "SCREEN", "THEMES", "Theme", "Watch", "chromium", "findings"]

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
class Watch:
    """What the tabs of a context have reported since: errors of scripts and of the console."""

    def __init__(self, context: BrowserContext) -> None:
        #: A line for each, with the address of its place.
        self.errors: list[str] = []
        #: The hosts, with ports, that the tabs have asked.
        self.hosts: set[str] = set()
        context.on("weberror", lambda error: self.errors.append(f"a script failed: {error.error}"))
        context.on("console", self._note)
        context.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            place = message.location["url"]
            self.errors.append(f"the console says: {message.text} ({place})")


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
