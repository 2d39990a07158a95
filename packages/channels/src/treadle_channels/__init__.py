"""Publish and subscribe for asyncio programs; loss is told, never silent.

>>> import asyncio
>>> async def check() -> None:
...     async with Channels(MemoryBackend()) as chat:
...         async with chat.subscribe("room") as messages:
...             await chat.publish("room", "hello")
...             print(await anext(messages))
>>> asyncio.run(check())
Message(topic='room', data='hello', id=None)
"""

from ._backends.interfaces import (
    Backend,
    Delivery,
    PresenceBackend,
    ReplayBackend,
    Replayed,
    Sink,
)
from ._backends.memory import MemoryBackend

# These import the engines' clients when a backend is made, not before.
from ._backends.postgres import PostgresBackend
from ._backends.redis_pubsub import RedisPubSubBackend
from ._backends.redis_streams import RedisStreamsBackend
from ._channels.channels import Channels
from ._channels.subscription import Subscription
from ._core.buffer import Overflow
from ._core.errors import (
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
from ._core.hub import Subscriber
from ._core.messages import Gap, GapReason, Message
from ._core.topics import check_topic
from ._version import __version__

__all__ = [
    "Backend",
    "BackendError",
    "BackendUnavailableError",
    "Channels",
    "ChannelsError",
    "ChannelsStoppedError",
    "Delivery",
    "Gap",
    "GapReason",
    "MemoryBackend",
    "Message",
    "MessageTooLargeError",
    "NoPresenceError",
    "NotReplayableError",
    "Overflow",
    "PostgresBackend",
    "PresenceBackend",
    "PublishQueueFullError",
    "RedisPubSubBackend",
    "RedisStreamsBackend",
    "ReplayBackend",
    "Replayed",
    "Sink",
    "SlowSubscriberError",
    "Subscriber",
    "Subscription",
    "TopicError",
    "__version__",
    "check_topic",
]
