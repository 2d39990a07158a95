"""Files from a browser to a note of the example, with and without the page's script."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ._notes import sign_up, write

CONTENTS = {
    "small.txt": b"line one\r\nline two\n",
    "smile \U0001f600 & more.txt": b"",
    "large.bin": bytes(range(256)) * 20_000,
}


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for name, content in CONTENTS.items():
        (tmp_path / name).write_bytes(content)
    return [str(tmp_path / name) for name in CONTENTS]


def check(page: Page) -> None:
    expect(page.locator(".files li a")).to_have_text(list(CONTENTS))
    for name, content in CONTENTS.items():
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        assert download.value.suggested_filename == name
        assert download.value.path().read_bytes() == content


def test_an_upload_shows_how_far_it_is(
    page: Page, example: str, files: list[str], faults: list[str]
) -> None:
    sign_up(page, example, "Ada")
    write(page, "Milk")
    # The values of the progress bar, recorded by the page itself.
    page.evaluate(
        """() => {
          window.seen = [];
          const bar = document.querySelector("progress");
          new MutationObserver(() => window.seen.push([bar.hidden, bar.value, bar.max]))
            .observe(bar, {attributes: true});
        }"""
    )
    page.get_by_label("Add files").set_input_files(files)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#sent")).to_have_text("Done.")
    expect(page.locator("progress")).to_be_hidden()
    seen = page.evaluate("window.seen")
    assert any(value == full > 5_000_000 for hidden, value, full in seen if not hidden)
    assert seen[-1][0]
    check(page)
    # The same page takes more.
    page.get_by_label("Add files").set_input_files(files[:1])
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".files li")).to_have_count(4)


def test_an_upload_without_scripts(browser: Browser, example: str, files: list[str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_up(page, example, "Ada")
    write(page, "Milk")
    page.get_by_label("Add files").set_input_files(files)
    page.get_by_role("button", name="Send").click()
    check(page)
    context.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_too_large_a_file_is_refused_in_words(
    browser: Browser, example: str, tmp_path: Path, scripts: bool
) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(11 * 2**20))
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    sign_up(page, example, "Ada")
    write(page, "Milk")
    page.get_by_label("Add files").set_input_files(large)
    page.get_by_role("button", name="Send").click()
    if scripts:
        expect(page.locator("#sent")).to_have_text(
            "large.bin is too large: a file has up to 10 MiB."
        )
    else:
        expect(page.locator("main")).to_contain_text("a file has up to 10 MiB")
    context.close()


def test_html_of_a_stranger_is_saved_and_not_run(page: Page, example: str) -> None:
    sign_up(page, example, "Ada")
    write(page, "Milk")
    html = b"<!DOCTYPE html><script>document.title = 'run'</script>"
    page.get_by_label("Add files").set_input_files(
        {"name": "page.html", "mimeType": "text/html", "buffer": html}
    )
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#sent")).to_have_text("Done.")
    with page.expect_download() as download:
        page.get_by_role("link", name="page.html").click()
    assert download.value.suggested_filename == "page.html"
    expect(page).to_have_title("Milk · treadle")
