"""The pages of the documentation: kinds, lists, links and names; no site is built."""

import re
from pathlib import Path

import pytest

import docllms
import docpages
from docnames import (
    Name,
    description,
    documented,
    grouped,
    names,
    packages,
    placed,
    public_modules,
    reference,
)
from docpages import INDEX, ROOT, PageError, Section

PAGES = docpages.pages()

#: Those that are more than a file which they include, or the names of modules.
WRITTEN = [
    page for page in PAGES if not re.search("<!-- (include|names|own)", page.read_text("utf-8"))
]

#: Every Markdown file whose links lead anywhere in the repository.
LINKING = [
    INDEX,
    *PAGES,
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("packages/*/README.md")),
    *sorted(ROOT.glob("tools/**/*.md")),
]

PAGE = "# Title\n\n*How-to*\n\nFirst [sentence](a.md) of\nthis. Second.\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Documentation of two pages, an index and a README."""
    docs = tmp_path / "docs"
    docs.mkdir()
    monkeypatch.setattr(docpages, "ROOT", tmp_path)
    monkeypatch.setattr(docpages, "DOCS", docs)
    monkeypatch.setattr(docpages, "INDEX", docs / "index.md")
    # It reads a file that is not there, and keeps what it has read for all tests.
    monkeypatch.setattr(docpages, "web_address", lambda: "https://github.com/treadle-web/treadle")
    docpages.included.cache_clear()
    (docs / "index.md").write_text("# T\n\n## How-to\n\n- [A](a.md)\n- [B](b.md)\n")
    (docs / "a.md").write_text("# A\n\n*How-to*\n\n## An anchor, `or` two\n")
    (docs / "b.md").write_text("# B\n\n*How-to*\n\n[R](../README.md) <!-- include -->\n")
    (tmp_path / "README.md").write_text("# R\n\n[license](LICENSE), [a](docs/a.md)\n")
    (tmp_path / "LICENSE").write_text("")
    return docs


@pytest.fixture(autouse=True)
def _fresh() -> None:
    docpages.included.cache_clear()


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_has_its_kind_and_a_first_sentence(page: Path) -> None:
    text = docpages.expanded(page, reference)
    assert docpages.kind(text) in docpages.KINDS
    assert len(docpages.first_sentence(text).split()) >= 3


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_a_page_begins_with_a_sentence_and_ends_with_a_way_on(page: Path) -> None:
    paragraphs = page.read_text("utf-8").strip().split("\n\n")
    assert re.match(r"[A-Z`\[a-z]", paragraphs[2])
    assert not paragraphs[2].startswith("```")
    assert re.search(r"\]\([^)]+\.md[^)]*\)", paragraphs[-1])


def test_each_page_is_in_one_list_of_its_kind() -> None:
    docpages.check_lists()
    sections = docpages.sections()
    assert sum(len(section.pages) for section in sections) == len(PAGES)
    for caption, listed in sections:
        kinds = {docpages.kind(page.read_text("utf-8")) for page in listed}
        assert kinds == {caption.split(":")[0].removesuffix(" guides")}, caption


@pytest.mark.parametrize("path", LINKING, ids=name_of)
def test_links_and_anchors_lead_somewhere(path: Path) -> None:
    text = path.read_text("utf-8")
    assert docpages.relinked(text, path, INDEX).count("\n") == text.count("\n")


@pytest.mark.parametrize("package", packages())
def test_every_public_name_has_a_place(package: str) -> None:
    if package == "treadle_speedups":
        pytest.importorskip(package, exc_type=ImportError)  # where it is compiled
    modules = documented()
    assert package in modules
    found = {id(name.value) for module in modules for name in placed(module)}
    for module in public_modules(package):
        # The modules with aiohttp's names have what is on other pages too.
        missing = [name.name for name in names(module) if id(name.value) not in found]
        assert missing == [], module
        if module in modules:
            text = reference(module)
            assert all(f":: {module}.{name.name}\n" in text for name in placed(module))


@pytest.mark.parametrize("module", documented())
def test_every_public_name_has_a_text(module: str) -> None:
    if module == "treadle_speedups":
        pytest.importorskip(module, exc_type=ImportError)  # where it is compiled
    listed = placed(module)
    assert listed
    # treadle_websocket takes the enumerations of an aiohttp that a test before this one has loaded.
    own = [n for n in listed if not str(getattr(n.value, "__module__", "")).startswith("aiohttp")]
    # A class or a function needs a docstring, a constant or an alias a comment with ``#:``.
    assert [name.name for name in own if not description(name)] == []


