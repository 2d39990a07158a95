"""The pages of the documentation as text: their kinds, their links, and what a site adds to them.

A page is Markdown that reads well on GitHub: links are relative paths of files. ``expanded`` makes
of it what Sphinx builds: links to files that are no pages lead to the repository on the web, a line
that is marked ``include`` becomes the file that it links, one that is marked ``names`` or ``own``
the reference of a module, and ``index.md`` gets a hidden ``toctree`` for each of its lists. Nothing
here imports Sphinx, so that tests read the pages in milliseconds. ``PageError`` says what is wrong
with a page.
"""

import os
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).resolve().parent.parent
ROOT = DOCS.parent.parent.parent
INDEX = DOCS / "index.md"

#: The kinds of pages, as in https://diataxis.fr. A page has its kind in italics under its title.
KINDS = ("Tutorial", "How-to", "Reference", "Explanation")

#: Languages of code that Pygments does not know.
PLAIN_LANGUAGES = ("haproxy",)

_CODE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^(?P=fence)[ ]*$"
    r"|(?<!`)(?P<span>`+)(?!`)(?:(?!\n\n).)+?(?<!`)(?P=span)(?!`)",
    re.DOTALL | re.MULTILINE,
)
_FENCE = re.compile(r"^(`{3,}|~{3,})[^\n]*\n.*?^\1[ ]*$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\((?P<target>[^()\s]+)\)")
_HEADING = re.compile(r"^(#+) +(.+?) *#*$", re.MULTILINE)
_MARKED = re.compile(
    r"^\[[^\]]*\]\((?P<target>[^)]+)\) <!-- (?P<do>[a-z]+)(?:: (?P<what>\S+))? -->$"
)
_LISTED = re.compile(r"^- \[(?P<title>[^\]]+)\]\((?P<page>[^)]+\.md)\)", re.MULTILINE)


class PageError(ValueError):
    """A page that readers of the site or of GitHub would stumble over."""


class Section(NamedTuple):
    """A list of pages in ``index.md``: its heading, and the pages in their order."""

    caption: str
    pages: list[Path]


