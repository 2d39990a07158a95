"""Publish and subscribe for asyncio programs; loss is told, never silent."""

from ._backends.interfaces import (
    Backend,
    Delivery,
    PresenceBackend,
    ReplayBackend,
    Replayed,
    Sink,
)
from ._core.errors import (
    BackendError,
    BackendUnavailableError,
    ChannelsError,
    MessageTooLargeError,
    NotReplayableError,
    PublishQueueFullError,
    TopicError,
)
from ._core.messages import Gap, GapReason, Message
from ._core.topics import check_topic
from ._version import __version__

__all__ = [
    "Backend",
    "BackendError",
    "BackendUnavailableError",
    "ChannelsError",
    "Delivery",
    "Gap",
    "GapReason",
    "Message",
    "MessageTooLargeError",
    "NotReplayableError",
    "PresenceBackend",
    "PublishQueueFullError",
    "ReplayBackend",
    "Replayed",
    "Sink",
    "TopicError",
    "__version__",
    "check_topic",
]
