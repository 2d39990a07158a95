"""Files from a browser to the example, with and without the page's script."""

import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from testkit.browser import expect

CONTENTS = {
    "small.txt": b"line one\r\nline two\n",
    "smile \U0001f600 & <b>.txt": b"",
    "large.bin": bytes(range(256)) * 20_000,
}


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for name, content in CONTENTS.items():
        (tmp_path / name).write_bytes(content)
    return [str(tmp_path / name) for name in CONTENTS]


def check(page: Page) -> None:
    expect(page.locator("article")).to_have_count(len(CONTENTS))
    for article, (name, content) in zip(
        page.locator("article").all(), CONTENTS.items(), strict=True
    ):
        expect(article.locator("strong")).to_have_text(name)
        expect(article.locator("p")).to_contain_text(f"{len(content):,} bytes")
        expect(article.locator("code")).to_have_text(hashlib.sha256(content).hexdigest())


def test_an_upload_shows_how_far_it_is(page: Page, example: str, files: list[str]) -> None:
    page.goto(f"{example}/upload")
    # The values of the progress bar, recorded by the page itself.
    page.evaluate(
        """() => {
          window.seen = [];
          const bar = document.querySelector("progress");
          new MutationObserver(() => window.seen.push([bar.hidden, bar.value, bar.max]))
            .observe(bar, {attributes: true});
        }"""
    )
    page.get_by_label("Files").set_input_files(files)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("status")).to_have_text("Done.")
    check(page)
    expect(page.locator("progress")).to_be_hidden()
    seen = page.evaluate("window.seen")
    assert any(value == full > 5_000_000 for hidden, value, full in seen if not hidden)
    assert seen[-1][0]
    # The same page takes more.
    page.get_by_label("Files").set_input_files(files[:1])
    page.get_by_role("button", name="Send").click()
    expect(page.locator("article")).to_have_count(1)


def test_an_upload_without_scripts(browser: Browser, example: str, files: list[str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{example}/upload")
    page.get_by_label("Files").set_input_files(files)
    page.get_by_role("button", name="Send").click()
    check(page)
    context.close()
