from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_websocket import WSMessageTypeError
from treadle_websocket._fields import (
    ExtensionOffer,
    group_fields,
    is_token,
    parse_extensions,
    split_list,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("chat", True), ("chat.v1+json", True), ("", False), ("a b", False), ("a/b", False)],
)
def test_tokens(text: str, expected: bool) -> None:
    assert is_token(text) is expected


def test_fields_are_joined_by_lower_case_name_and_stripped() -> None:
    fields = group_fields([("Host", " a\t"), (b"HOST", b"b"), (b"X-\xff", b"\xe9\x00")])
    assert fields == {"host": ["a", "b"], "x-ÿ": ["é\x00"]}


@pytest.mark.parametrize("headers", [{"Host": "a"}, [("Host", 5)], ["Host: a"], 5, None])
def test_fields_that_are_no_pairs_of_text(headers: Any) -> None:
    with pytest.raises(WSMessageTypeError, match="headers must be pairs"):
        group_fields(headers)


def test_lists() -> None:
    assert split_list([" a , b", ",,", "c"]) == ["a", "b", "c"]
    assert split_list([]) == []


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], []),
        ([""], []),
        ([" , ,"], []),
        (["foo"], [("foo", ())]),
        (["Foo , bar;B"], [("foo", ()), ("bar", (("b", None),))]),
        (["foo", "bar"], [("foo", ()), ("bar", ())]),
        (['a; x=1 ;y="10"; z = 2'], [("a", (("x", "1"), ("y", "10"), ("z", "2")))]),
        (['a; x="1\\0"'], [("a", (("x", "10"),))]),
        (["a; x; x"], [("a", (("x", None), ("x", None)))]),
    ],
)
def test_extensions(values: list[str], expected: list[tuple[str, object]]) -> None:
    assert parse_extensions(values) == [ExtensionOffer(*row) for row in expected]  # type: ignore[arg-type]  # rows of a table


@pytest.mark.parametrize(
    "value",
    ["a b", ";", "a;", "a; =1", "a; x=", 'a; x="', 'a; x="a b"', 'a; x=""', "a=1", "a; x=é", "é"],
)
def test_malformed_extensions(value: str) -> None:
    assert parse_extensions(["good", value]) is None


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from('aB1 ,;="\\\t\xff'), max_size=30))
def test_no_field_value_breaks_the_parser(value: str) -> None:
    offers = parse_extensions([value])
    assert offers is None or isinstance(offers, list)
    for offer in offers or ():
        assert is_token(offer.name)
        assert all(is_token(name) for name, _ in offer.parameters)
