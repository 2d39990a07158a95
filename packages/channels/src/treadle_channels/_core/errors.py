"""The errors of publishing and subscribing; each names whose fault it is."""

__all__ = [
    "BackendError",
    "BackendUnavailableError",
    "ChannelsError",
    "ChannelsStoppedError",
    "MessageTooLargeError",
    "NoPresenceError",
    "NotReplayableError",
    "PublishQueueFullError",
    "SlowSubscriberError",
    "TopicError",
]


class ChannelsError(Exception):
    """The base of all errors of this package."""


class TopicError(ChannelsError, ValueError):
    """The caller's fault: a topic that no backend takes, ``topic``."""

    def __init__(self, message: str, topic: object) -> None:
        super().__init__(message)
        self.topic = topic


class MessageTooLargeError(ChannelsError, ValueError):
    """The caller's fault: a message of ``size`` bytes, of which at most ``limit`` are allowed."""

    def __init__(self, message: str, size: int, limit: int) -> None:
        super().__init__(message)
        self.size = size
        self.limit = limit


class NotReplayableError(ChannelsError):
    """The caller's fault: messages of the past are asked of a backend that keeps none."""


class NoPresenceError(ChannelsError):
    """The caller's fault: the members of a topic are asked of a backend that does not keep them."""


class ChannelsStoppedError(ChannelsError, RuntimeError):
    """The caller's fault: the channels have not started yet, or have stopped."""


class SlowSubscriberError(ChannelsError):
    """The subscriber's fault: its queue was full, and its policy for that is ``"close"``."""


class BackendError(ChannelsError):
    """The engine's fault: it refused what it was told, or answered what it must not."""


class BackendUnavailableError(BackendError):
    """The engine cannot be reached: it was not there at the start, or the link is down."""


class PublishQueueFullError(BackendUnavailableError):
    """The link is down, and as many messages as are allowed wait for its return."""
