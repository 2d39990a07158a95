"""Notes in several windows, without scripts, and with nothing but a keyboard."""

import re

from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from ._notes import PASSWORD, sign_up, write


def test_a_second_window_follows(context: BrowserContext, example: str, faults: list[str]) -> None:
    one, two = context.new_page(), context.new_page()
    sign_up(one, example, "Ada")
    two.goto(f"{example}/notes")
    expect(two.locator("body")).to_have_attribute("data-live", "yes")
    expect(two.get_by_role("status")).to_be_empty()
    note = write(one, "Milk", "bread")
    expect(two.get_by_role("link", name="Milk")).to_be_visible()
    expect(two.get_by_role("status")).to_have_text("The list has changed in another window.")
    # The keyboard's place is kept when the list is loaded again.
    two.get_by_role("link", name="Milk").focus()
    one.get_by_label("Text").fill("butter")
    one.get_by_role("button", name="Save").click()
    expect(two.locator("article")).to_contain_text("butter")
    expect(two.get_by_role("link", name="Milk")).to_be_focused()
    # Both windows have the note.
    two.goto(f"{example}{note}")
    state = one.locator("#state")
    expect(state).to_have_text("This note is open in 1 other window.")
    two.get_by_label("Text").press_sequentially("fresh ")
    expect(one.get_by_label("Text")).to_have_value("fresh butter")
    expect(state).to_have_text("Another window is typing. It is not saved yet.")
    two.get_by_role("button", name="Save").click()
    expect(one.locator("#edit [name=version]")).to_have_value("3")
    # So it can save, too.
    one.get_by_label("Title").fill("Oat milk")
    one.get_by_role("button", name="Save").click()
    expect(one.get_by_text("Saved.", exact=True)).to_be_visible()
    expect(two.get_by_label("Title")).to_have_value("Oat milk")
    two.close()
    expect(one.locator("#state")).to_have_text("")


def test_everything_without_scripts(browser: Browser, example: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_up(page, example, "Ada")
    note = write(page, "Milk", "bread")
    expect(page.get_by_text("Saved.")).to_be_visible()
    # Another window saves first.
    other = context.new_page()
    other.goto(f"{example}{note}")
    other.get_by_label("Text").fill("butter")
    other.get_by_role("button", name="Save").click()
    page.get_by_label("Text").fill("cheese")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("changed in another window")
    expect(page.get_by_role("article")).to_contain_text("butter")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Text")).to_have_value("cheese")
    # Files, and the public page.
    page.get_by_label("Add files").set_input_files(
        {"name": "list.txt", "mimeType": "text/plain", "buffer": b"eggs"}
    )
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("link", name="list.txt")).to_be_visible()
    page.get_by_role("button", name="Share with a link").click()
    other.goto(example + str(page.locator("a.address").get_attribute("href")))
    expect(other.locator("main")).to_contain_text("cheese")
    with other.expect_download() as download:
        other.get_by_role("link", name="list.txt").click()
    assert download.value.suggested_filename == "list.txt"
    page.get_by_role("button", name="Stop sharing").click()
    other.reload()
    expect(other.get_by_role("heading")).to_have_text("Not Found")
    page.get_by_role("button", name="Delete list.txt").click()
    expect(page.get_by_role("link", name="list.txt")).to_have_count(0)
    # The search, the chat, the admin.
    page.get_by_role("link", name="All notes").click()
    page.get_by_label("Search").fill("nothing")
    page.get_by_role("button", name="Search").click()
    expect(page.locator("main")).to_contain_text("No note has")
    page.get_by_role("link", name="Show all notes").click()
    page.get_by_role("link", name="Chat").click()
    page.get_by_label("Message").fill("Hello")
    page.get_by_role("button", name="Say").click()
    expect(page.locator("article")).to_contain_text("Hello")
    page.get_by_role("link", name="Admin").click()
    expect(page.get_by_role("row", name="Ada")).to_have_count(2)
    # The end.
    page.goto(f"{example}{note}")
    page.get_by_text("Delete this note").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.locator("main")).to_contain_text("You have no notes yet.")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("link", name="Log in").first.click()
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your notes")
    context.close()


def test_a_form_is_not_lost_with_its_session(context: BrowserContext, example: str) -> None:
    page = context.new_page()
    sign_up(page, example, "Ada")
    page.get_by_role("link", name="New note").click()
    page.get_by_label("Title").fill("Milk")
    context.clear_cookies()
    page.get_by_role("button", name="Save").click()
    with context.expect_page() as opened:
        page.get_by_role("link", name="log in in another window").click()
    login = opened.value
    login.get_by_label("Name").fill("Ada")
    login.get_by_label("Password").fill(PASSWORD)
    login.get_by_role("main").get_by_role("button", name="Log in").click()
    expect(login.get_by_role("heading", level=1)).to_have_text("Your notes")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Milk")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the element of this name has the focus, and see that it shows."""
    # The target of the fragment that the address still has gets the focus when a page has loaded.
    page.wait_for_load_state()
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and name in (focused.get_attribute("aria-label") or _name(focused)):
            box = focused.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            style = focused.evaluate("e => getComputedStyle(e).outlineStyle")
            assert style != "none", name
            return
    raise AssertionError(f"Tab leads to nothing that is called {name!r}")


def _name(focused: Locator) -> str:
    script = "e => e.labels?.length ? e.labels[0].textContent : e.textContent"
    return str(focused.evaluate(script))


def test_with_nothing_but_a_keyboard(page: Page, example: str, faults: list[str]) -> None:
    page.goto(f"{example}/signup")
    tab_to(page, "Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    tab_to(page, "Name")
    page.keyboard.type("Ada")
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your notes")
    tab_to(page, "New note")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("New note")
    tab_to(page, "Title")
    page.keyboard.type("Milk")
    tab_to(page, "Text")
    page.keyboard.type("bread\nbutter")
    tab_to(page, "Save")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Milk")
    expect(page.get_by_label("Text")).to_have_value("bread\nbutter")
    tab_to(page, "Share with a link")
    page.keyboard.press("Space")
    expect(page.locator("a.address")).to_have_attribute("href", re.compile("/shared/"))
    tab_to(page, "Delete this note")
    page.keyboard.press("Enter")
    tab_to(page, "Delete for good")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("You have no notes yet.")
    tab_to(page, "Log out")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Notes")
