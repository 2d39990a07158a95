"""Content-Disposition: what the parser makes of it, and the functions with aiohttp's contract."""

import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_multipart import (
    BadContentDispositionHeader,
    BadContentDispositionParam,
    Leniency,
    MalformedError,
    MultipartEncoder,
    MultipartParser,
    PartBegin,
    content_disposition_filename,
    parse_content_disposition,
)
from treadle_multipart._disposition import read_disposition
from treadle_multipart._errors import leniencies

NONE, ALL = leniencies(True, ()), leniencies(False, ())

READ = [
    ("form-data", ("form-data", None, None)),
    ('form-data; name="a"', ("form-data", "a", None)),
    ("Form-Data; Name=a", ("form-data", "a", None)),
    ('form-data; name="a"; filename="b.c"', ("form-data", "a", "b.c")),
    ('form-data; filename="b;c=d"; name="a"', ("form-data", "a", "b;c=d")),
    ('form-data; name=""; filename=""', ("form-data", "", "")),
    # Browsers percent-encode three characters; others stand for themselves.
    ('form-data; name="%22%0D%0a%0d%25%41%"', ("form-data", '"\r\n\r%25%41%', None)),
    # Quoted pairs of curl and httpx; other backslashes stand for themselves (Internet Explorer).
    (r'form-data; name="\"\\"; filename="C:\a\b.c"', ("form-data", '"\\', r"C:\a\b.c")),
    # aiohttp's client escapes blanks, and some clients all but letters. Browsers escape nothing,
    # and a file name may be a path.
    ('form-data; name="first\\ name\\\t"', ("form-data", "first name\t", None)),
    (r'form-data; name="a\[b\]\;\c\\d"', ("form-data", r"a[b];\c\d", None)),
    (r'form-data; name="a"; filename="\\host\dir\b c"', ("form-data", "a", r"\host\dir\b c")),
    # A literal ``%22``: an escape is not undone in the result of another.
    (r'form-data; name="\%22%22"; filename="\%0a\%41"', ("form-data", '%22"', r"%0a\%41")),
    (r'form-data; name="\\%22"', ("form-data", '\\"', None)),
    ('form-data; name="a"; filename="../../b"', ("form-data", "a", "../../b")),
    ('form-data; name="a"; filename="b"; filename*=utf-8\'\'c', ("form-data", "a", "b")),
    ("form-data; name=\"a\"; name*=utf-8''c", ("form-data", "a", None)),
    # Other types are headers as any (RFC 6266, 2231).
    ("attachment; filename=\"b\"; filename*=utf-8''%E2%82%AC", ("attachment", None, "\u20ac")),
    ("attachment; filename=\"b\"; filename*=nope''%E2%82%AC", ("attachment", None, "b")),
    ("attachment; filename*0=a; filename*1=b", ("attachment", None, "ab")),
    ("attachment; filename*1*=%C3%A4; filename*0*=utf-8'de'a", ("attachment", None, "a\xe4")),
    ("attachment; filename*1=b", ("attachment", None, None)),
    (r'inline; filename="a\b"', ("inline", None, "ab")),
]


@pytest.mark.parametrize(("value", "expected"), READ)
def test_read(value: str, expected: object) -> None:
    tolerated: set[Leniency] = set()
    assert read_disposition(value, NONE, tolerated) == expected
    assert read_disposition(value, ALL, tolerated) == expected
    assert tolerated == set()


LENIENT: list[tuple[str, object, Leniency]] = [
    ('form-data; name="a\\"', ("form-data", "a\\", None), "loose-disposition"),
    ("form-data; name=a[b]", ("form-data", "a[b]", None), "loose-disposition"),
    ("form-data; name=a b; filename=c d", ("form-data", "a b", "c d"), "loose-disposition"),
    ('form-data; name="a"; name="b"', ("form-data", "a", None), "repeated-disposition"),
    ("form-data; name=a; filename*=utf-8''b", ("form-data", "a", "b"), "filename-star"),
    ("form-data; name=a; filename*0=b", ("form-data", "a", "b"), "filename-star"),
    ("form-data; name*=utf-8''%C3%A9", ("form-data", "\xe9", None), "name-star"),
    ("form-data; name*=latin-1'fr'%E9; filename=b", ("form-data", "\xe9", "b"), "name-star"),
    ("form-data; name*0=a; name*1=b", ("form-data", "ab", None), "name-star"),
    # A charset that is not in the list, and bytes that are not in it.
    ("form-data; name*=punycode''a", ("form-data", None, None), "name-star"),
    ("form-data; name*=utf-8''%FF", ("form-data", None, None), "name-star"),
]


@pytest.mark.parametrize(("value", "expected", "leniency"), LENIENT)
def test_read_lenient(value: str, expected: object, leniency: Leniency) -> None:
    tolerated: set[Leniency] = set()
    assert read_disposition(value, frozenset({leniency}), tolerated) == expected
    assert tolerated == {leniency}
    assert read_disposition(value, ALL, tolerated) == expected
    with pytest.raises(MalformedError) as caught:
        read_disposition(value, ALL - {leniency}, tolerated)
    assert caught.value.leniency == leniency


@pytest.mark.parametrize("value", ["", ";", "; name=a", '"form-data"', "form-data name=a", "a; b"])
def test_read_malformed(value: str) -> None:
    for accept in (NONE, ALL):
        with pytest.raises(MalformedError):
            read_disposition(value, accept, set())


