"""A subscription as an event stream: each message an event, whose id is the place behind it.

The subscription begins before the head of the response is sent, so that a client that has the head
misses nothing. A client that connects again sends the id of its last event, which is the cursor of
a subscription; with a replayable backend it gets what it has missed. What cannot be had again is
told by an event ``gap``, with the fields of ``Gap`` as JSON.
"""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, final

from treadle_channels._channels.channels import Channels
from treadle_channels._channels.subscription import Subscription
from treadle_channels._core.cursor import is_cursor, unpack_cursor
from treadle_channels._core.errors import NotReplayableError
from treadle_channels._core.messages import Gap, Message
from treadle_responses import RequestInfo, ResponseWriter, ServerSentEvent
from treadle_server import BaseRequest, EventSourceResponse

__all__ = ["EncodeEvent", "SubscriptionEvents", "subscribe_after"]

EncodeEvent = Callable[[Message], str]


def _gap_event(gap: Gap, cursor: str | None) -> ServerSentEvent:
    fields = {"topics": sorted(gap.topics), "reason": gap.reason, "missed": gap.missed}
    return ServerSentEvent(json.dumps(fields), event="gap", id=cursor)


def subscribe_after(
    channels: Channels, topics: Sequence[str], last: str | None
) -> tuple[Subscription, Gap | None]:
    """Return a subscription behind ``last``, which a client has sent, and what it has lost.

    A ``last`` that is no cursor begins a subscription to what is published from now on.
    """
    subscription = channels.subscribe(*topics)
    if last is None:
        return subscription, None
    lost = frozenset(topics)
    if is_cursor(last):
        try:
            subscription = channels.subscribe(*topics, after=last)
            lost -= unpack_cursor(last, topics).keys()
        except (ValueError, NotReplayableError):
            pass
    return subscription, Gap(lost, "trimmed") if lost else None


@final
class SubscriptionEvents(EventSourceResponse):
    """The event stream of a subscription."""

    def __init__(
        self,
        subscription: Subscription,
        lost: Gap | None,
        *,
        event: str | None,
        encode: EncodeEvent | None,
        keepalive: float | None,
    ) -> None:
        super().__init__(self._make_events(), keepalive=keepalive)
        self._subscription: Final = subscription
        self._lost: Final = lost
        self._event: Final = event
        self._encode_event: Final = encode

    async def prepare(self, request: RequestInfo) -> ResponseWriter | None:
        """Begin the subscription, and send the head; a second call does nothing."""
        if not self.prepared and isinstance(request, BaseRequest):
            # The events may never be asked for: the client may have left.
            request.add_cleanup(self._subscription.close)
            await self._subscription.__aenter__()
        return await super().prepare(request)

    async def _make_events(self) -> AsyncIterator[ServerSentEvent]:
        subscription = self._subscription
        try:
            cursor = subscription.cursor
            if self._lost is not None:
                yield _gap_event(self._lost, cursor)
            elif cursor is not None:
                # Without data it is no event for the page, but the browser keeps the id.
                yield ServerSentEvent(id=cursor)
            async for item in subscription:
                yield self._make_event(item, subscription.cursor)
        finally:
            await subscription.aclose()

    def _make_event(self, item: Message | Gap, cursor: str | None) -> ServerSentEvent:
        if isinstance(item, Gap):
            return _gap_event(item, cursor)
        if self._encode_event is not None:
            return ServerSentEvent(self._encode_event(item), event=self._event, id=cursor)
        data = item.data
        if isinstance(data, bytes):
            try:
                data = data.decode()
            except UnicodeDecodeError:
                # Event streams are text.
                return _gap_event(Gap(frozenset((item.topic,)), "undecodable", 1), cursor)
        return ServerSentEvent(data, event=self._event, id=cursor)