def test_a_name_without_a_text_is_found() -> None:
    class Child(Section):
        pass

    assert description(Name("m", "Child", Child, "m")) == ""
    assert description(Name("m", "NOWHERE", 1, "m")) == ""
    assert description(Name("m", "Section", Section, "m")).startswith("A list of pages")


def test_a_name_without_a_group_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("docnames.group_of", lambda module: None)
    with pytest.raises(PageError, match=r"treadle_router\.\w+ is defined in"):
        grouped("treadle_router")


def test_the_reference_has_the_comment_and_the_value_of_a_constant() -> None:
    text = reference("treadle_responses")
    assert ".. py:data:: treadle_responses.CODING_SUFFIXES\n   :value: {'zstd': '.zst'" in text
    assert "   File name suffixes of the content codings, for precompressed files.\n" in text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (PAGE, "First sentence of this."),
        ("# T\n\n*How-to*\n\n```python\na.b\n\nc\n```\n\nIs it?\n", "Is it?"),
        ("# T\n\n*How-to*\n\n    pip install x\n\n## H\n\nThere are three:\n", "There are three."),
    ],
)
def test_first_sentences(text: str, sentence: str) -> None:
    assert docpages.first_sentence(text) == sentence


@pytest.mark.parametrize(
    "text", ["# T\n\nText.\n", "# T\n\n*Recipe*\n", "# T\n\nHow-to\n", "*How-to*\n", "", "# T\n"]
)
def test_a_page_without_a_kind_is_refused(text: str) -> None:
    with pytest.raises(PageError, match="third line"):
        docpages.kind(text)


@pytest.mark.parametrize(
    ("target", "leads_to"),
    [
        ("a.md", "a.md"),
        ("a.md#an-anchor-or-two", "#an-anchor-or-two"),
        ("#an-anchor-or-two", "#an-anchor-or-two"),
        ("../README.md", "b.md"),
        ("../LICENSE", "https://github.com/treadle-web/treadle/blob/main/LICENSE"),
        ("..", "https://github.com/treadle-web/treadle/tree/main/."),
        ("https://example.org/#x", "https://example.org/#x"),
        ("mailto:a@example.org", "mailto:a@example.org"),
    ],
)
def test_where_links_lead(folder: Path, target: str, leads_to: str) -> None:
    page = folder / "a.md"
    assert docpages.relinked(f"see [it]({target})", page, page) == f"see [it]({leads_to})"


@pytest.mark.parametrize("target", ["c.md", "a.md#nowhere", "#nowhere", "../../outside", "b.md#T"])
def test_a_link_to_nowhere_is_an_error(folder: Path, target: str) -> None:
    page = folder / "a.md"
    with pytest.raises(PageError, match="links to"):
        docpages.relinked(f"see [it]({target})", page, page)


@pytest.mark.parametrize("code", ["`[x](no.md)`", "```\n[x](no.md)\n```", "``a ` [x](no.md)``"])
def test_code_has_no_links(folder: Path, code: str) -> None:
    assert docpages.relinked(code, folder / "a.md", folder / "a.md") == code


def test_a_page_is_expanded(folder: Path) -> None:
    (folder / "a.md").write_text(
        "# A\n\n*How-to*\n\n```python notest\npass\n```\n\n[S](b.md) <!-- names: m -->\n"
    )
    text = docpages.expanded(folder / "a.md", lambda module: f"names of {module}\n")
    assert text == "# A\n\n*How-to*\n\n```python\npass\n```\n\nnames of m\n"
    included = docpages.expanded(folder / "b.md", reference)
    assert included.startswith("# B\n\n*How-to*\n\n\n[license](https://github.com/")
    assert included.endswith("[a](a.md)\n")
    assert ":caption: How-to\n\na\nb\n" in docpages.expanded(folder / "index.md", reference)


@pytest.mark.parametrize("listed", ["- [A](a.md)\n", "- [A](a.md)\n- [B](b.md)\n- [A](a.md)\n"])
def test_a_page_is_listed_once(folder: Path, listed: str) -> None:
    (folder / "index.md").write_text(f"# T\n\n## How-to\n\n{listed}")
    with pytest.raises(PageError, match="times in the lists"):
        docpages.check_lists()


def test_the_texts_for_programs() -> None:
    sections = docpages.sections()
    texts = {page: page.read_text("utf-8") for page in PAGES}
    index = docllms.index(sections, texts)
    assert index.startswith("# treadle\n\n> A web framework for asyncio")
    assert index.count("\n- [") == len(PAGES)
    assert "- [Deadlines](deadlines.md): A server waits for people that it does not know" in index
    full = docllms.full(sections, texts)
    assert full.startswith("<!-- tutorial.md -->\n\n# Tutorial: a guest book in ten minutes\n")
    assert full.count("<!-- deployment/workers.md -->") == 1