# name and filename as bytes in a quoted-string, as a stranger would write them
quoted = st.text(
    st.characters(blacklist_characters='"', blacklist_categories=["Cc", "Cs"]), max_size=12
)


@settings(deadline=None, max_examples=200)
@given(name=quoted, filename=st.none() | quoted, kind=st.sampled_from(["a/b", "a/b;c=d", None]))
def test_fast_path_agrees(name: str, filename: str | None, kind: str | None) -> None:
    """``_head`` reads usual header blocks in one pattern; a second header sends it the long way."""
    value = f'form-data; name="{name}"'
    if filename is not None:
        value += f'; filename="{filename}"'
    block = f"--x\r\nContent-Disposition: {value}\r\n"
    if kind is not None:
        block += f"Content-Type: {kind}\r\n"
    results: list[object] = []
    for extra in ("", "X: y\r\n"):
        try:
            (part,) = MultipartParser(b"x").receive_data((block + extra + "\r\n").encode())
        except MalformedError as exc:
            results.append(str(exc))
        else:
            assert isinstance(part, PartBegin)
            rest = tuple(header for header in part.headers if header != ("X", "y"))
            results.append((part.disposition, part.name, part.filename, rest))
    assert results[0] == results[1]


text = st.text(st.characters(blacklist_categories=["Cs"]), max_size=20).filter(
    # Other control characters are refused.
    lambda name: all(char >= " " or char in "\r\n\t" for char in name) and "\x7f" not in name
) | st.text(st.sampled_from('%20dDaA"\\ \r\n'), max_size=8)


@settings(deadline=None, max_examples=200)
@given(name=text, filename=text)
def test_the_output_of_the_encoder_is_read_back(name: str, filename: str) -> None:
    encoder = MultipartEncoder(boundary="x")
    (part,) = MultipartParser(b"x").receive_data(encoder.begin_field(name, filename=filename))
    assert isinstance(part, PartBegin)
    assert (part.name, part.filename) == (name, filename)


CONTRACT = [
    (None, (None, {})),
    ("", (None, {})),
    ("inline", ("inline", {})),
    ("Attachment; FILENAME=a", ("attachment", {"filename": "a"})),
    ('attachment; filename="a;b"', ("attachment", {"filename": "a;b"})),
    ('attachment; filename="a;b;c"; x=y', ("attachment", {"filename": "a;b;c", "x": "y"})),
    (r'attachment; filename="a\"b\\c"', ("attachment", {"filename": 'a"b\\c'})),
    ('attachment; filename="/\\/a/b"', ("attachment", {"filename": "a/b"})),
    ('attachment; filename="../a"', ("attachment", {"filename": "../a"})),
    ("attachment; filename=a;", ("attachment", {"filename": "a"})),
    ("attachment; filename*=UTF-8''%E2%82%AC", ("attachment", {"filename*": "\u20ac"})),
    ("attachment; filename*=iso-8859-1'en'%A3", ("attachment", {"filename*": "\xa3"})),
    ("attachment; filename*=''a", ("attachment", {"filename*": "a"})),
    (
        'attachment; filename*0*=a; filename*1="b"',
        ("attachment", {"filename*0*": "a", "filename*1": "b"}),
    ),
]


@pytest.mark.parametrize(("header", "expected"), CONTRACT)
def test_parse_content_disposition(header: str | None, expected: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parse_content_disposition(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        '"inline"', "in line", "; a=b", "attachment; filename", "attachment; filename=a b",
        "attachment; filename=a; filename=b", 'attachment; filename="a', "attachment; filename=",
        'attachment; filename="a"b',
    ],
)  # fmt: skip
def test_bad_headers_are_ignored_with_a_warning(header: str) -> None:
    with pytest.warns(BadContentDispositionHeader):
        assert parse_content_disposition(header) == (None, {})


@pytest.mark.parametrize(
    "param",
    [
        "x@=y", "filename*=a",
        "filename*=nope''a", "filename*=utf-8''%FF", "filename*=\"utf-8''a\"",
        "filename*0=a b", "filename*=idna''a",
    ],
)  # fmt: skip
def test_bad_parameters_are_left_out_with_a_warning(param: str) -> None:
    with pytest.warns(BadContentDispositionParam):
        assert parse_content_disposition(f"attachment; a=b; {param}") == ("attachment", {"a": "b"})


def test_an_empty_parameter_warns_and_goes_on() -> None:
    with pytest.warns(BadContentDispositionHeader):
        assert parse_content_disposition("inline;;a=b") == ("inline", {"a": "b"})


@pytest.mark.parametrize(
    ("params", "filename"),
    [
        ({}, None),
        ({"filename": "a", "filename*": "b"}, "b"),
        ({"filename": "a", "filename*0": "b"}, "a"),
        ({"filename*0": "a", "filename*1": "b", "filename*3": "d"}, "ab"),
        ({f"filename*{index}": str(index % 10) for index in range(12)}, "012345678901"),
        ({"filename*1": "b"}, None),
        ({"filename*0*": "utf-8''%E2%82", "filename*1*": "%AC"}, "\u20ac"),
        ({"filename*0*": "utf-8''%FF"}, None),
        ({"filename*0*": "nope''a"}, None),
        ({"filename*a": "b"}, None),
        ({"name*0": "a"}, None),
    ],
)
def test_content_disposition_filename(params: dict[str, str], filename: str | None) -> None:
    assert content_disposition_filename(params) == filename


def test_other_name() -> None:
    assert content_disposition_filename({"name": "a", "filename": "b"}, "name") == "a"
