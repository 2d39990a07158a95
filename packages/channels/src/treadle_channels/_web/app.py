"""Channels as a part of an application: ``setup``, ``of``, and WebSockets that join topics."""

import asyncio
import weakref
from collections.abc import AsyncIterator
from typing import Final, TypedDict, Unpack, final

from treadle_channels._backends.interfaces import Backend
from treadle_channels._channels.channels import Channels
from treadle_channels._core.buffer import Overflow, check_overflow, check_queue
from treadle_channels._core.topics import check_topic
from treadle_responses import AppKey
from treadle_server import (
    Application,
    BaseRequest,
    EventSourceResponse,
    Request,
    WebSocketResponse,
)
from treadle_server.interfaces import WebSocketChannel, websocket_channel
from treadle_websocket import State

from .encoder import Encode, Encoder
from .events import EncodeEvent, SubscriptionEvents, subscribe_after
from .member import GapMessage, Member

__all__ = ["CHANNELS", "ChannelsOptions", "WebChannels", "of", "setup"]


class ChannelsOptions(TypedDict, total=False):
    """The options of ``Channels``."""

    max_message: int
    queue: int
    overflow: Overflow
    presence_ttl: float


@final
class WebChannels(Channels):
    """``Channels`` for an application: WebSockets join topics, and event streams follow them."""

    def __init__(self, backend: Backend, **options: Unpack[ChannelsOptions]) -> None:
        super().__init__(backend, **options)
        self._members: Final[dict[WebSocketChannel, Member]] = {}
        self._plain: Final = Encoder(None)
        # Those of functions, so that WebSockets with the same function share the frames.
        self._encoders: Final[weakref.WeakValueDictionary[Encode, Encoder]] = (
            weakref.WeakValueDictionary()
        )
        # The tasks that send to peers that were behind when they left.
        self._ending: Final[set[asyncio.Task[None]]] = set()

    async def join(
        self,
        ws: WebSocketResponse[bool],
        *topics: str,
        overflow: Overflow = "close",
        queue: int = 256,
        gap: GapMessage | None = None,
        encode: Encode | None = None,
    ) -> None:
        """Send what is published in ``topics`` to ``ws`` until it closes, or leaves.

        Each message is encoded once for all WebSockets of the process; ``encode(message)`` makes
        the text or bytes to send, None sends the data. A peer that is behind with reading has
        ``queue`` messages waiting for it. When more come, ``overflow="close"`` closes its
        WebSocket with code 1013, so that it can connect again; ``"drop_oldest"`` and
        ``"drop_newest"`` leave some out. ``gap(gap)`` makes the text or bytes that tell the peer of
        a loss; without it a loss closes the WebSocket with code 1013.

        A later call adds topics, and must have the same options. Raises ``RuntimeError`` for a
        WebSocket that was not prepared, ``TopicError`` and ``ValueError`` for values that cannot
        be used, and what the engine raises; a WebSocket that has closed already joins nothing.
        """
        if not topics:
            raise ValueError("A WebSocket joins at least one topic")
        for topic in topics:
            check_topic(topic)
        channel = websocket_channel(ws)
        options = self._encoder(encode), check_queue(queue), check_overflow(overflow), gap
        member = self._members.get(channel)
        if member is None:
            self._running()
            if channel.session.state is State.CLOSED:
                return
            member = self._members[channel] = Member(
                channel, options[0], queue=queue, overflow=overflow, gap=gap, left=self._has_left
            )
        elif member.options != options:
            raise ValueError(
                "This WebSocket has joined with other options: they are those of the first join() "
                "until it leaves"
            )
        try:
            await self.attach(member, topics)
        except BaseException:
            self._drop_without_topics(member)
            raise

    async def leave(self, ws: WebSocketResponse[bool], *topics: str) -> None:
        """Send nothing of ``topics`` to ``ws`` any more, without names nothing of any.

        What still waits for a peer that is behind goes with it if no topic is left. A WebSocket
        that closes leaves by itself.
        """
        member = self._members.get(websocket_channel(ws))
        if member is None:
            return
        if topics:
            self.detach(member, topics)
            self._drop_without_topics(member)
        else:
            member.leave()

    def _encoder(self, encode: Encode | None) -> Encoder:
        if encode is None:
            return self._plain
        encoder = self._encoders.get(encode)
        if encoder is None:
            encoder = self._encoders[encode] = Encoder(encode)
        return encoder

    def _drop_without_topics(self, member: Member) -> None:
        if self._intake is not None and not self._intake.hub.topics_of(member):
            member.leave()

    def _has_left(self, member: Member) -> None:
        del self._members[member.ws]
        self.detach(member)
        if member.task is not None:
            self._ending.add(member.task)
            member.task.add_done_callback(self._ending.discard)

    def event_stream(
        self,
        request: BaseRequest,
        *topics: str,
        event: str | None = None,
        encode: EncodeEvent | None = None,
        keepalive: float | None = 15.0,
    ) -> EventSourceResponse:
        """Return ``topics`` as an event stream, for the handler to return.

        Each message is an event of the type ``event``, with ``encode(message)`` for its data. With
        a replayable backend the ids of events are cursors, and a client that connects again gets
        what it has missed. A loss is an event of the type ``gap``.

        Raises ``TopicError`` and ``ValueError`` for values that cannot be used.
        """
        subscription, lost = subscribe_after(self, topics, request.last_event_id)
        return SubscriptionEvents(
            subscription, lost, event=event, encode=encode, keepalive=keepalive
        )

    # The life of the application.

    async def stop(self) -> None:
        """Close the WebSockets that have joined, end all subscriptions, and stop the backend."""
        try:
            await super().stop()
        finally:
            if self._ending:
                await asyncio.wait(tuple(self._ending))

    async def run_with(self, app: Application) -> AsyncIterator[None]:  # noqa: ARG002  # the signature of a cleanup context
        """Run from the start of ``app`` to its end: a cleanup context."""
        async with self:
            yield

    async def end_with(self, app: Application) -> None:  # noqa: ARG002  # the signature of a receiver
        """End the subscriptions of handlers, so that a stop need not wait for them."""
        self.end_subscriptions()


#: The key of an application's channels.
CHANNELS: Final = AppKey("channels", WebChannels)


def setup(app: Application, backend: Backend, **options: Unpack[ChannelsOptions]) -> WebChannels:
    """Give ``app`` channels over ``backend``: they start and stop with it, in each worker.

    They are ``app[CHANNELS]``, and ``of(request)`` in a handler. ``options`` are those of
    ``Channels``. Raises ``RuntimeError`` if ``app`` has channels already.
    """
    if CHANNELS in app:
        raise RuntimeError(f"{app!r} has channels already: use of(app)")
    channels = WebChannels(backend, **options)
    app[CHANNELS] = channels
    app.cleanup_ctx.append(channels.run_with)
    app.on_shutdown.append(channels.end_with)
    return channels


def of(owner: Request | Application) -> WebChannels:
    """Return the channels of the application of a request, or of those around it.

    Raises ``RuntimeError`` if none of them has any.
    """
    found = (owner.config_dict if isinstance(owner, Request) else owner).get(CHANNELS)
    if found is None:
        raise RuntimeError(
            f"No channels in the application of {owner!r}: call channels.setup(app, backend) first"
        )
    channels: WebChannels = found
    return channels
