"""Request factories as aiohttp calls them, for a server that makes requests from its own values."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, final

from treadle_http_parser import Request as Head
from treadle_server._body.stream import StreamReader
from treadle_server._core.types import ConnectionInfo

from .handler import RequestHandler
from .interfaces import DirectFactory, RequestFactory, ResponseChannel
from .message import RawRequestMessage
from .payload_writer import AbstractStreamWriter
from .request import BaseRequest

__all__ = ["AnyFactory", "GivenFactory", "direct_factory"]

#: Returns the request for a message, its body, the connection, the writer of the response and the
#: task that is running: None, because the one of the handler begins behind it.
GivenFactory = Callable[
    [
        RawRequestMessage,
        StreamReader,
        RequestHandler,
        AbstractStreamWriter,
        "asyncio.Task[Any] | None",
    ],
    BaseRequest,
]
AnyFactory = DirectFactory[BaseRequest] | GivenFactory


@final
class _GivenRequests:
    """Calls a factory with the values that aiohttp gives."""

    __slots__ = ("_factory",)

    def __init__(self, factory: GivenFactory) -> None:
        self._factory: Final = factory

    def __call__(
        self, head: Head, body: StreamReader, channel: ResponseChannel, connection: ConnectionInfo
    ) -> BaseRequest:
        received = BaseRequest.received(head, body, channel, connection)
        task = asyncio.current_task()
        message = received._message  # noqa: SLF001  # ``message`` has a warning
        return self._factory(message, body, received.protocol, received.writer, task)


def direct_factory(factory: AnyFactory | None) -> RequestFactory[BaseRequest]:
    """Return a factory that the server calls with its own values; ``BaseRequest`` by default."""
    if factory is None:
        return BaseRequest.received
    return factory.make if isinstance(factory, DirectFactory) else _GivenRequests(factory)
