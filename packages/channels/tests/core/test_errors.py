"""The errors: of which other errors they are, and the facts that they carry."""

import pytest

from treadle_channels import (
    BackendError,
    BackendUnavailableError,
    ChannelsError,
    ChannelsStoppedError,
    MessageTooLargeError,
    NoPresenceError,
    NotReplayableError,
    PublishQueueFullError,
    SlowSubscriberError,
    TopicError,
)

KINDS: list[tuple[type[ChannelsError], type[Exception]]] = [
    (TopicError, ValueError),
    (MessageTooLargeError, ValueError),
    (ChannelsStoppedError, RuntimeError),
    (BackendUnavailableError, BackendError),
    (PublishQueueFullError, BackendUnavailableError),
    (NoPresenceError, ChannelsError),
    (NotReplayableError, ChannelsError),
    (SlowSubscriberError, ChannelsError),
    (BackendError, ChannelsError),
]


@pytest.mark.parametrize(("kind", "base"), KINDS)
def test_kinds(kind: type[ChannelsError], base: type[Exception]) -> None:
    assert issubclass(kind, ChannelsError)
    assert issubclass(kind, base)


def test_facts() -> None:
    assert TopicError("text", 7).topic == 7
    error = MessageTooLargeError("text", 5, 3)
    assert (error.size, error.limit, str(error)) == (5, 3, "text")
