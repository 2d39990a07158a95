"""``MemoryClient``: requests to an application without a socket, through its real connection code.

The bytes of a request go into the protocol that a socket would have fed, and the bytes of the
response are read by a parser. So heads, framing, keep-alive, limits, middlewares and signals are
those of production, at a small part of the cost; only the operating system's network is left out.
"""

import asyncio
import functools
import json as json_module
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Final, Self, Unpack, final
from urllib.parse import urlencode

from aiohttp import CookieJar, FormData, TooManyRedirects
from aiohttp.payload import Payload
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL, Query

from treadle_responses import StreamResponse
from treadle_server import Application, AppRunner, BaseRequest, BaseRunner, Server, ServerRunner

from ._context import RequestContext
from ._memory_websocket import MemoryWebSocket, handshake
from ._options import MemoryRequestOptions, PlainHeaders, StartOptions
from ._response import MemoryResponse, SentRequest
from ._version import __version__
from ._wire import MemoryConnection

__all__ = ["MemoryClient"]

_MOST_REDIRECTS: Final = 10
_MOST_HEADS: Final = 256
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_Pieces = AsyncIterable[bytes]


@final
class MemoryClient:
    """Sends requests to ``app`` in memory; use it in ``async with``, or ``start`` and ``close`` it.

    ``app`` is an application, or a handler that takes a request and returns a response. ``headers``
    are sent with each request, ``cookies`` are the first ones. ``base_url`` decides what the
    application sees as its scheme and host. Other keyword arguments are options of the server.

    >>> import asyncio
    >>> from treadle_testing import MemoryClient
    >>> async def check() -> int:
    ...     async with MemoryClient(Application()) as client:
    ...         return (await client.get("/")).status
    >>> asyncio.run(check())
    404
    """

    def __init__(
        self,
        app: Application | Callable[[BaseRequest], Awaitable[StreamResponse]],
        *,
        base_url: str | URL = "http://testserver",
        headers: PlainHeaders | None = None,
        cookies: Mapping[str, str] | None = None,
        client: tuple[str, int] = ("127.0.0.1", 49152),
        **options: Unpack[StartOptions],
    ) -> None:
        self._app: Final = app
        self._options: Final = options
        self._base: Final = URL(base_url)
        #: The fields of each request.
        self.headers: CIMultiDict[str] = CIMultiDict(headers or ())
        self._first_cookies: Final = dict(cookies or {})
        self._jar: CookieJar | None = None
        self._peer: Final = client
        self._runner: BaseRunner | None = None
        self._server: Server | None = None
        self._connections: Final[list[MemoryConnection]] = []
        # The heads of requests without a body: making one costs more than answering it.
        self._heads: Final[dict[tuple[object, ...], tuple[CIMultiDictProxy[str], bytes]]] = {}
        self._websockets: Final[list[MemoryWebSocket]] = []

    # Life.

    @property
    def app(self) -> Application:
        """The application; raises ``AttributeError`` for a client of a bare handler."""
        if not isinstance(self._app, Application):
            raise AttributeError("This client has a handler, and no application")  # noqa: TRY004  # a part that it lacks
        return self._app

    @property
    def server(self) -> Server:
        """The server; raises ``RuntimeError`` before ``start`` and after ``close``."""
        if self._server is None:
            raise RuntimeError("The client is not started: use `async with`, or `await start()`")
        return self._server

    @property
    def cookies(self) -> CookieJar:
        """The cookies of the client, those that responses have set included."""
        if self._jar is None:
            self._jar = CookieJar(unsafe=True)
            if self._first_cookies:
                self._jar.update_cookies(self._first_cookies, self._base)
        return self._jar

    async def start(self) -> None:
        """Start the application; a second call does nothing."""
        if self._runner is not None:
            return
        options: dict[str, Any] = {"handler_cancellation": True, **self._options}
        # Short, since a test waits for it.
        timeout = float(options.pop("shutdown_timeout", 2.0))
        if isinstance(self._app, Application):
            runner: BaseRunner = AppRunner(self._app, shutdown_timeout=timeout, **options)
        else:
            runner = ServerRunner(Server(self._app, **options), shutdown_timeout=timeout)
        try:
            await runner.setup()
        except BaseException:
            await runner.cleanup()
            raise
        self._runner = runner
        self._server = runner.server

    async def close(self) -> None:
        """Close all connections and stop the application; a second call does nothing."""
        runner, self._runner, self._server = self._runner, None, None
        if runner is None:
            return
        for websocket in self._websockets:
            await websocket.close()
        for connection in self._connections:
            connection.transport.hang_up()
        # The server notices in the next turn of the event loop.
        await asyncio.sleep(0)
        await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    # Requests.

    def make_url(self, path: str | URL) -> URL:
        """Return the absolute URL of a path."""
        return _join(self._base, path)

    def request(
        self,
        method: str,
        path: str | URL,
        *,
        params: Query | None = None,
        headers: PlainHeaders | None = None,
        data: object = None,
        json: object = None,
        cookies: Mapping[str, str] | None = None,
        allow_redirects: bool = True,
    ) -> RequestContext[MemoryResponse]:
        """Send a request; await it for the response, or use it in ``async with``.

        ``data`` is a body: bytes, text, a mapping or pairs of a form, ``aiohttp.FormData``, or an
        asynchronous iterable of bytes, which is sent chunked. ``json`` is sent as JSON. Raises
        ``aiohttp.ServerDisconnectedError`` if the server closes the connection instead of an
        answer, and ``aiohttp.TooManyRedirects``.
        """
        return RequestContext(
            self._request(
                method, path, params, headers, data, json, cookies, allow_redirects=allow_redirects
            ),
            _close,
        )

    async def _request(
        self,
        method: str,
        path: str | URL,
        params: Query | None,
        headers: PlainHeaders | None,
        data: object,
        json: object,
        cookies: Mapping[str, str] | None,
        *,
        allow_redirects: bool,
    ) -> MemoryResponse:
        url = self.make_url(path)
        if params is not None:
            url = url.extend_query(params)
        fields = CIMultiDict(self.headers)
        if headers is not None:
            fields.update(headers)
        body: bytes | _Pieces = b""
        if data is not None or json is not None:
            body = await _body_of(data, json, fields)
        history: list[MemoryResponse] = []
        while True:
            response = await self._exchange(method, url, fields, body, cookies, tuple(history))
            location = response.headers.get("Location")
            if not allow_redirects or response.status not in _REDIRECTS or location is None:
                return response
            await response.read()
            history.append(response)
            if len(history) > _MOST_REDIRECTS:
                raise TooManyRedirects(response.request_info, tuple(history))  # type: ignore[arg-type]  # ours have the same attributes
            url = url.join(URL(location))
            if (response.status in (301, 302) and method == "POST") or (
                response.status == 303 and method != "HEAD"
            ):
                method, body = "GET", b""
                for name in ("Content-Type", "Content-Length", "Transfer-Encoding"):
                    fields.popall(name, None)

    async def _exchange(
        self,
        method: str,
        url: URL,
        fields: "CIMultiDict[str]",
        body: bytes | _Pieces,
        cookies: Mapping[str, str] | None,
        history: tuple[MemoryResponse, ...],
    ) -> MemoryResponse:
        sent, head = self._head(method, url, fields, body, cookies)
        connection = self._connection(url)
        if isinstance(body, bytes):
            answer = connection.send(method, head + body)
        else:
            answer = connection.send(method, head)
            await _send_pieces(connection, body)
        await answer.wait_started()
        if "Set-Cookie" in answer.headers:
            self.cookies.update_cookies_from_headers(answer.headers.getall("Set-Cookie"), url)
        return MemoryResponse(answer, SentRequest(method, url, sent), connection, history)

    def _head(
        self,
        method: str,
        url: URL,
        fields: "CIMultiDict[str]",
        body: bytes | _Pieces,
        cookies: Mapping[str, str] | None,
    ) -> "tuple[CIMultiDictProxy[str], bytes]":
        """Return the fields of a request and its head; tests ask for few, again and again."""
        if body or cookies or self._jar is not None or self._first_cookies:
            sent = self._with_defaults(method, url, fields, body, cookies)
            return CIMultiDictProxy(sent), _encode_head(method, url, sent)
        key = (method, url, *fields.items())
        found = self._heads.get(key)
        if found is None:
            sent = self._with_defaults(method, url, fields, body, cookies)
            found = CIMultiDictProxy(sent), _encode_head(method, url, sent)
            if len(self._heads) >= _MOST_HEADS:
                self._heads.clear()
            self._heads[key] = found
        return found

    def _with_defaults(
        self,
        method: str,
        url: URL,
        fields: "CIMultiDict[str]",
        body: bytes | _Pieces,
        cookies: Mapping[str, str] | None,
    ) -> "CIMultiDict[str]":
        sent = CIMultiDict(fields)
        sent.setdefault("Host", url.authority)
        sent.setdefault("Accept", "*/*")
        sent.setdefault("Accept-Encoding", "gzip, deflate")
        sent.setdefault("User-Agent", f"treadle-testing/{__version__}")
        if not isinstance(body, bytes):
            if "Content-Length" not in sent:
                sent["Transfer-Encoding"] = "chunked"
        elif body or method in ("POST", "PUT", "PATCH"):
            sent.setdefault("Content-Length", str(len(body)))
        if (cookies or self._jar is not None or self._first_cookies) and "Cookie" not in sent:
            values = {
                key: morsel.coded_value for key, morsel in self.cookies.filter_cookies(url).items()
            }
            values.update(cookies or {})
            if values:
                sent["Cookie"] = "; ".join(f"{key}={value}" for key, value in values.items())
        return sent

    def _connection(self, url: URL, *, fresh: bool = False) -> MemoryConnection:
        """Return a connection that is free, of this scheme."""
        connections = self._connections
        for connection in connections:
            if connection.is_free and not fresh:
                return connection
        connections[:] = [one for one in connections if not one.transport.is_closing()]
        context = _tls_context() if url.scheme in ("https", "wss") else None
        extra = {
            "peername": self._peer,
            "sockname": (url.host or "127.0.0.1", url.port or 80),
            "sslcontext": context,
        }
        connection = MemoryConnection(self.server, extra)
        connections.append(connection)
        return connection

    def get(
        self, path: str | URL, **kwargs: Unpack[MemoryRequestOptions]
    ) -> RequestContext[MemoryResponse]:
        """Send a GET request."""
        return self.request("GET", path, **kwargs)

    def post(
        self, path: str | URL, **kwargs: Unpack[MemoryRequestOptions]
    ) -> RequestContext[MemoryResponse]:
        """Send a POST request."""
        return self.request("POST", path, **kwargs)

    def options(
        self, path: str | URL, **kwargs: Unpack[MemoryRequestOptions]
    ) -> RequestContext[MemoryResponse]:
        """Send an OPTIONS request."""
        return self.request("OPTIONS", path, **kwargs)

    def head(
        self, path: str | URL, **kwargs: Unpack[MemoryRequestOptions]
    ) -> RequestContext[MemoryResponse]:
        """Send a HEAD request; a redirect is not followed."""
        kwargs.setdefault("allow_redirects", False)
        return self.request("HEAD", path, **kwargs)

    def put(
        self, path: str | URL, **kwargs: Unpack[MemoryRequestOptions]
    ) -> RequestContext[MemoryResponse]:
        """Send a PUT request."""
        return self.request("PUT", path, **kwargs)

    def patch(
        self, path: str | URL, **kwargs: Unpack[MemoryRequestOptions]
    ) -> RequestContext[MemoryResponse]:
        """Send a PATCH request."""
        return self.request("PATCH", path, **kwargs)

    def delete(
        self, path: str | URL, **kwargs: Unpack[MemoryRequestOptions]
    ) -> RequestContext[MemoryResponse]:
        """Send a DELETE request."""
        return self.request("DELETE", path, **kwargs)

    # WebSockets.

    def ws_connect(
        self,
        path: str | URL,
        *,
        protocols: Iterable[str] = (),
        headers: PlainHeaders | None = None,
        origin: str | None = None,
    ) -> RequestContext[MemoryWebSocket]:
        """Open a WebSocket; raises ``aiohttp.WSServerHandshakeError`` if the server refuses it."""
        return RequestContext(
            self._ws_connect(self.make_url(path), tuple(protocols), headers, origin),
            _close_websocket,
        )

    async def _ws_connect(
        self, url: URL, protocols: tuple[str, ...], headers: PlainHeaders | None, origin: str | None
    ) -> MemoryWebSocket:
        fields = CIMultiDict(self.headers)
        if headers is not None:
            fields.update(headers)
        if origin is not None:
            fields["Origin"] = origin
        key, check = handshake(fields, protocols)
        sent = self._with_defaults("GET", url, fields, b"", None)
        connection = self._connection(url, fresh=True)
        answer = connection.send("GET", _encode_head("GET", url, sent))
        await answer.wait_started()
        response = MemoryResponse(
            answer, SentRequest("GET", url, CIMultiDictProxy(sent)), connection, ()
        )
        check(response, key)
        websocket = MemoryWebSocket(connection, response)
        self._websockets.append(websocket)
        return websocket


