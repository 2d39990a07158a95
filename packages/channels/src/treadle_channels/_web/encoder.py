"""Encode each message once for all WebSockets that get it in the same form."""

from collections.abc import Callable
from typing import Final, final

from treadle_channels._channels.logs import RareLog
from treadle_channels._core.messages import Message
from treadle_websocket import PreparedMessage

__all__ = ["Encode", "Encoder"]

Encode = Callable[[Message], str | bytes]


@final
class Encoder:
    """Messages as frames, by ``encode``; None sends the data as it is.

    The frame of the last message is kept: a message goes to all its subscribers before the next.
    """

    __slots__ = ("__weakref__", "_encode", "_last", "_log", "_prepared")

    def __init__(self, encode: Encode | None) -> None:
        self._encode: Final = encode
        self._last: Message | None = None
        self._prepared: PreparedMessage | None = None
        self._log: Final = RareLog()

    def prepare(self, message: Message) -> PreparedMessage | None:
        """Return ``message`` as a frame; None if it cannot be encoded, which is logged."""
        if message is not self._last:
            self._prepared = self._make(message)
            self._last = message
        return self._prepared

    def _make(self, message: Message) -> PreparedMessage | None:
        encode = self._encode
        try:
            return PreparedMessage(message.data if encode is None else encode(message))
        except Exception as error:  # noqa: BLE001  # it is the caller's function
            self._log.error(
                "A message of the topic %r could not be encoded, so that it is lost",
                message.topic[:80], error=error,
            )  # fmt: skip
            return None
