"""Content-Disposition: file names of any kind, read back as clients read them."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_responses import content_disposition_header


@pytest.mark.parametrize(
    ("filename", "value"),
    [
        ("a.txt", 'attachment; filename="a.txt"'),
        ("two words.txt", 'attachment; filename="two words.txt"'),
        ("\xfc.txt", "attachment; filename=\"_.txt\"; filename*=UTF-8''%C3%BC.txt"),
        ('a"b', "attachment; filename=\"a_b\"; filename*=UTF-8''a%22b"),
        ("a\\b", "attachment; filename=\"a_b\"; filename*=UTF-8''a%5Cb"),
        ("100%", "attachment; filename=\"100_\"; filename*=UTF-8''100%25"),
        ("a;b", 'attachment; filename="a;b"'),
        ("\r\nX: y", "attachment; filename=\"__X: y\"; filename*=UTF-8''%0D%0AX%3A%20y"),
        ("\ud800", "attachment; filename=\"_\"; filename*=UTF-8''%3F"),
        ("", 'attachment; filename=""'),
    ],
)
def test_table(filename: str, value: str) -> None:
    assert content_disposition_header("attachment", filename=filename) == value


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("a b", '"a b"'), ("\xe9\u65e5\U0001f600", '"\xe9\u65e5\U0001f600"'), ('"', '"%22"'),
        ("\r\n", '"%0D%0A"'), ("100%", '"100%"'), ("%22", r'"\%22"'), ("a\\", r'"a\\"'),
        ("\ud800", '"\ufffd"'), ("", '""'), ('a"; filename="x', '"a%22; filename=%22x"'),
    ],
)  # fmt: skip
def test_forms_are_written_as_browsers_write_them(name: str, quoted: str) -> None:
    """RFC 7578 section 4.2 has no ``name*``: readers took ``_`` for the name."""
    value = content_disposition_header("form-data", name=name, filename=name)
    assert value == f"form-data; name={quoted}; filename={quoted}"


def test_other_parameters() -> None:
    assert content_disposition_header("inline") == "inline"
    assert content_disposition_header("form-data", name="a") == 'form-data; name="a"'
    for bad in ("", "a b", "a;b", "a\r\n", "\xfc"):
        with pytest.raises(ValueError, match="is a token"):
            content_disposition_header(bad)
        with pytest.raises(ValueError, match="is a token"):
            content_disposition_header("inline", **{bad: "x"})


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_client_reads_the_name_back(filename: str) -> None:
    value = content_disposition_header("attachment", filename=filename)
    assert value.isascii()
    assert value.isprintable()
    extended = re.search(r"filename\*=UTF-8''([A-Za-z0-9!#$&+\-.^_`|~%]*)\Z", value)
    if extended is not None:
        assert unquote(extended[1]) == filename
    else:
        assert value == f'attachment; filename="{filename}"'
