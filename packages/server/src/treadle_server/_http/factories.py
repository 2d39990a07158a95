"""Request factories as aiohttp calls them, for a server that makes requests from its own values."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, final

from treadle_http_parser import Request as Head
from treadle_server._body.stream import StreamReader
from treadle_server._core.config import ServerConfig
from treadle_server._core.trusted_proxies import as_trusted_proxies
from treadle_server._core.types import ConnectionInfo, ProxiedInfo

from .forwarded import Believed, ForwardedReader
from .handler import RequestHandler
from .interfaces import DirectFactory, RequestFactory, ResponseChannel
from .message import RawRequestMessage
from .payload_writer import AbstractStreamWriter
from .request import BaseRequest

__all__ = ["AnyFactory", "GivenFactory", "believing_factory", "direct_factory"]

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


@final
class _BelievingRequests:
    """Calls a factory, and gives its requests what the proxies in front of the server say."""

    __slots__ = ("_factory", "_reader")

    def __init__(
        self, factory: RequestFactory[BaseRequest], reader: ForwardedReader | None
    ) -> None:
        self._factory: Final = factory
        self._reader: Final = reader

    def __call__(
        self, head: Head, body: StreamReader, channel: ResponseChannel, connection: ConnectionInfo
    ) -> BaseRequest:
        request = self._factory(head, body, channel, connection)
        said = Believed()
        if self._reader is not None:
            said = self._reader.read(head.fields, head.authority, connection)
        remote, scheme, host = said
        if isinstance(connection, ProxiedInfo):
            remote = remote or connection.remote
            scheme = scheme or ("https" if connection.source_tls else None)
        request.believe(remote, scheme, host)
        return request


def believing_factory(
    factory: RequestFactory[BaseRequest], config: ServerConfig
) -> RequestFactory[BaseRequest]:
    """Return a factory for a server behind proxies: ``factory`` itself if there are none."""
    proxies = as_trusted_proxies(config.trusted_proxies)
    if proxies is None and not config.proxy_protocol:
        return factory
    return _BelievingRequests(factory, None if proxies is None else ForwardedReader(proxies))
