"""Two tabs of the example's chat talk to each other."""

from playwright.sync_api import BrowserContext, Page

from testkit.browser import expect


def _enter(context: BrowserContext, url: str, name: str) -> Page:
    tab = context.new_page()
    tab.goto(url)
    tab.get_by_label("Name").fill(name)
    return tab


def _say(tab: Page, text: str) -> None:
    tab.get_by_label("Message").fill(text)
    tab.get_by_role("button", name="Say").click()


def test_two_tabs_talk(context: BrowserContext, example: str) -> None:
    ada = _enter(context, f"{example}/chat", "Ada")
    expect(ada.get_by_role("status")).to_have_text("You are alone here.")
    charles = _enter(context, f"{example}/chat", "Charles")
    for tab in (ada, charles):
        expect(tab.get_by_role("status")).to_have_text("2 are here.")
    _say(ada, "Hello, <i>Charles</i>!")
    expect(charles.locator("article strong")).to_have_text("Ada")
    expect(charles.locator("article p")).to_have_text("Hello, <i>Charles</i>!")
    expect(charles.locator("article i")).to_have_count(0)
    _say(charles, "Hello, Ada!")
    # The newest comes first, for both.
    for tab in (ada, charles):
        expect(tab.locator("article p")).to_have_text(["Hello, Ada!", "Hello, <i>Charles</i>!"])
    charles.close()
    expect(ada.get_by_role("status")).to_have_text("You are alone here.")
    # A tab that joins later gets the earlier messages.
    third = _enter(context, f"{example}/chat", "Grace")
    expect(third.locator("article")).to_have_count(2)
