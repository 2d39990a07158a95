"""The names that treadle_channels promises."""

import treadle_channels
from testkit import check_public_api

NAMES = [
    "Backend", "BackendError", "BackendUnavailableError", "ChannelsError", "Delivery", "Gap",
    "GapReason", "Message", "MessageTooLargeError", "NotReplayableError", "PresenceBackend",
    "PublishQueueFullError", "ReplayBackend", "Replayed", "Sink", "TopicError", "__version__",
    "check_topic",
]  # fmt: skip


def test_public_api() -> None:
    check_public_api(treadle_channels, NAMES)
