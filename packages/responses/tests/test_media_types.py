"""Content types by name, the same on every machine."""

import re

import pytest

from treadle_responses import _media_types as module
from treadle_responses import guess_content_type


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("INDEX.HTM", "text/html; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("app.min.mjs", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("data.json", "application/json"),
        ("logo.svg", "image/svg+xml"),
        ("photo.jpeg", "image/jpeg"),
        ("photo.AVIF", "image/avif"),
        ("film.mp4", "video/mp4"),
        ("font.woff2", "font/woff2"),
        ("module.wasm", "application/wasm"),
        ("backup.tar.gz", "application/gzip"),
        ("old.Z", "application/x-compress"),
        ("README", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
        ("", "application/octet-stream"),
        (".", "application/octet-stream"),
        ("html", "application/octet-stream"),
        (".html", "text/html; charset=utf-8"),
    ],
)
def test_table(name: str, content_type: str) -> None:
    assert guess_content_type(name) == content_type


def test_every_row_is_well_formed_and_every_extension_has_one_type() -> None:
    extensions = [word for words in module._TYPES.values() for word in words.split()]
    assert len(extensions) == len(set(extensions)) >= 100
    for media_type in module._TYPES:
        assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", media_type), media_type
