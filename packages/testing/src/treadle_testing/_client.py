"""A client for one test server: aiohttp's, with paths instead of URLs."""

import asyncio
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Generic,
    Literal,
    NoReturn,
    Self,
    TypeVar,
    Unpack,
    overload,
)

from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse, CookieJar
from aiohttp.abc import AbstractCookieJar
from yarl import URL

from treadle_server import Application, BaseRequest, Request

from ._context import RequestContext
from ._options import RequestOptions, WebSocketOptions
from ._server import BaseTestServer, TestServer

__all__ = ["TestClient"]

_Request = TypeVar("_Request", bound=BaseRequest)
_ApplicationNone = TypeVar("_ApplicationNone", Application, None)


async def _release(response: ClientResponse) -> None:
    response.release()


async def _close_websocket(websocket: "ClientWebSocketResponse[Any]") -> None:
    await websocket.close()


class TestClient(Generic[_Request, _ApplicationNone]):
    """Sends requests to ``server``, which it starts and closes; use it in ``async with``.

    ``cookie_jar`` and the other keyword arguments go to ``aiohttp.ClientSession``. Responses and
    WebSockets that a test leaves open are closed with the client. Raises ``TypeError`` for anything
    but a test server.
    """

    __test__ = False

    @overload
    def __init__(
        self: "TestClient[Request, Application]",
        server: TestServer,
        *,
        cookie_jar: AbstractCookieJar | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        **kwargs: Any,
    ) -> None: ...

    @overload
    def __init__(
        self: "TestClient[BaseRequest, None]",
        server: BaseTestServer,
        *,
        cookie_jar: AbstractCookieJar | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        **kwargs: Any,
    ) -> None: ...

    def __init__(
        self,
        server: BaseTestServer,
        *,
        cookie_jar: AbstractCookieJar | None = None,
        loop: asyncio.AbstractEventLoop | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(server, BaseTestServer):
            raise TypeError(f"server must be TestServer instance, found type: {type(server)!r}")
        self._server: Final = server
        # The test servers' host is an IP address, whose cookies a jar refuses by default.
        jar = CookieJar(unsafe=True, loop=loop) if cookie_jar is None else cookie_jar
        self._session: Final = ClientSession(cookie_jar=jar, loop=loop, **kwargs)
        # A test looks at what the server answers, so a request must not be sent a second time.
        self._session._retry_connection = False  # noqa: SLF001  # there is no public way
        # Closed with the client, so that a test need not release each response that it looked at.
        self._responses: Final[list[ClientResponse]] = []
        self._websockets: Final[list[ClientWebSocketResponse[Any]]] = []
        self._closed = False

    @property
    def server(self) -> BaseTestServer:
        """The server."""
        return self._server

    @property
    def app(self) -> _ApplicationNone:
        """The served application, None for a bare handler."""
        app: Any = getattr(self._server, "app", None)
        return app  # type: ignore[no-any-return]  # the overloads of the constructor pair them

    @property
    def session(self) -> ClientSession:
        """The session that sends the requests, for everything that this class has no method for."""
        return self._session

    @property
    def host(self) -> str:
        """The server's host."""
        return self._server.host

    @property
    def port(self) -> int | None:
        """The server's port."""
        return self._server.port

    def make_url(self, path: str | URL) -> URL:
        """Return the absolute URL of a path of the server."""
        return self._server.make_url(path)

    async def start_server(self) -> None:
        """Start the server."""
        await self._server.start_server()

    async def close(self) -> None:
        """Close the session and the server; a second call does nothing."""
        if not self._closed:
            self._closed = True
            for response in self._responses:
                response.close()
            for websocket in self._websockets:
                await websocket.close()
            await self._session.close()
            await self._server.close()

    def request(
        self, method: str, path: str | URL, **kwargs: Unpack[RequestOptions]
    ) -> RequestContext[ClientResponse]:
        """Send a request; the keyword arguments are those of ``aiohttp.ClientSession.request``."""
        return RequestContext(self._request(method, path, **kwargs), _release)

    async def _request(
        self, method: str, path: str | URL, **kwargs: Unpack[RequestOptions]
    ) -> ClientResponse:
        response = await self._session.request(method, self.make_url(path), **kwargs)
        self._responses.append(response)
        return response

    def get(
        self, path: str | URL, **kwargs: Unpack[RequestOptions]
    ) -> RequestContext[ClientResponse]:
        """Send a GET request."""
        return self.request("GET", path, **kwargs)

    def post(
        self, path: str | URL, **kwargs: Unpack[RequestOptions]
    ) -> RequestContext[ClientResponse]:
        """Send a POST request."""
        return self.request("POST", path, **kwargs)

    def options(
        self, path: str | URL, **kwargs: Unpack[RequestOptions]
    ) -> RequestContext[ClientResponse]:
        """Send an OPTIONS request."""
        return self.request("OPTIONS", path, **kwargs)

    def head(
        self, path: str | URL, **kwargs: Unpack[RequestOptions]
    ) -> RequestContext[ClientResponse]:
        """Send a HEAD request."""
        return self.request("HEAD", path, **kwargs)

    def put(
        self, path: str | URL, **kwargs: Unpack[RequestOptions]
    ) -> RequestContext[ClientResponse]:
        """Send a PUT request."""
        return self.request("PUT", path, **kwargs)

    def patch(
        self, path: str | URL, **kwargs: Unpack[RequestOptions]
    ) -> RequestContext[ClientResponse]:
        """Send a PATCH request."""
        return self.request("PATCH", path, **kwargs)

    def delete(
        self, path: str | URL, **kwargs: Unpack[RequestOptions]
    ) -> RequestContext[ClientResponse]:
        """Send a DELETE request."""
        return self.request("DELETE", path, **kwargs)

    # WebSockets.

    @overload
    def ws_connect(
        self,
        path: str | URL,
        *,
        decode_text: Literal[True] = True,
        **kwargs: Unpack[WebSocketOptions],
    ) -> RequestContext[ClientWebSocketResponse[Literal[True]]]: ...

    @overload
    def ws_connect(
        self, path: str | URL, *, decode_text: Literal[False], **kwargs: Unpack[WebSocketOptions]
    ) -> RequestContext[ClientWebSocketResponse[Literal[False]]]: ...

    @overload
    def ws_connect(
        self, path: str | URL, *, decode_text: bool = True, **kwargs: Unpack[WebSocketOptions]
    ) -> RequestContext[ClientWebSocketResponse[bool]]: ...

    def ws_connect(
        self, path: str | URL, *, decode_text: bool = True, **kwargs: Unpack[WebSocketOptions]
    ) -> RequestContext[Any]:
        """Open a WebSocket; the keyword arguments are those of ``aiohttp.ClientSession``."""
        return RequestContext(
            self._ws_connect(path, decode_text=decode_text, **kwargs), _close_websocket
        )

    async def _ws_connect(self, path: str | URL, **kwargs: Any) -> "ClientWebSocketResponse[Any]":
        websocket: ClientWebSocketResponse[Any] = await self._session.ws_connect(
            self.make_url(path), **kwargs
        )
        self._websockets.append(websocket)
        return websocket

    # Type checkers report ``with``, because they do not see these.
    if not TYPE_CHECKING:

        def __enter__(self) -> NoReturn:
            raise TypeError("Use async with instead")

        def __exit__(self, *error: object) -> None:
            """Do nothing: ``__enter__`` refuses ``with``."""

    async def __aenter__(self) -> Self:
        await self.start_server()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
