"""The settings of Sphinx for the documentation; ``python tools/dev.py docs`` builds it."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from docpages import web_address
from treadle import __version__

project = "treadle"
author = "The treadle developers"
project_copyright = author
release = version = __version__

extensions = ["docsite", "myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_ext"]
# Shells and other files have no language; Python has one in each page.
highlight_language = "none"

myst_heading_anchors = 4

autodoc_default_options = {"member-order": "bysource"}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
toc_object_entries = False
# A name in a signature that several packages export, such as ``Request``: no link is better than
# the wrong one.
suppress_warnings = ["ref.python"]

# What is copied of a session in a terminal is what was typed.
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True
copybutton_here_doc_delimiter = "EOF"
copybutton_line_continuation_character = "\\"

# Builds need no network. A published one may have links to the documentation of other projects.
if os.environ.get("DOCS_INTERSPHINX"):
    extensions.append("sphinx.ext.intersphinx")
    intersphinx_mapping = {
        "python": ("https://docs.python.org/3", None),
        "multidict": ("https://multidict.aio-libs.org/en/stable", None),
        "yarl": ("https://yarl.aio-libs.org/en/stable", None),
    }

linkcheck_ignore = [r"http://(localhost|127\.0\.0\.1)"]

html_theme = "furo"
html_title = "treadle"
html_favicon = "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_theme_options = {
    "source_repository": web_address(),
    "source_branch": "main",
    "source_directory": "packages/treadle/docs/",
    # The fonts of the reader's system: nothing is loaded from elsewhere.
    "light_css_variables": {"color-brand-primary": "#2b5f8a", "color-brand-content": "#2b5f8a"},
    "dark_css_variables": {"color-brand-primary": "#86b9e0", "color-brand-content": "#86b9e0"},
}
