"""The Sphinx extension: expand each page when it is read, and write the texts beside the site.

Warnings are errors in our builds, so each ``PageError`` is a warning with the page's name, and a
build tells all of them at once.
"""

import re
from pathlib import Path
from typing import ClassVar, Generic, Protocol, get_origin

from docutils import nodes
from sphinx.addnodes import desc_signature, pending_xref
from sphinx.application import Sphinx
from sphinx.builders.text import TextBuilder
from sphinx.domains.python import PyProperty, PythonDomain
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.writers.text import TextTranslator

import docllms
from docnames import documented, is_private, placed, reference
from docpages import DOCS, INDEX, PageError, expanded, kind, pages, sections, title

_logger = logging.getLogger(__name__)


class _Pages:
    """The pages of one build, as Sphinx read them."""

    def __init__(self) -> None:
        self.texts: dict[Path, str] = {}

    def read(self, app: Sphinx, name: str, content: list[str]) -> None:
        """Put the expanded text of a page in the place of its source."""
        page = Path(app.env.doc2path(name))
        try:
            if page != INDEX:
                kind(content[0])
            content[0] = expanded(page, reference)
        except PageError as error:
            _logger.warning("%s", error, location=name, type="docsite")
        self.texts[page] = content[0]

    def write(self, app: Sphinx, failure: Exception | None) -> None:
        """Write each page as Markdown beside its HTML, and the two texts of all pages."""
        if failure is not None or app.builder.format != "html":
            return
        out = Path(app.outdir)
        listed = set(documented().values())
        texts = {}
        for page in pages():
            text = self.texts.get(page) or expanded(page, reference)
            if page in listed:
                # Directives say nothing to a reader: take what autodoc made of them.
                text = _as_text(app, page)
            texts[page] = text
            target = out / page.relative_to(DOCS)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")
        (out / "llms.txt").write_text(docllms.index(sections(), texts), "utf-8")
        (out / "llms-full.txt").write_text(docllms.full(sections(), texts), "utf-8")


def _as_text(app: Sphinx, page: Path) -> str:
    """Return a page of the reference as plain text, with the title of its Markdown."""
    builder = TextBuilder(app, app.env)
    builder.init()
    name = page.relative_to(DOCS).with_suffix("").as_posix()
    document = app.env.get_and_resolve_doctree(name, builder)
    translator = TextTranslator(document, builder)
    document.walkabout(translator)
    body = re.sub(r"\A[^\n]*\n\*+\n", "", translator.body.lstrip())
    return f"# {title(page.read_text('utf-8'))}\n\n{body.strip()}\n"


def _public_places() -> dict[str, list[tuple[str, str]]]:
    """Return the public paths of each class by that of its definition, with their pages."""
    places: dict[str, list[tuple[str, str]]] = {}
    for module, page in documented().items():
        document = page.relative_to(DOCS).with_suffix("").as_posix()
        for name in placed(module):
            place = (f"{module}.{name.name}", document)
            places.setdefault(f"{name.home}.{name.name}", []).append(place)
    return places


class _Links:
    """Links of types in signatures, which autodoc writes by the modules that define them."""

    def __init__(self) -> None:
        self.places: dict[str, list[tuple[str, str]]] = {}

    def find(
        self, app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
    ) -> nodes.reference | None:
        """Return a link to the public name of a type; None if it is none of ours."""
        if node.get("refdomain") != "py":
            return None
        self.places = self.places or _public_places()
        places = self.places.get(node["reftarget"], [])
        here = node["refdoc"]
        # The same page is the best place; else the framework's page, if it has the name.
        ranked = sorted(places, key=lambda at: (at[1] != here, at[1] != "reference/treadle_web"))
        for path, document in ranked:
            address = app.builder.get_relative_uri(here, document)
            return nodes.reference("", "", content, internal=True, refuri=f"{address}#{path}")
        return None


class _Property(PyProperty):
    """A property whose type has a list of classes, which autodoc shows by their ``repr``."""

    def handle_signature(self, sig: str, signode: desc_signature) -> tuple[str, str]:
        """Read the type again as its source has it."""
        if "type" in self.options:
            self.options["type"] = re.sub(r"<class '([\w.]+)'>", r"~\1", self.options["type"])
        found: tuple[str, str] = super().handle_signature(sig, signode)
        return found


class _PublicDomain(PythonDomain):
    """Python's domain without the private paths that autodoc has as second names.

    Several packages export one class, each on its page: these are no duplicates.
    """

    directives: ClassVar = {**PythonDomain.directives, "property": _Property}

    def note_object(
        self, name: str, objtype: str, node_id: str, aliased: bool = False, location: object = None
    ) -> None:
        """Keep the place of an object, but not that of an alias."""
        if not aliased:
            super().note_object(name, objtype, node_id, aliased=aliased, location=location)


def _show_bases(
    app: Sphinx, name: str, value: object, options: object, bases: list[object]
) -> None:
    """Show the nearest public bases: the members of private ones are those of the class."""
    found: list[object] = []
    for base in bases:
        origin = get_origin(base) or base
        if isinstance(origin, type) and is_private(origin):
            public = [above for above in origin.__mro__ if not is_private(above)]
            found += [above for above in public[:1] if above not in (Generic, Protocol, object)]
        elif origin is not Generic:
            found.append(base)
    bases[:] = found or [object]


def _clean_signature(
    app: Sphinx,
    what: str,
    name: str,
    value: object,
    options: object,
    sig: str | None,
    result: str | None,
) -> tuple[str | None, str | None]:
    """Write the parameters of a ``ParamSpec`` as their source does."""
    if sig is not None:
        sig = re.sub(r"(\*\*?)(\w+): ~typing\.~(\w+)", _parameter, sig)
        sig = re.sub(r"~(?=\w+[\],)])", "", sig)
    return sig, result


def _parameter(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}: {found[3]}.{'kwargs' if found[1] == '**' else 'args'}"


def _mend_html(
    app: Sphinx, page: str, template: str, context: dict[str, object], doctree: object
) -> None:
    """Mend what readers of screens cannot follow in the HTML of Sphinx and of the theme.

    The captions of the navigation have the role of a heading, which requires a level. The
    parameters of a signature are a list of descriptions without terms, inside a term.
    """
    for name in ("body", "furo_navigation_tree"):
        text = context.get(name)
        if isinstance(text, str):
            text = text.replace('role="heading">', 'role="heading" aria-level="2">')
            context[name] = re.sub(r'<dt class="sig .*?</dt>', _parameters, text, flags=re.DOTALL)


def _parameters(found: re.Match[str]) -> str:
    text = re.sub(r"<(/?)d[ld]>", r"<\1div>", found[0])
    return text.replace("<div>", '<div class="sig-params">', 1)


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect the steps to a build."""
    app.setup_extension("sphinx.ext.autodoc")
    app.add_domain(_PublicDomain, override=True)
    build = _Pages()
    app.connect("source-read", build.read)
    app.connect("autodoc-process-signature", _clean_signature)
    app.connect("autodoc-process-bases", _show_bases)
    app.connect("build-finished", build.write)
    # Behind the theme, which makes its navigation at the usual priority of 500.
    app.connect("html-page-context", _mend_html, priority=900)
    app.connect("missing-reference", _Links().find)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
