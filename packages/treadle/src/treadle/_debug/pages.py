"""A report, or a list of near routes, as HTML, JSON or text.

HTML is one file without links to others: no network, light and dark, readable without a script;
the script only copies. Everything that is shown is escaped.
"""

import dataclasses
import html
import json
from collections.abc import Sequence
from typing import Final

from .report import Failure, Frame, Report

__all__ = [
    "NOTICE", "as_html", "as_json", "as_text", "missing_html", "missing_json", "missing_text",
    "problem_html",
]  # fmt: skip

#: Rows of two cells: a name and a value, a route and its handler.
Rows = Sequence[tuple[str, str]]

#: What every page ends with.
NOTICE: Final = "This page is served by `treadle dev`. In production clients see none of it."

_STYLE: Final = """
:root{color-scheme:light dark;background:Canvas;color:CanvasText}
:root{--line:#8884;--mark:#f4c43055;--soft:#8881}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:1.5rem;max-width:70rem}
h1{font-size:1.5rem;margin:0 0 .25rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2rem 0 .5rem}
p.message{font-size:1.15rem;margin:0;white-space:pre-wrap;overflow-wrap:anywhere}
details{border:1px solid var(--line);border-radius:.4rem;margin:.4rem 0}
summary{padding:.4rem .7rem;cursor:pointer;overflow-wrap:anywhere}
summary small{opacity:.75}
pre{margin:0;padding:.5rem 0;overflow:auto;background:var(--soft)}
pre,table{font:14px/1.45 ui-monospace,monospace}
pre span{display:block;padding:0 .7rem;white-space:pre}pre .now{background:var(--mark)}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.2rem .7rem;border-top:1px solid var(--line)}
th{font-weight:600;white-space:nowrap}td{overflow-wrap:anywhere;width:100%}
button{font:inherit;padding:.3rem .9rem;border-radius:.4rem;border:1px solid var(--line)}
footer{margin-top:2rem;opacity:.8}
"""

_COPY: Final = """
document.getElementById('copy').addEventListener('click', async (event) => {
  const text = document.getElementById('text').textContent;
  await navigator.clipboard.writeText(text);
  event.target.textContent = 'Copied';
});
"""


def _page(title: str, body: str, script: str = "") -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n<main>\n{body}\n</main>\n"
        f"<footer>{_code(NOTICE)}</footer>\n"
        + (f"<script>{script}</script>\n" if script else "")
        + "</html>\n"
    )


def _code(text: str) -> str:
    """Escape ``text``; what is in backticks is code."""
    parts = html.escape(text).split("`")
    return "".join(
        f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts)
    )


def _table(rows: Rows) -> str:
    lines = (
        f'<tr><th scope="row">{html.escape(name)}</th><td>{html.escape(value)}</td></tr>'
        for name, value in rows
    )
    return "<table>" + "".join(lines) + "</table>"


# An exception.


def as_html(report: Report) -> str:
    """Return the page of a report."""
    first = report.failures[0]
    body = [
        f"<h1>{html.escape(first.kind)}</h1>",
        f'<p class="message">{html.escape(first.message)}</p>',
        '<p><button id="copy" type="button">Copy as text</button></p>',
    ]
    for number, failure in enumerate(report.failures):
        if number:
            link = report.failures[number - 1].link or ""
            body.append(f"<h2>{html.escape(link)}</h2>")
            body.append(f"<p><strong>{html.escape(failure.kind)}</strong> "
                        f"{html.escape(failure.message)}</p>")  # fmt: skip
        body.extend(f"<p>{html.escape(note)}</p>" for note in failure.notes)
        body.append(_frames(failure))
    body.append("<h2>Request</h2>" + _table((*report.request, *report.route)))
    body.append("<h2>Fields</h2>" + _table(report.headers))
    body.append(f"<p>{html.escape(report.versions)}</p>")
    body.append(f'<pre id="text" hidden>{html.escape(as_text(report))}</pre>')
    return _page(f"{first.kind}: {first.message[:80]}", "\n".join(body), _COPY)


def _frames(failure: Failure) -> str:
    """The user's last frame is open; those of others can be opened."""
    own = [number for number, frame in enumerate(failure.frames) if frame.own]
    last = own[-1] if own else len(failure.frames) - 1
    return "\n".join(
        _frame(frame, is_open=number == last) for number, frame in enumerate(failure.frames)
    )


def _frame(frame: Frame, *, is_open: bool) -> str:
    place = f"{frame.file}, line {frame.line}"
    source = "".join(
        f"<span{' class=now' if line.number == frame.line else ''}>"
        f"{line.number:>5}  {html.escape(line.text)}</span>"
        for line in frame.source
    )
    # Long lines scroll: the keyboard must reach them.
    shown = f'<pre tabindex="0">{source}</pre>' if source else ""
    variables = _table(frame.variables) if frame.variables else ""
    whose = "" if frame.own else " <small>(not yours)</small>"
    summary = f"<strong>{html.escape(frame.function)}</strong> <small>{html.escape(place)}</small>"
    return (
        f"<details{' open' if is_open else ''}><summary>{summary}{whose}</summary>"
        f"{shown}{variables}</details>"
    )


def as_text(report: Report) -> str:
    """Return the report as text, in the form of a traceback of Python."""
    lines: list[str] = []
    for failure in reversed(report.failures):
        if lines:
            lines.append("")
        lines.append("Traceback (most recent call last):")
        for frame in failure.frames:
            lines.append(f'  File "{frame.file}", line {frame.line}, in {frame.function}')
            now = next((line.text for line in frame.source if line.number == frame.line), "")
            lines.append(f"    {now.strip()}")
            lines.extend(f"      {name} = {value}" for name, value in frame.variables)
        lines.append(f"{failure.kind}: {failure.message}")
        lines.extend(failure.notes)
    lines.append("")
    lines.extend(f"{name}: {value}" for name, value in (*report.request, *report.route))
    lines.append(report.versions)
    return "\n".join(lines) + "\n"


def as_json(report: Report) -> str:
    """Return the report as JSON, with the names of its values."""
    return json.dumps({**dataclasses.asdict(report), "notice": NOTICE}, indent=2)


# An application that does not start.


def problem_html(text: str) -> str:
    """Return the page with what is wrong with an application that does not start."""
    title = "The application does not start"
    return _page(title, f'<h1>{title}</h1>\n<pre tabindex="0">{html.escape(text)}</pre>')


# A path that nothing answers.


def missing_html(what: str, near: Rows, routes: Rows) -> str:
    """Return the page of a 404: the routes that are near, and all of them."""
    body = [f"<h1>404: {html.escape(what)}</h1>", "<p>No route answers this path.</p>"]
    if near:
        body.append("<h2>Did you mean</h2>" + _table(near))
    body.append(f"<h2>All routes ({len(routes)})</h2>" + _table(routes))
    return _page(f"404: {what}", "\n".join(body))


def missing_text(what: str, near: Rows, routes: Rows) -> str:
    """Return the same as text."""
    lines = [f"404: {what}", "", "No route answers this path."]
    if near:
        lines += ["", "Did you mean:", *(f"  {name}  {value}" for name, value in near)]
    lines += ["", f"All routes ({len(routes)}):", *(f"  {name}  {value}" for name, value in routes)]
    return "\n".join([*lines, "", NOTICE, ""])


def missing_json(what: str, near: Rows, routes: Rows) -> str:
    """Return the same as JSON."""
    return json.dumps(
        {"status": 404, "request": what, "near": near, "routes": routes, "notice": NOTICE}, indent=2
    )
