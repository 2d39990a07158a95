"""The encoder: exact bytes, refused input, and the parser as reader."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_multipart import (
    FormFile,
    MultipartBody,
    MultipartEncoder,
    MultipartParser,
    PartBegin,
    PartData,
    UsageError,
    boundary_of,
    parse_form,
    quote_name,
)


def test_exact_bytes() -> None:
    encoder = MultipartEncoder(boundary="x")
    assert encoder.content_type == "multipart/form-data; boundary=x"
    pieces = [
        encoder.begin_field("a"), encoder.data(b"1"), encoder.data(b"2"), encoder.end_part(),
        encoder.begin_field("b", filename="c", headers=[("X", "y")]), encoder.end_part(),
        encoder.end(),
    ]  # fmt: skip
    assert b"".join(pieces) == (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n12'
        b'\r\n--x\r\nContent-Disposition: form-data; name="b"; filename="c"\r\n'
        b"Content-Type: application/octet-stream\r\nX: y\r\n\r\n"
        b"\r\n--x--\r\n"
    )
    assert MultipartEncoder(boundary="x").end() == b"--x--\r\n"


@pytest.mark.parametrize(
    ("name", "quoted"),
    [
        ("a", '"a"'),
        ('"', '"%22"'),
        ("\r\n", '"%0D%0A"'),
        ("\\", '"\\\\"'),
        ("\xe4%", '"\xe4%"'),
        ("%22%41", '"%22%41"'),
        ("\ud800\u3042", '"\ufffd\u3042"'),
    ],
)
def test_quote_name(name: str, quoted: str) -> None:
    assert quote_name(name) == quoted


@pytest.mark.parametrize("boundary", ["a b", "a:b", "a/b", 'a"b\\c', "=_?", "y" * 70])
def test_boundaries_are_quoted_where_they_must(boundary: str) -> None:
    encoder = MultipartEncoder("mixed", boundary=boundary)
    assert boundary_of(encoder.content_type) == encoder.boundary == boundary.encode()


def test_random_boundaries_differ() -> None:
    assert MultipartEncoder().boundary != MultipartEncoder().boundary
    assert len(MultipartEncoder().boundary) <= 70


@pytest.mark.parametrize("boundary", ["x" * 71, "a\r\n", "\xe4", "a "])
def test_bad_boundaries(boundary: str) -> None:
    with pytest.raises(UsageError):
        MultipartEncoder(boundary=boundary)


def test_bad_subtype_and_headers() -> None:
    with pytest.raises(UsageError, match="subtype"):
        MultipartEncoder("form data")
    for header in (("A b", "c"), ("", "c"), ("A", "b\r\nC: d"), ("A", "\0")):
        with pytest.raises(UsageError):
            MultipartEncoder("mixed").begin_part([header])


def test_order() -> None:
    encoder = MultipartEncoder(boundary="x")
    for call in (encoder.end_part, lambda: encoder.data(b"")):
        with pytest.raises(UsageError, match="outside a part"):
            call()
    encoder.begin_part()
    for call in (encoder.begin_part, encoder.end):
        with pytest.raises(UsageError, match="inside a part"):
            call()
    encoder.end_part()
    encoder.end()
    for call in (encoder.begin_part, encoder.end):
        with pytest.raises(UsageError, match=r"after end\(\)"):
            call()


#: Pieces of a part, and if the last one is refused.
BOUNDARIES = [
    ([b"--x"], True),
    ([b"--x--"], True),
    ([b"a\r\n--x\r\nb"], True),
    ([b"a\n--x \t\nb"], True),
    ([b"a\r\n--x--\r\n"], True),
    ([b"a\r\n--x" + b" " * 200], True),
    # The next piece may go on with a line end.
    ([b"a\r\n--x"], True),
    ([b"a\r\n--x-"], True),
    ([b"a\r\n", b"--x\r\n"], True),
    ([b"a\r\n", b"", b"--x\r\n"], True),
    # No reader takes these for the boundary: within a line, or the start of another boundary.
    ([b"a--x\r\n"], False),
    ([b"a", b"--x\r\n"], False),
    ([b"--xy\r\n\r\n\r\n--xy--\r\n"], False),
    ([b"--xy\r\n", b"--x--\r\n"], True),
    ([b"--xy\r\n--x\r\n"], True),
    ([b"\r\n --x\r\n"], False),
]


@pytest.mark.parametrize(("pieces", "refused"), BOUNDARIES, ids=range(len(BOUNDARIES)))
def test_a_boundary_in_data_is_refused(pieces: list[bytes], refused: bool) -> None:
    for boundary in ("x", "x" * 70):
        encoder = MultipartEncoder(boundary=boundary)
        encoder.begin_part()
        *first, last = [piece.replace(b"x", boundary.encode()) for piece in pieces]
        for piece in first:
            assert encoder.data(piece) == piece
        if refused:
            with pytest.raises(UsageError, match="contains the boundary"):
                encoder.data(last)
        else:
            assert encoder.data(last) == last
            # A new part begins a line.
            encoder.end_part()
            encoder.begin_part()
            with pytest.raises(UsageError, match="contains the boundary"):
                encoder.data(b"--" + boundary.encode())


@settings(deadline=None, max_examples=300)
@given(
    data=st.lists(
        st.sampled_from([b"\r", b"\n", b"\r\n", b"-", b"--x", b"x", b" ", b"\r\n--x", b"a"]),
        max_size=10,
    ).map(b"".join)
)
def test_data_that_is_not_refused_is_one_part(data: bytes) -> None:
    encoder = MultipartEncoder("mixed", boundary="x")
    body = encoder.begin_part()
    try:
        body += encoder.data(data)
    except UsageError:
        return
    body += encoder.end_part() + encoder.end()
    for strict in (True, False):
        events = MultipartParser("x", strict=strict).receive_data(body)
        assert [event for event in events if isinstance(event, PartBegin)] == events[:1]
        assert b"".join(e.data for e in events if isinstance(e, PartData)) == data


def test_a_body_refuses_the_boundary_in_data() -> None:
    body = MultipartBody(boundary="x")
    with pytest.raises(UsageError):
        body.add_field("a", "--x")


def test_body_sizes() -> None:
    body = MultipartBody()
    assert body.size == len(b"".join(body))
    body.add_field("a", "\xe4")
    body.add_field("j", b"{}", content_type="application/json")
    body.add_file("f", b"1234", filename="f")
    body.add_part(b"5", [("X", "y")])
    assert body.size == len(b"".join(body)) == len(b"".join(body))
    body.add_file("g", BytesIO(b"67"), filename="g", size=2)
    assert body.size == len(b"".join(body))
    with pytest.raises(UsageError, match="sent already"):
        list(body)
    unknown = MultipartBody()
    unknown.add_part(iter([b"6", b"7"]))
    assert unknown.size is None
    assert b"".join(unknown).count(unknown.boundary) == 2


@settings(deadline=None, max_examples=100)
@given(
    fields=st.lists(st.tuples(st.text("ab\xe4 ;=", max_size=5), st.text(max_size=20)), max_size=4),
    files=st.lists(st.tuples(st.text("ab./", min_size=1), st.binary(max_size=50)), max_size=4),
    size=st.integers(1, 99),
)
def test_the_parser_reads_it_back(
    fields: list[tuple[str, str]], files: list[tuple[str, bytes]], size: int
) -> None:
    body = MultipartBody()
    for name, value in fields:
        body.add_field(name, value)
    for filename, content in files:
        body.add_file("f", BytesIO(content), filename=filename, size=len(content))
    data = b"".join(body)
    assert len(data) == body.size
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    with parse_form(body.content_type, pieces) as form:
        got = [
            (value.filename, value.read()) if isinstance(value, FormFile) else (name, value)
            for name, value in form.items()
        ]
    assert got == [*fields, *files]