@cache
def web_address() -> str:
    """Return the address of the repository on the web, as ``pyproject.toml`` has it."""
    project = tomllib.loads((DOCS.parent / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["urls"]["Homepage"])


def pages() -> list[Path]:
    """Return the paths of all pages but ``index.md``, sorted."""
    found = (path for path in DOCS.rglob("*.md") if path != INDEX)
    return sorted(path for path in found if not path.is_relative_to(DOCS / "_ext"))


def kind(text: str) -> str:
    """Return the kind of a page; raise ``PageError`` if its third line does not name one."""
    lines = text.split("\n", 3)
    named = lines[2].strip("*") if len(lines) > 2 else ""
    if not text.startswith("# ") or named not in KINDS or lines[2] != f"*{named}*":
        options = ", ".join(f"*{name}*" for name in KINDS)
        raise PageError(
            f"The third line is {lines[2:3]}. A page starts with `# Title`, an empty line, and its"
            f" kind: {options}."
        )
    return named


def title(text: str) -> str:
    """Return the first heading of a page."""
    return text.split("\n", 1)[0].removeprefix("# ")


def first_sentence(text: str) -> str:
    """Return the first sentence of a page, on one line and without links."""
    for paragraph in _FENCE.sub("", text).split("\n\n")[1:]:
        paragraph = paragraph.strip("\n")
        if not paragraph or paragraph.startswith(("#", "    ", "|", "<!--", "- ")):
            continue
        if paragraph.strip("*") in KINDS:
            continue
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
        sentence = re.split(r"(?<=[.!?])\s", plain, maxsplit=1)[0].rstrip(":")
        return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."
    raise PageError(f"The page {title(text)!r} has no sentence.")


def without_code(text: str) -> str:
    """Return ``text`` with blanks in the place of code, so that all offsets stay."""
    return _CODE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def links(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the start, the end and the text of each link target outside of code."""
    for found in _LINK.finditer(without_code(text)):
        yield (*found.span("target"), found["target"])


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings of a page, as GitHub and MyST make them."""
    seen: set[str] = set()
    # A fence may hold a line like a heading, while a heading may hold code.
    for found in _HEADING.finditer(_FENCE.sub("", text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", found[2])
        slug = base = re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-")
        number = 0
        while slug in seen:
            number += 1
            slug = f"{base}-{number}"
        seen.add(slug)
    return seen


@cache
def included() -> dict[Path, Path]:
    """Return the files that are a page of the site, each with the page that includes it."""
    found = {}
    for page in pages():
        for line in page.read_text("utf-8").splitlines():
            marked = _MARKED.match(line)
            if marked and marked["do"] == "include":
                found[(page.parent / marked["target"]).resolve()] = page
    return found


def resolved(target: str, source: Path, page: Path) -> str:
    """Return the link ``target`` of the file ``source`` as ``page`` of the site needs it.

    Raise ``PageError`` if it leads to a file or to a heading that does not exist.
    """
    name, _, anchor = target.partition("#")
    if re.match(r"[a-z][a-z0-9+.-]*:", name):
        return target
    path = (source.parent / name).resolve() if name else source
    if not path.exists() or not path.is_relative_to(ROOT):
        raise PageError(f"{source.relative_to(ROOT)} links to {target!r}, which does not exist.")
    if anchor and path.suffix == ".md" and anchor not in anchors(path.read_text("utf-8")):
        raise PageError(
            f"{source.relative_to(ROOT)} links to {target!r}: that page has no such heading."
        )
    suffix = f"#{anchor}" if anchor else ""
    path = included().get(path, path)
    if path == page and suffix:
        return suffix
    if path == INDEX or (path.suffix == ".md" and path in pages()):
        return os.path.relpath(path, page.parent).replace(os.sep, "/") + suffix
    folder = "tree" if path.is_dir() else "blob"
    return f"{web_address()}/{folder}/main/{path.relative_to(ROOT).as_posix()}{suffix}"


def relinked(text: str, source: Path, page: Path) -> str:
    """Return ``text`` of the file ``source`` with the links that ``page`` of the site needs."""
    parts, at = [], 0
    for start, end, target in links(text):
        parts += [text[at:start], resolved(target, source, page)]
        at = end
    return "".join(parts) + text[at:]


def _highlighted(text: str) -> str:
    """Return ``text`` with the languages of its code as Pygments knows them.

    ``python notest`` is a word to ``tools/readme.py``.
    """
    text = re.sub(r"^```python notest$", "```python", text, flags=re.MULTILINE)
    names = "|".join(PLAIN_LANGUAGES)
    return re.sub(rf"^```({names})$", "```text", text, flags=re.MULTILINE)


def sections() -> list[Section]:
    """Return the lists of ``index.md``."""
    found = []
    for part in re.split(r"^## ", INDEX.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        caption, _, text = part.partition("\n")
        listed = [(DOCS / entry["page"]).resolve() for entry in _LISTED.finditer(text)]
        found.append(Section(caption.strip(), listed))
    return found


def check_lists() -> None:
    """Raise ``PageError`` if a page is in no list of ``index.md`` or in two; Sphinx warns too."""
    listed = [page for section in sections() for page in section.pages]
    for page in pages():
        if listed.count(page) != 1:
            name = page.relative_to(DOCS).as_posix()
            raise PageError(
                f"{name} is {listed.count(page)} times in the lists of index.md. List it once."
            )


def _toctrees() -> str:
    """Return the hidden ``toctree`` of each list of ``index.md``."""
    trees = []
    for caption, listed in sections():
        names = "\n".join(page.relative_to(DOCS).with_suffix("").as_posix() for page in listed)
        trees.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{names}\n```\n")
    return "\n" + "\n".join(trees)


def expanded(page: Path, reference: Callable[[str], str]) -> str:
    """Return ``page`` as the site has it; ``reference`` writes the names of a module."""
    out = []
    text = page.read_text("utf-8")
    for line in text.splitlines(keepends=True):
        marked = _MARKED.match(line.rstrip("\n"))
        if marked is None:
            out.append(line)
            continue
        source = (page.parent / marked["target"]).resolve()
        if not source.is_file():
            raise PageError(f"{page.relative_to(ROOT)} includes {source}, which does not exist.")
        if marked["do"] == "include":
            # The page has a title and a kind of its own.
            body = source.read_text("utf-8").split("\n", 1)[1]
            out.append(relinked(body, source, page))
        elif marked["do"] in ("names", "own") and marked["what"]:
            out.append(reference(marked["what"]))
        else:
            raise PageError(f"{page.relative_to(ROOT)} has an unknown mark: {line!r}.")
    # Links of what was included are those of the page by now.
    text = _highlighted(relinked("".join(out), page, page))
    return text + _toctrees() if page == INDEX else text
