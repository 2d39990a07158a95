"""Requests without a server, for unit tests of handlers and middlewares."""

import asyncio
import inspect
import ssl
from collections.abc import Iterable, Mapping
from typing import Any, Final
from unittest import mock

from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from treadle_server import (
    EMPTY_PAYLOAD,
    Application,
    HttpVersion,
    HttpVersion11,
    RawRequestMessage,
    Request,
    Signal,
    StreamReader,
    UrlMappingMatchInfo,
)

__all__ = ["make_mocked_coro", "make_mocked_request"]

_UNSET: Final[Any] = object()


def make_mocked_coro(return_value: Any = _UNSET, raise_exception: Any = _UNSET) -> Any:
    """Return a mock whose calls return a coroutine.

    The coroutine raises ``raise_exception`` if it is given. Otherwise it returns ``return_value``,
    or awaits it if it can be awaited.
    """

    async def coroutine(*_args: object, **_kwargs: object) -> object:
        if raise_exception is not _UNSET:
            raise raise_exception
        if inspect.isawaitable(return_value):
            return await return_value
        return return_value

    return mock.Mock(wraps=coroutine)


def _transport(sslcontext: ssl.SSLContext | None) -> Any:
    facts = {"sslcontext": sslcontext, "sockname": ("127.0.0.1", 80)}
    transport = mock.Mock()
    transport.get_extra_info.side_effect = lambda name, default=None: facts.get(name, default)
    transport.is_closing.return_value = False
    return transport


def _protocol(transport: Any) -> Any:
    protocol = mock.Mock()
    protocol.max_field_size = protocol.max_line_length = 8190
    protocol.max_headers = 128
    protocol.transport = transport
    protocol.peername = transport.get_extra_info("peername")
    protocol.sockname = transport.get_extra_info("sockname")
    protocol.ssl_context = transport.get_extra_info("sslcontext")
    return protocol


def _writer(transport: Any) -> Any:
    writer = mock.Mock()
    for name in ("write_headers", "write", "write_eof", "drain"):
        setattr(writer, name, make_mocked_coro(None))
    writer.transport = transport
    return writer


def _application() -> Any:
    """Return a mock of an application: it keeps state, and has an empty signal for responses."""
    state: dict[Any, Any] = {}
    app = mock.MagicMock(spec=Application)
    app.__getitem__.side_effect = state.__getitem__
    app.__setitem__.side_effect = state.__setitem__
    app.on_response_prepare = Signal()
    app.on_response_prepare.freeze()
    return app


def make_mocked_request(
    method: str,
    path: str,
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
    *,
    match_info: Any = _UNSET,
    version: HttpVersion = HttpVersion11,
    closing: bool = False,
    app: Any = None,
    writer: Any = _UNSET,
    protocol: Any = _UNSET,
    transport: Any = _UNSET,
    payload: StreamReader = EMPTY_PAYLOAD,
    sslcontext: ssl.SSLContext | None = None,
    client_max_size: int = 1024**2,
    client_max_fields: int = 1000,
    loop: Any = ...,
) -> Request:
    """Return a request that no client has sent; what is not given is a mock.

    ``match_info`` is a mapping with the variables of the path. For more than the handler's own code
    (routing, middlewares, the bytes of the response) use ``MemoryClient`` or ``TestClient``.
    """
    if loop is ...:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = mock.Mock()
            loop.create_future.return_value = ()
    fields = CIMultiDict(headers or ())
    raw = tuple((name.encode(), value.encode()) for name, value in fields.items())
    if app is None:
        app = _application()
    if transport is _UNSET:
        transport = _transport(sslcontext)
    if protocol is _UNSET:
        protocol = _protocol(transport)
    if writer is _UNSET:
        writer = _writer(transport)
    protocol.transport = transport
    protocol.writer = writer
    message = RawRequestMessage(
        method.upper(),
        path,
        version,
        CIMultiDictProxy(fields),
        raw,
        closing or version < HttpVersion11,
        None,
        fields.get("Connection", "").lower() == "upgrade" and bool(fields.get("Upgrade")),
        "chunked" in fields.get("Transfer-Encoding", "").lower(),
        URL(path),
    )
    request = Request(
        message,
        payload,
        protocol,
        writer,
        mock.Mock(),
        loop,
        client_max_size=client_max_size,
        client_max_fields=client_max_fields,
    )
    info = UrlMappingMatchInfo({} if match_info is _UNSET else match_info, mock.Mock())
    info.add_app(app)
    request._match_info = info  # noqa: SLF001  # TODO
    return request
