"""Envelopes: the type and the bytes of each message come back, and nothing else is taken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle_channels import BackendError
from treadle_channels._core.envelope import pack, unpack


@given(st.text() | st.binary())
def test_there_and_back(data: str | bytes) -> None:
    assert unpack(pack(data)) == data
    assert type(unpack(pack(data))) is type(data)


@pytest.mark.parametrize(
    ("envelope", "text"),
    [(b"", "Not a message"), (b"x", "Not a message"), (b"t\xff", "not UTF-8"), (b"T", "Not a")],
)
def test_what_is_not_ours(envelope: bytes, text: str) -> None:
    with pytest.raises(BackendError, match=text):
        unpack(envelope)


def test_errors_are_short() -> None:
    with pytest.raises(BackendError) as caught:
        unpack(b"\xff" * 1_000_000)
    assert len(str(caught.value)) < 500


def test_a_lone_surrogate() -> None:
    with pytest.raises(ValueError, match="lone surrogate at 1"):
        pack("a\ud800")
