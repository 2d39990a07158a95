"""Segments: expressions that stay inside one, and matching without backtracking."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from testkit import assert_linear
from treadle_router._segments import DEFAULT_REGEX, Mixed, Variable, stays_in_segment

STAY = [
    r"\d+",
    r"[0-9]+",
    r"[^/]+",
    r"[^/.]+",
    r"[^{}/]+",
    r"[a-zA-Z0-9_-]+",
    r"\w{1,3}",
    r"a|b",
    r"(?:en|de)-[A-Z]{2}",
    r"(a|b)c?",
    r"v\.\d+",
    r"é+",
    r"[-a]",
    r"a*?",
    r"[\w.]+",
    r"[^/]*+",
    r"[0-9a-fA-F]{8}-[0-9a-f]{4}",
    r"[a\-z]",
    r"\-",
]
LEAVE = [
    r".*",
    r".",
    r"[^a]",
    r"[^a-z]+",
    r"[+-9]",
    r"[!-~]",
    r"a/b",
    r"\D",
    r"\W+",
    r"\S",
    r"(?=a)b",
    r"(?i:a)",
    r"^a",
    r"a$",
    r"\ba",
    r"(?P<y>a)",
    r"\x2f",
    r"[\x2f]",
    r"(a)\1",
    r"\Za",
    r"[^\n]",
    r"\/",
    r"[a/]",
    r"a)(b",
    r"[\W]",
    r"[^-]",
]


@pytest.mark.parametrize("regex", STAY)
def test_stays(regex: str) -> None:
    assert stays_in_segment(regex)


@pytest.mark.parametrize("regex", LEAVE)
def test_may_leave(regex: str) -> None:
    assert not stays_in_segment(regex)


# Repeated, each with an end that makes it an expression which may leave the segment.
HOSTILE = [
    *("?", "*+", "+", "{1}?", "{1,2}+", "{", "{1", "1", "[a-z]", "[a", "[^/]", "[^/a", "[^a"),
    *("(", "(?:", "a|", "\\d", "-"),
]


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("before", ["", "{", "[", "[^", "("])
def test_stays_in_segment_is_linear(unit: str, before: str) -> None:
    assert_linear(
        lambda text: stays_in_segment(before + text.decode() + "/"), unit.encode(), size=5000
    )


PIECES = [
    "a",
    "z",
    "-",
    "/",
    ".",
    "[",
    "]",
    "^",
    "\\",
    "(",
    ")",
    "?",
    ":",
    "*",
    "+",
    "{2}",
    "|",
    "\\d",
    "\\D",
    "\\w",
    "[^",
    "!",
    "0-9",
    "+-9",
]


@settings(deadline=None, max_examples=1000)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=7), st.text("/a.-1z", max_size=5))
@example(pieces=["[", "]", "-", "-"], text="")  # to ``re`` the start of a longer class
def test_stays_in_segment_excludes_slashes(pieces: list[str], text: str) -> None:
    regex = "".join(pieces)
    if stays_in_segment(regex) and "/" in text:
        assert re.fullmatch(regex, text) is None


def variable(name: str, regex: str = DEFAULT_REGEX) -> Variable:
    return Variable(name, regex, None, 0)


@settings(deadline=None, max_examples=500)
@given(
    st.lists(st.sampled_from(["", ".", "-", "..", "a"]), min_size=2, max_size=5),
    st.text(".-ab{", max_size=12),
)
def test_mixed_reads_the_same_as_the_expression(fixed: list[str], text: str) -> None:
    pieces: list[str | Variable] = []
    for number, piece in enumerate(fixed):
        pieces += [piece, variable(f"v{number}")] if piece else [variable(f"v{number}")]
    pieces.append(fixed[-1])
    expression = "".join(
        f"({piece.regex})" if isinstance(piece, Variable) else re.escape(piece) for piece in pieces
    )
    found = re.fullmatch(expression, text)
    assert Mixed(pieces).read(text) == (None if found is None else found.groups())


def test_mixed_is_linear_where_the_expression_is_not() -> None:
    """Five variables on a segment of 100,000 dots, on which an expression would not end."""
    pieces: list[str | Variable] = []
    for number in range(5):
        pieces += [variable(f"v{number}"), "."]
    assert Mixed([*pieces, "x"]).read("." * 100_000) is None
    assert Mixed([*pieces, "xy"]).read("." * 100_000 + "x") is None
