"""The pages of the example as text: values in, HTML out, every value escaped."""

from collections.abc import Iterable, Mapping
from html import escape

__all__ = ["greeting_page", "guestbook_page", "home_page", "not_found_page"]

_STYLE = """
:root { color-scheme: light dark;
  --ink: #1c2733; --paper: #fdfcf9; --line: #d9d3c5; --warp: #0f766e; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e6e1; --paper: #16191d; --line: #33383f; --warp: #5eead4; }
}
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.6 system-ui, sans-serif;
  color: var(--ink); background: var(--paper); }
header { border-bottom: 1px solid var(--line); }
header a { display: inline-block; padding: 1rem 1.25rem; font-weight: 700; letter-spacing: .04em; }
main { max-width: 42rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
a { color: var(--warp); text-underline-offset: .15em; }
h1 { line-height: 1.2; margin: .5rem 0 1rem; }
code { font-family: ui-monospace, monospace;
  background: color-mix(in srgb, var(--line) 45%, transparent);
  padding: .1em .35em; border-radius: .25rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .5rem 1.25rem; }
dt { font-weight: 600; } dd { margin: 0; }
form { display: grid; gap: .75rem; max-width: 26rem; margin: 1rem 0 2rem; }
label { display: grid; gap: .25rem; font-weight: 600; }
input, textarea, button { font: inherit; padding: .5rem .65rem; border: 1px solid var(--line);
  border-radius: .4rem; background: transparent; color: inherit; }
button { justify-self: start; background: var(--warp); color: var(--paper); border: 0;
  font-weight: 600; cursor: pointer; }
.error { color: #b91c1c; font-weight: 600; }
article { border-left: 3px solid var(--warp); padding: .1rem 0 .1rem 1rem; margin: 1rem 0; }
article p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
"""


def _page(title: str, body: str) -> str:
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)} · weft</title><link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style></head><body>"
        f'<header><a href="/">weft</a></header><main>{body}</main></body></html>'
    )


def home_page(links: Mapping[str, tuple[str, str]]) -> str:
    """Return the start page; ``links`` maps a title to a URL and what is to see there."""
    items = "".join(
        f'<dt><a href="{escape(url)}">{escape(title)}</a></dt><dd>{escape(text)}</dd>'
        for title, (url, text) in links.items()
    )
    return _page(
        "It works", f"<h1>It works</h1><p>What this server can show so far:</p><dl>{items}</dl>"
    )


def greeting_page(name: str) -> str:
    """Return a greeting for the name that was in the path."""
    return _page(
        f"Hello, {name}",
        f"<h1>Hello, {escape(name)}!</h1>"
        "<p>The name came out of the path: <code>/hello/{name}</code>. "
        "Change it in the address bar.</p>",
    )


def guestbook_page(
    entries: Iterable[tuple[str, str]], name: str = "", message: str = "", error: str = ""
) -> str:
    """Return the guest book with its form, which the other values refill after a refusal."""
    notice = f'<p class="error" role="alert">{escape(error)}</p>' if error else ""
    listed = "".join(
        f"<article><strong>{escape(who)}</strong><p>{escape(what)}</p></article>"
        for who, what in entries
    )
    return _page(
        "Guest book",
        f"<h1>Guest book</h1>{notice}"
        '<form method="post">'
        f'<label>Name<input name="name" value="{escape(name)}" autocomplete="name"></label>'
        f'<label>Message<textarea name="message" rows="3">{escape(message)}</textarea></label>'
        "<button>Sign</button></form>"
        f"<section>{listed or '<p>Nobody has signed yet.</p>'}</section>",
    )


def not_found_page(path: str) -> str:
    """Return the page for a path that leads nowhere."""
    return _page(
        "Not found",
        f"<h1>Not found</h1><p>There is nothing at <code>{escape(path)}</code>.</p>"
        '<p><a href="/">Back to the start</a></p>',
    )