@functools.lru_cache(256)
def _join(base: URL, path: str | URL) -> URL:
    """Return a URL of a server; tests ask for few, and again and again."""
    url = URL(path) if isinstance(path, str) else path
    return url if url.absolute else base.join(url)


async def _close(response: MemoryResponse) -> None:
    response.close()


async def _close_websocket(websocket: MemoryWebSocket) -> None:
    await websocket.close()


def _tls_context() -> object:
    import ssl  # most tests need none

    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


def _encode_head(method: str, url: URL, fields: "CIMultiDict[str]") -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in fields.items()])
    return f"{method} {url.raw_path_qs} HTTP/1.1\r\n{lines}\r\n".encode("utf-8", "surrogateescape")


async def _body_of(data: object, json: object, fields: "CIMultiDict[str]") -> bytes | _Pieces:
    """Return the body of a request and set its Content-Type."""
    if json is not None:
        if data is not None:
            raise ValueError("data and json parameters can not be used at the same time")
        fields.setdefault("Content-Type", "application/json")
        return json_module.dumps(json).encode()
    if isinstance(data, (bytes, bytearray, memoryview)):
        fields.setdefault("Content-Type", "application/octet-stream")
        return bytes(data)
    if isinstance(data, str):
        fields.setdefault("Content-Type", "text/plain; charset=utf-8")
        return data.encode()
    if isinstance(data, FormData):
        data = data()
    if isinstance(data, Payload):
        for name, value in data.headers.items():
            fields.setdefault(name, value)
        try:
            return await data.as_bytes()
        finally:
            await data.close()
    if isinstance(data, AsyncIterable):
        return data
    if isinstance(data, (Mapping, list, tuple)):
        pairs = data.items() if isinstance(data, Mapping) else data
        pairs = list(pairs)
        if any(hasattr(value, "read") or isinstance(value, bytes) for _, value in pairs):
            return await _body_of(FormData(pairs), None, fields)
        fields.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return urlencode(pairs).encode()
    raise TypeError(
        f"data is bytes, text, a form or an asynchronous iterable of bytes, not {type(data)!r}"
    )


async def _send_pieces(connection: MemoryConnection, body: _Pieces) -> None:
    transport = connection.transport
    async for piece in body:
        if piece:
            transport.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            await transport.drain()
    transport.send(b"0\r\n\r\n")
