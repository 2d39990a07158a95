"""The form of messages in notifications."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_channels import BackendError
from treadle_channels._core.notify import MAX_PAYLOAD, channel_name, decode, encode, reference


@given(st.integers(0, 1 << 64), st.text(min_size=1, max_size=100), st.binary(max_size=9000))
def test_a_message_comes_back_or_is_too_long(number: int, topic: str, envelope: bytes) -> None:
    try:
        topic.encode()
    except UnicodeEncodeError:
        topic = "a"
    payload = encode(number, topic, envelope)
    if payload is None:
        assert 3 * len(topic.encode()) + len(envelope) * 4 / 3 > MAX_PAYLOAD - 30
    else:
        assert len(payload) <= MAX_PAYLOAD
        assert payload.isascii()
        assert "\0" not in payload
        assert decode(payload) == (topic, envelope)
    assert decode(reference(number, topic, 7)) == (topic, 7)


@given(st.text())
def test_anything_else_is_an_error(payload: str) -> None:
    try:
        topic, found = decode(payload)
    except BackendError as error:
        assert "Not a message" in str(error)  # noqa: PT017  # either is right
    else:
        assert len(payload.split(" ", 3)) == 4
        assert isinstance(topic, str)
        assert isinstance(found, bytes | int)


@pytest.mark.parametrize("payload", ["", "1 a b", "1 c a b", "1 b a *", "1 a a é", "1 r a x"])
def test_no_messages(payload: str) -> None:
    with pytest.raises(BackendError, match="does another program notify here"):
        decode(payload)


def test_names_of_channels_are_short_and_differ() -> None:
    names = {channel_name(p, t) for p in ("", "p:", "q:") for t in ("a", "b", "x" * 512, "é", '"')}
    assert len(names) == 15
    assert all(len(name) <= 63 and name.isidentifier() for name in names)
