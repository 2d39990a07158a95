"""The pages of the example, as a visitor sees them: on a telephone, dark and light."""

import re

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from testkit.browser import PHONE, SCREEN, THEMES, Theme, Watch, findings

from ._notes import sign_up, write

#: No page is wider than its window, whatever users write.
LONG = "Donaudampfschifffahrtsgesellschaftskapitän" * 4


def test_the_start_page_leads_everywhere(page: Page, example: str, faults: list[str]) -> None:
    page.goto(example)
    expect(page.get_by_role("heading")).to_have_text("Notes")
    page.get_by_role("navigation").get_by_role("link", name="Tour").click()
    page.get_by_role("link", name="A path parameter").click()
    expect(page.locator("main")).to_contain_text("Hello, Ada Lovelace!")


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", [PHONE, SCREEN], ids=["phone", "screen"])
def test_every_page_is_for_everybody(
    browser: Browser, example: str, size: tuple[int, int], theme: Theme
) -> None:
    viewport: ViewportSize = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, color_scheme=theme)
    watch = Watch(context)
    page = context.new_page()
    sign_up(page, example, LONG[:40])
    note = write(page, LONG, LONG + "\n" + LONG)
    page.get_by_label("Add files").set_input_files(
        {"name": f"{LONG[:100]}.txt", "mimeType": "text/plain", "buffer": b"x"}
    )
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#sent")).to_have_text("Done.")
    page.get_by_role("button", name="Share").click()
    public = str(page.locator("a.address").get_attribute("href"))
    for path in (
        "/notes", note, public, "/notes/new", "/notes?q=" + LONG, "/admin/", "/chat", "/tour",
        "/events", f"/hello/{LONG}", f"/nowhere/{LONG}", "/login", "/signup",
    ):  # fmt: skip
        page.goto(f"{example}{path}" if path.startswith("/") else path)
        assert findings(page) == [], path
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", paper)[:3])) / 3
    assert (brightness > 128) is (theme == "light")
    # The page of a 404 is one, for the console.
    assert [error for error in watch.errors if "/nowhere/" not in error] == []
    assert watch.hosts == {example.removeprefix("http://")}
    context.close()


def test_what_users_write_is_text(page: Page, example: str, faults: list[str]) -> None:
    text = "<img src=x onerror=alert(1)>"
    sign_up(page, example, "Ada")
    note = write(page, text, text)
    for path in (note, "/notes", f"/notes?q={text}", "/admin/", f"/hello/{text}"):
        page.goto(f"{example}{path}")
        expect(page.locator("main")).to_contain_text("alert(1)")
        expect(page.locator("main script, main img")).to_have_count(0)
