"""Names of topics: nearly all text, and clear errors for the rest."""

import pytest

from treadle_channels import TopicError, check_topic

GOOD = [
    "a", "room:1", "Zimmer ä", "日本", "a b", "*", "a.b/c?d", "'; drop", "x" * 512,
    "🎉" * 128, "\\",
]  # fmt: skip
BAD = [
    ("", "must not be empty"),
    ("a\0b", "control character or surrogate at 1"),
    ("a\n", "at 1"),
    ("\x7f", "at 0"),
    ("\x85", "at 0"),
    ("\ud800", "surrogate at 0"),
    ("x" * 513, "has 513 bytes, of which 512 are allowed"),
    ("ä" * 257, "has 514 bytes"),
    (b"a", "is a str, not b'a'"),
    (None, "is a str, not None"),
    (["a"], r"is a str, not \['a'\]"),
]


@pytest.mark.parametrize("topic", GOOD)
def test_good_ones(topic: str) -> None:
    assert check_topic(topic) is topic


@pytest.mark.parametrize(("topic", "text"), BAD, ids=lambda value: repr(value)[:20])
def test_bad_ones(topic: object, text: str) -> None:
    with pytest.raises(TopicError, match=text) as caught:
        check_topic(topic)  # type: ignore[arg-type]  # some are of another type
    assert caught.value.topic is topic
    assert len(str(caught.value)) < 300
