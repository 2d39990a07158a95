"""The names that treadle_channels promises."""

import treadle_channels
from testkit import check_public_api

NAMES = [
    "Backend", "BackendError", "BackendUnavailableError", "Channels", "ChannelsError",
    "ChannelsStoppedError", "Delivery", "Gap", "GapReason", "MemoryBackend", "Message",
    "MessageTooLargeError", "NoPresenceError", "NotReplayableError", "Overflow",
    "PresenceBackend", "PublishQueueFullError", "ReplayBackend", "Replayed", "Sink",
    "SlowSubscriberError", "Subscriber", "Subscription", "TopicError", "__version__",
    "check_topic",
]  # fmt: skip


def test_public_api() -> None:
    check_public_api(treadle_channels, NAMES)
