"""Percent-encoding, against a table and against its own inverse."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_router import decode_safe, decode_value, encode_fixed, encode_value

DECODED = [
    ("/a", "/a"),
    ("/%61%2F%2f%25", "/a%2F%2F%25"),
    ("/%C3%A9%2Fq%25", "/é%2Fq%25"),
    ("/é%c3%a9", "/éé"),
    ("/%2525", "/%2525"),
    ("/%25%32%46", "/%252F"),
    ("/a+b%2B", "/a+b+"),
    ("/%5C%00", "/\\\x00"),
    ("/%F0%9F%98%80", "/😀"),
    # Bytes that are not UTF-8 stay escaped, in their original case
    ("/%ff", "/%ff"),
    ("/a%C3", "/a%C3"),
    ("/%C3%C3%A9", "/%C3é"),
    ("/%E2%82%41", "/%E2%82A"),
    ("/%ed%a0%80", "/%ed%a0%80"),
    ("/%f4%90%80%80", "/%f4%90%80%80"),
    ("/%c0%af", "/%c0%af"),
    ("/%C3%2F", "/%C3%2F"),
    ("/%C3%25%A9", "/%C3%25%A9"),
    ("/%E2%82%25", "/%E2%82%25"),
    ("/%c3é", "/%c3é"),
    # A percent sign without an escape stays
    ("/%", "/%"),
    ("/%2", "/%2"),
    ("/%zz", "/%zz"),
    ("/\udc80%61", "/\udc80a"),
]


@pytest.mark.parametrize(("path", "decoded"), DECODED)
def test_decode_safe(path: str, decoded: str) -> None:
    assert decode_safe(path) == decoded


@pytest.mark.parametrize(
    ("text", "value"), [("a", "a"), ("%2F%25", "/%"), ("%252F", "%2F"), ("%ff", "%ff")]
)
def test_decode_value(text: str, value: str) -> None:
    assert decode_value(text) == value


@pytest.mark.parametrize(
    ("text", "encoded"),
    [
        ("/a-b._~!$&'()*+,;=:@", "/a-b._~!$&'()*+,;=:@"),
        ("/é b", "/%C3%A9%20b"),
        ("/%c3%A9", "/%c3%A9"),
        ("/100%", "/100%25"),
        ("/100%zz%20", "/100%25zz%20"),
        ("/?#[]", "/%3F%23%5B%5D"),
    ],
)
def test_encode_fixed(text: str, encoded: str) -> None:
    assert encode_fixed(text) == encoded


@pytest.mark.parametrize(
    ("value", "slash", "encoded"),
    [
        ("a/b", False, "a%2Fb"),
        ("a/b", True, "a/b"),
        ("%2F", True, "%252F"),
        ("\\?#", True, "%5C%3F%23"),
    ],
)
def test_encode_value(value: str, slash: bool, encoded: str) -> None:
    assert encode_value(value, slash=slash) == encoded


def test_encode_value_refuses_lone_surrogates() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode_value("\udc80", slash=True)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])), st.booleans())
def test_values_come_back(value: str, slash: bool) -> None:
    encoded = encode_value(value, slash=slash)
    assert encoded.isascii()
    assert decode_value(decode_safe(encoded)) == value


@settings(deadline=None)
@given(st.lists(st.sampled_from([*"/aé%", "%C3", "%A9", "%2F", "%25", "%ff", "%61", "\udc80"])))
def test_decoding_keeps_the_number_of_slashes(pieces: list[str]) -> None:
    path = "".join(pieces)
    assert decode_safe(path).count("/") == path.count("/")


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_encoded_fixed_text_decodes_the_same_again(text: str) -> None:
    safe = decode_safe(encode_fixed(text))
    assert decode_safe(safe) == safe
