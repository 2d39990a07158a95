"""``llms.txt`` and ``llms-full.txt``: the documentation for readers that are programs.

The first is an index in the form of https://llmstxt.org: a title, a summary, and the lists of
``index.md`` with the first sentence of each page. The second is all pages in one text.
"""

from pathlib import Path

from docpages import DOCS, INDEX, Section, first_sentence, title


def index(sections: list[Section], texts: dict[Path, str]) -> str:
    """Return ``llms.txt``; its links are relative to it, and lead to Markdown."""
    text = INDEX.read_text("utf-8")
    summary = " ".join(text.split("\n\n")[1].split()).replace("**", "")
    out = [f"# {title(text)}\n\n> {summary}\n"]
    for section in sections:
        out.append(f"\n## {section.caption}\n\n")
        for page in section.pages:
            source = page.read_text("utf-8")
            address = page.relative_to(DOCS).as_posix()
            out.append(f"- [{title(source)}]({address}): {first_sentence(texts[page])}\n")
    return "".join(out)


def full(sections: list[Section], texts: dict[Path, str]) -> str:
    """Return ``llms-full.txt``: the ``texts`` of the pages in the order of the index."""
    pages = [page for section in sections for page in section.pages]
    parts = [f"<!-- {page.relative_to(DOCS).as_posix()} -->\n\n{texts[page]}" for page in pages]
    return "\n\n".join(part.strip() for part in parts) + "\n"
