"""The example application in a real browser: the machine's own Chromium, driven by Playwright.

Without a Chromium these tests are not collected, and the head of the test report says so.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import playwright.sync_api
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from testkit.assertions import count_calls
from testkit.browser import CHROMIUM, Watch, chromium

# Playwright's ``expect(...)`` asserts without an ``assert``. Its classes are documented, but the
# package does not export them to type checkers.
for _assertions in ("LocatorAssertions", "PageAssertions"):
    count_calls(vars(playwright.sync_api)[_assertions], "to_", "not_to_")

if CHROMIUM is None:
    collect_ignore_glob = ["test_*.py"]

_SECONDS = 20


def pytest_report_header() -> str:
    return f"browser: {CHROMIUM or 'no Chromium was found, so the browser tests are left out'}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium; for a module, since Playwright keeps an event loop running meanwhile."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh profile: its own cookies and cache; ``new_page()`` opens a tab."""
    context = browser.new_context()
    context.set_default_timeout(_SECONDS * 1000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab."""
    return context.new_page()


@pytest.fixture
def faults(context: BrowserContext) -> Iterator[list[str]]:
    """What a browser complains of: scripts that fail, and what the policy of a page refuses."""
    watch = Watch(context)
    yield watch.errors
    assert watch.errors == []


@pytest.fixture
def example(tmp_path: Path) -> Iterator[str]:
    """The URL of the example application, freshly started with a database of its own."""
    command = [sys.executable, "-m", "treadle.web", "-H", "127.0.0.1", "-P", "0"]
    database = tmp_path / "example" / "notes.sqlite"
    own = ["treadle_example.app:init_func", "--database", str(database)]
    process = subprocess.Popen(
        [*command, *own], stdout=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": str(_examples()), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+?:\d+", line)
        assert found, f"the example printed {line!r}"
        yield found[0]
        process.terminate()
        process.communicate(timeout=_SECONDS)


def _examples() -> Path:
    return Path(__file__).resolve().parents[2] / "packages" / "treadle" / "examples"
