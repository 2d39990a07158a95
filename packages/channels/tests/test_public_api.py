"""The names that treadle_channels promises."""

import subprocess
import sys

import treadle_channels
from testkit import check_public_api

NAMES = [
    "Backend", "BackendError", "BackendUnavailableError", "Channels", "ChannelsError",
    "ChannelsStoppedError", "Delivery", "Gap", "GapReason", "MemoryBackend", "Message",
    "MessageTooLargeError", "NoPresenceError", "NotReplayableError", "Overflow",
    "PostgresBackend", "PresenceBackend", "PublishQueueFullError", "RedisPubSubBackend",
    "RedisStreamsBackend", "ReplayBackend", "Replayed", "Sink",
    "SlowSubscriberError", "Subscriber", "Subscription", "TopicError", "__version__",
    "check_topic",
]  # fmt: skip


def test_the_clients_of_engines_are_not_imported_before_they_are_needed() -> None:
    program = (
        "import sys, treadle_channels as c; c.RedisPubSubBackend, c.PostgresBackend;"
        "print({'redis', 'psycopg'} & set(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert found.stdout == "set()\n"


def test_public_api() -> None:
    check_public_api(treadle_channels, NAMES)
