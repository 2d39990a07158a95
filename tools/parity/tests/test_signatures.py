"""Pairs of signatures: which calls that the first takes are refused by the second."""

import pytest

from parity._signatures import refusal


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        ("a, b", "a, b", None),
        ("a, b", "a, b, c=3", None),
        ("a", "b", "positions are (b), not (a); a= is refused; needs b"),
        ("a, b", "b, a", "positions are (b, a), not (a, b)"),
        ("a", "a, c", "needs c"),
        ("*, a:=1", "*, a:=2", "a=2, not 1"),
        ("a=1", "a", "a= must be given"),
        ("a", "a=1", None),
        ("a:", "**kwargs", None),
        ("**kwargs", "a:=1", "further keywords are refused"),
        ("*args", "a=1", "further positions are refused"),
        ("*args, **kwargs", "*args, **kwargs", None),
        ("a='x, y'", "a='x, y'", None),
        ("a=(1, 2), b=3", "a=(1, 2), b=4", "b=4, not 3"),
        ("?", "?", None),
        ("?", "a", "signature is (a), not (?)"),
        ("", "", None),
    ],
)
def test_refusals(theirs: str, ours: str, expected: str | None) -> None:
    assert refusal(theirs.replace("*, ", ""), ours.replace("*, ", "")) == expected
