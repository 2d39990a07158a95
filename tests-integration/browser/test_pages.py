"""The pages of the example, as a visitor sees them."""

from playwright.sync_api import Page

from testkit.browser import expect


def test_the_start_page_leads_everywhere(page: Page, example: str) -> None:
    page.goto(example)
    expect(page.get_by_role("heading")).to_have_text("It works")
    page.get_by_role("link", name="A path parameter").click()
    expect(page.locator("main")).to_contain_text("Hello, Ada Lovelace!")


def test_a_form_is_signed_once(page: Page, example: str) -> None:
    page.goto(f"{example}/guestbook")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Message").fill("first & <b>best</b>")
    page.get_by_role("button").click()
    expect(page.locator("article")).to_have_count(1)
    page.reload()
    expect(page.locator("article p")).to_have_text("first & <b>best</b>")
