"""The fields of responses: what is sent, and the sentences for what cannot be sent."""

from collections.abc import Iterable

import pytest

from treadle_asgi._serving.fields import decode_fields, encode_fields

SENT = [
    ([], (b"", None, False)),
    ([(b"x-a", b"1")], (b"x-a: 1\r\n", None, False)),
    ([[b"x-a", b"1"], (b"X-A", b"")], (b"x-a: 1\r\nX-A: \r\n", None, False)),
    ([(bytearray(b"x-a"), memoryview(b"\xff\t"))], (b"x-a: \xff\t\r\n", None, False)),
    ([(b"content-length", b"13")], (b"content-length: 13\r\n", 13, False)),
    ([(b"Date", b"x"), (b"a", b"b")], (b"Date: x\r\na: b\r\n", None, True)),
    ([(b"connection", b"close")], (b"connection: close\r\n", None, True)),
    ([(b"set-cookie", b"a"), (b"set-cookie", b"b")],
     (b"set-cookie: a\r\nset-cookie: b\r\n", None, False)),
    (((name, b"v") for name in (b"a", b"b")), (b"a: v\r\nb: v\r\n", None, False)),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "expected"), SENT)
def test_encode(
    fields: Iterable[Iterable[object]], expected: tuple[bytes, int | None, bool]
) -> None:
    assert encode_fields(fields) == expected


REFUSED = [
    ([("a", b"b")], TypeError, ("The name of a field is bytes, not 'a' (in the field ('a', b'b')): "
     "encode it")),
    ([(b"a", "b")], TypeError, ("The value of a field is bytes, not 'b' (in the field (b'a', 'b'))"
     ": encode it")),
    ([(b"a", 1)], TypeError, ("The value of a field is bytes, not 1 (in the field (b'a', 1)): give "
     "bytes")),
    ([(b"a", None)], TypeError, "give bytes"),
    ([(b"a",)], TypeError, "A field is a pair of a name and a value in bytes, not (b'a',): give"),
    ([b"ab"], TypeError, "A field is a pair of a name and a value in bytes, not b'ab'"),
    ([["a", "b", "c"]], TypeError, "A field is a pair"),
    ([{}], TypeError, "A field is a pair"),
    ([(b"", b"b")], ValueError, "b'' is not the name of a field"),
    ([(b"a b", b"c")], ValueError, "b'a b' is not the name of a field"),
    ([(b":status", b"200")], ValueError, "b':status' is not the name of a field"),
    ([(b"a\r\nb", b"c")], ValueError, "is not the name of a field"),
    ([(b"a", b"b\r\nc: d")], ValueError, (r"The value of b'a' has the control character b'\r' at "
     r"position 1: b'b\r\nc: d'; remove it")),
    ([(b"a", b"\0")], ValueError, "the control character"),
    ([(b"a", b"b\n")], ValueError, "the control character"),
    ([(b"content-length", b"x")], ValueError, "Content-Length is a number in digits, not b'x'"),
    ([(b"content-length", b"-1")], ValueError, "Content-Length is a number in digits"),
    ([(b"content-length", b"")], ValueError, "Content-Length is a number in digits"),
    ([(b"content-length", b"1"), (b"Content-Length", b"1")], ValueError, "given twice"),
]  # fmt: skip


@pytest.mark.parametrize("again", [False, True], ids=["first", "again"])
@pytest.mark.parametrize(("fields", "error", "text"), REFUSED)
def test_refused(
    fields: list[Iterable[object]], error: type[Exception], text: str, again: bool
) -> None:
    if again:
        # The memo keeps nothing of what was refused.
        with pytest.raises(error):
            encode_fields(fields)
    with pytest.raises(error) as raised:
        encode_fields(fields)
    assert text in str(raised.value)


def test_values_of_one_application_do_not_fill_the_memory() -> None:
    from treadle_asgi._serving.fields import _LINES

    for number in range(3000):
        encode_fields([(b"x-number", b"%d" % number), (b"x-long", b"%d" % number * 100)])
    assert len(_LINES) <= 1024
    assert all(len(line) <= 256 for line in _LINES.values())


def test_decode() -> None:
    block, _, _ = encode_fields([(b"a", b"b: c"), (b"d", "é".encode()), (b"e", b"\xff\x85")])
    assert decode_fields(block) == [("a", "b: c"), ("d", "é"), ("e", "\udcff\udc85")]
