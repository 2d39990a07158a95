"""The page that lists a directory: plain, escaped HTML without scripts."""

import html
import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

__all__ = ["listing_page"]

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color-scheme:light dark}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.2rem .8rem .2rem 0}td+td,th+th{white-space:nowrap}"
    "td:nth-child(2),th:nth-child(2){text-align:right}"
)


def listing_page(
    directory: str, title: str, *, parent: bool, can_fetch: Callable[[str], os.stat_result | None]
) -> str:
    """Return the page for ``directory``, titled ``title``; blocks, and raises ``OSError``.

    Links are relative, so the URL of the page must end with a slash. ``parent`` adds a link to the
    directory above. A name is listed if a request for it would succeed: ``can_fetch`` returns the
    facts about its file or directory then, and None otherwise.
    """
    entries = []
    with os.scandir(directory) as found:
        for entry in found:
            status = can_fetch(entry.name)
            if status is not None:
                entries.append((not stat.S_ISDIR(status.st_mode), entry.name, status))
    entries.sort(key=lambda item: item[:2])
    rows = ['<tr><td><a href="../">../</a></td><td></td><td></td></tr>'] if parent else []
    rows += [_row(name, status, is_file=is_file) for is_file, name, status in entries]
    name = html.escape(_text(title))
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Index of {name}</title><style>{_STYLE}</style></head><body>"
        f"<h1>Index of {name}</h1><table><thead><tr><th>Name</th><th>Size</th>"
        f"<th>Changed (UTC)</th></tr></thead><tbody>{''.join(rows)}</tbody></table></body></html>"
    )


def _row(name: str, status: os.stat_result, *, is_file: bool) -> str:
    slash = "" if is_file else "/"
    # ``./``, because a browser would read a name with a colon as a scheme.
    link = html.escape(f"./{quote(os.fsencode(name))}{slash}")
    return (
        f'<tr><td><a href="{link}">{html.escape(_text(name))}{slash}</a></td>'
        f"<td>{_size(status.st_size) if is_file else ''}</td>"
        f"<td>{_moment(status.st_mtime)}</td></tr>"
    )


def _moment(seconds: float) -> str:
    try:
        return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError, OSError):
        # Not a moment of the years 1 to 9999; a file may have any.
        return ""


def _text(name: str) -> str:
    """Return the name of a file as text; invalid UTF-8 becomes replacement characters."""
    return os.fsencode(name).decode("utf-8", "replace")


def _size(size: float) -> str:
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} {_UNITS[-1]}"
