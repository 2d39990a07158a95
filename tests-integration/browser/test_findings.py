"""What `testkit.browser` finds wrong with a page, and that it finds nothing in a good one."""

import pytest
from playwright.sync_api import Page

from testkit.browser import PHONE, Watch, findings

GOOD = (
    '<!doctype html><html lang="en"><title>A page</title>'
    "<main><h1>A page</h1><form><label>Name <input></label><button>Send</button></form></main>"
)


def test_a_good_page(page: Page) -> None:
    watch = Watch(page.context)
    page.set_content(GOOD)
    assert findings(page) == []
    assert watch.errors == []


@pytest.mark.parametrize(
    ("added", "found"),
    [
        ("<input>", "label"),
        ('<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">', "image-alt"),
        ('<p style="color: #999; background: #aaa">Hardly seen</p>', "color-contrast"),
        ('<p style="width: 2000px">Wide</p>', "it is "),
    ],
)
def test_a_page_with_a_fault(page: Page, added: str, found: str) -> None:
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.set_content(GOOD.replace("</main>", added + "</main>"))
    (line,) = findings(page)
    assert line.startswith(found)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("throw new Error('broken')", "a script failed: "),
        ("console.error('broken')", "the console says: "),
    ],
)
def test_errors_of_scripts(page: Page, script: str, said: str) -> None:
    watch = Watch(page.context)
    page.set_content(f"{GOOD}<script>{script}</script>")
    (line,) = watch.errors
    assert line.startswith(said)
    assert "broken" in line


def test_hosts(page: Page, example: str) -> None:
    watch = Watch(page.context)
    page.goto(example)
    assert watch.hosts == {example.removeprefix("http://")}
