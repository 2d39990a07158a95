"""Forms that Chromium writes: ``post()`` and ``multipart()`` read the names of a page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from testkit import FORM_NAMES, form_server

SEND = """async ([way, names]) => {
  const form = new FormData();
  for (const name of names) {
    form.append(name, "value");
    form.append("up", new File([name], name));
    form.append("none", new File([], ""));
  }
  const answer = await fetch(way, {method: "POST", body: form});
  return await answer.json();
}"""


@pytest.fixture
def server() -> Iterator[str]:
    with form_server() as url:
        yield url


@pytest.mark.parametrize("way", ["post", "multipart"])
def test_names(page: Page, server: str, way: str) -> None:
    # A browser does not escape a percent sign: ``%22`` is a quote to every reader.
    names = [name for name in FORM_NAMES if "%22" not in name]
    page.goto(server)
    found = page.evaluate(SEND, [f"{server}/{way}", names])
    expected: list[list[str | None]] = []
    for name in names:
        data = name.encode().decode("latin-1")
        expected += [[name, None, "value"], ["up", name, data], ["none", None, ""]]
    assert found == expected
