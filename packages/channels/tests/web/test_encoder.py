"""Messages are encoded once, and what cannot be encoded is logged and None."""

import pytest

from treadle_channels import Message
from treadle_channels._web.encoder import Encoder


@pytest.mark.parametrize("data", ["text", b"bytes"])
def test_the_data_as_it_is(data: str | bytes) -> None:
    encoder = Encoder(None)
    prepared = encoder.prepare(Message("t", data))
    assert prepared is not None
    assert prepared.is_text is isinstance(data, str)
    assert prepared.payload == (data.encode() if isinstance(data, str) else data)


def test_once_for_each_message() -> None:
    calls: list[Message] = []

    def encode(message: Message) -> str:
        calls.append(message)
        return f"{message.topic}: {message.data!r}"

    encoder = Encoder(encode)
    # Equal messages are two: each was published.
    one, two = Message("t", "x"), Message("t", "x")
    first = encoder.prepare(one)
    assert encoder.prepare(one) is first
    assert encoder.prepare(two) is not first
    assert calls == [one, two]
    assert first is not None
    assert first.payload == b"t: 'x'"


@pytest.mark.parametrize("made", [1, None, ValueError("oops"), "\ud800"])
def test_what_cannot_be_encoded(made: object, caplog: pytest.LogCaptureFixture) -> None:
    calls = 0

    def encode(message: Message) -> str:
        nonlocal calls
        calls += 1
        if isinstance(made, Exception):
            raise made
        return made  # type: ignore[return-value]  # the mistake

    encoder = Encoder(encode)
    message = Message("t", "x")
    assert encoder.prepare(message) is None
    assert encoder.prepare(message) is None
    assert calls == 1
    assert "could not be encoded" in caplog.text
