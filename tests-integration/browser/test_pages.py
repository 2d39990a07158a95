"""The pages of the example, as a visitor sees them: on a telephone, dark and light."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from ._notes import sign_up, write

#: No page is wider than its window, whatever users write.
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LONG = "Donaudampfschifffahrtsgesellschaftskapitän" * 4


def test_the_start_page_leads_everywhere(page: Page, example: str, faults: list[str]) -> None:
    page.goto(example)
    expect(page.get_by_role("heading")).to_have_text("Notes")
    page.get_by_role("navigation").get_by_role("link", name="Tour").click()
    page.get_by_role("link", name="A path parameter").click()
    expect(page.locator("main")).to_contain_text("Hello, Ada Lovelace!")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_a_telephone(browser: Browser, example: str, scheme: str) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, color_scheme="dark" if scheme == "dark" else "light"
    )
    page = context.new_page()
    sign_up(page, example, LONG[:40])
    note = write(page, LONG, LONG + "\n" + LONG)
    page.get_by_label("Add files").set_input_files(
        {"name": f"{LONG[:100]}.txt", "mimeType": "text/plain", "buffer": b"x"}
    )
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#sent")).to_have_text("Done.")
    page.get_by_role("button", name="Share").click()
    public = page.locator("a.address").get_attribute("href")
    for path in (
        "/notes", note, public, "/notes/new", "/notes?q=" + LONG, "/admin/", "/chat", "/tour",
        f"/hello/{LONG}", f"/nowhere/{LONG}", "/login", "/signup",
    ):  # fmt: skip
        page.goto(f"{example}{path}" if str(path).startswith("/") else str(path))
        assert page.evaluate(OVERFLOW) == 0, path
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", paper)[:3])) / 3
    assert (brightness > 128) is (scheme == "light")
    context.close()


def test_what_users_write_is_text(page: Page, example: str, faults: list[str]) -> None:
    text = "<img src=x onerror=alert(1)>"
    sign_up(page, example, "Ada")
    note = write(page, text, text)
    for path in (note, "/notes", f"/notes?q={text}", "/admin/", f"/hello/{text}"):
        page.goto(f"{example}{path}")
        expect(page.locator("main")).to_contain_text("alert(1)")
        expect(page.locator("main script, main img")).to_have_count(0)
