"""What a person does first with the example."""

from playwright.sync_api import Page, expect

__all__ = ["PASSWORD", "sign_up", "write"]

PASSWORD = "correct horse"


def sign_up(page: Page, example: str, name: str) -> None:
    """Make an account, which leads to an empty list of notes."""
    page.goto(f"{example}/signup")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your notes")


def write(page: Page, title: str, text: str = "") -> str:
    """Write a note, and return the path of its page, where the browser is."""
    page.get_by_role("link", name="New note").click()
    page.get_by_label("Title").fill(title)
    page.get_by_label("Text").fill(text)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    return str(page.evaluate("location.pathname"))
