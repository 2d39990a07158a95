"""Look at each page of the built documentation in Chromium, as a file: no server, no network.

Each page is opened in both themes, on a phone's screen and on a desk's. Told are errors of scripts
and of the console, what is loaded from elsewhere, pages that are wider than their window, and
axe-core's serious findings. The search is asked once. ``python tools/dev.py docs`` builds the site.

    hatch run look                              all pages
    hatch run look tutorial.html reference      these pages, or those of a folder
    hatch run look --pictures build/pictures    a picture of each page too
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page
from playwright.sync_api import TimeoutError as TooLate

from testkit.browser import CHROMIUM, PHONE, SCREEN, THEMES, Watch, chromium, findings

SITE = Path(__file__).resolve().parent.parent / "build" / "docs"

#: A word that the search must find, and the page that it must name.
SEARCHED = ("max_expansion", "defaults.html")


def pages(names: list[str]) -> list[Path]:
    """Return the pages with these names below the site, or all; a folder stands for its pages."""
    roots = [SITE / name for name in names] or [SITE]
    return sorted(
        page for root in roots for page in (root.rglob("*.html") if root.is_dir() else [root])
    )


def looked_at(browser: Browser, page: Path, pictures: Path | None) -> Iterator[str]:
    """Yield what is wrong with a page, a line each."""
    name = page.relative_to(SITE).as_posix()
    for theme in THEMES:
        for width, height in (PHONE, SCREEN):
            context = browser.new_context(
                color_scheme=theme, viewport={"width": width, "height": height}
            )
            watch = Watch(context)
            tab = context.new_page()
            tab.goto(page.as_uri())
            for finding in [*watch.errors, *findings(tab)]:
                yield f"{name} ({theme}, {width} pixels): {finding}"
            if elsewhere := watch.hosts - {""}:
                yield f"{name} loads from {', '.join(sorted(elsewhere))}"
            if pictures is not None:
                file = f"{name.removesuffix('.html').replace('/', '-')}-{theme}-{width}.png"
                tab.screenshot(path=pictures / file)
            context.close()


def searched(tab: Page) -> Iterator[str]:
    """Yield what is wrong with the search."""
    word, page = SEARCHED
    watch = Watch(tab.context)
    tab.goto(f"{(SITE / 'search.html').as_uri()}?q={word}")
    try:
        tab.locator(f"#search-results a[href*='{page}']").first.wait_for(timeout=10_000)
    except TooLate:
        yield f"the search for {word} does not name {page}"
    for error in watch.errors:
        yield f"the search for {word}: {error}"


def main(arguments: list[str]) -> int:
    """Look at the pages; return 0 if nothing is wrong with any."""
    parser = argparse.ArgumentParser(prog="look.py", description=__doc__.partition("\n")[0])
    parser.add_argument("pages", nargs="*", help="pages or folders below build/docs (all)")
    parser.add_argument("--pictures", type=Path, help="save a picture of each page there")
    options = parser.parse_args(arguments)
    if CHROMIUM is None:
        parser.error("no Chromium was found; install one")
    if not (SITE / "index.html").exists():
        parser.error("there is no site; build it with: python tools/dev.py docs")
    looked = pages(options.pages)
    if missing := [str(page.relative_to(SITE)) for page in looked if not page.exists()]:
        parser.error(f"the site has no {', '.join(missing)}")
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
    wrong = 0
    with chromium() as browser:
        for page in looked:
            for line in looked_at(browser, page, options.pictures):
                wrong += 1
                print(line, flush=True)
        for line in searched(browser.new_page()):
            wrong += 1
            print(line, flush=True)
    print(f"{len(looked)} pages, each in two themes and two widths: {wrong} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
