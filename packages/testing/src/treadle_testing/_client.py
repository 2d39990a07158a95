"""A client for one test server: aiohttp's, with paths instead of URLs."""

from collections.abc import Awaitable, Coroutine, Generator
from types import TracebackType
from typing import Any, Final, Self, final

from aiohttp import ClientResponse, ClientSession, CookieJar
from aiohttp.abc import AbstractCookieJar
from yarl import URL

from treadle_server import Application

from ._server import BaseTestServer, TestServer

__all__ = ["RequestContext", "TestClient"]


@final
class RequestContext(Awaitable[ClientResponse]):
    """A request to come: await it for the response, or use it in ``async with``."""

    __slots__ = ("_response", "_send")

    def __init__(self, send: Coroutine[Any, Any, ClientResponse]) -> None:
        self._send: Final = send
        self._response: ClientResponse | None = None

    def __await__(self) -> Generator[Any, None, ClientResponse]:
        return self._send.__await__()

    async def __aenter__(self) -> ClientResponse:
        self._response = await self._send
        return self._response

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._response is not None:
            self._response.release()


class TestClient:
    """Sends requests to ``server``, which it starts and closes; use it in ``async with``.

    ``cookie_jar`` and the other keyword arguments go to ``aiohttp.ClientSession``. Raises
    ``TypeError`` for anything but a test server.
    """

    __test__ = False

    def __init__(
        self,
        server: BaseTestServer,
        *,
        cookie_jar: AbstractCookieJar | None = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(server, BaseTestServer):
            raise TypeError(f"server must be a TestServer or RawTestServer, not {server!r}")
        self._server: Final = server
        # The test servers' host is an IP address, whose cookies a jar refuses by default.
        jar = CookieJar(unsafe=True) if cookie_jar is None else cookie_jar
        self._session: Final = ClientSession(cookie_jar=jar, **kwargs)
        # Closed with the client, so that a test need not release each response that it looked at.
        self._responses: Final[list[ClientResponse]] = []
        self._closed = False

    @property
    def server(self) -> BaseTestServer:
        """The server."""
        return self._server

    @property
    def app(self) -> Application | None:
        """The served application, None for a bare handler."""
        return self._server.app if isinstance(self._server, TestServer) else None

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
            await self._session.close()
            await self._server.close()

    def request(self, method: str, path: str | URL, **kwargs: Any) -> RequestContext:
        """Send a request; the keyword arguments are those of ``aiohttp.ClientSession.request``."""
        return RequestContext(self._request(method, path, **kwargs))

    async def _request(self, method: str, path: str | URL, **kwargs: Any) -> ClientResponse:
        response = await self._session.request(method, self.make_url(path), **kwargs)
        self._responses.append(response)
        return response

    def get(self, path: str | URL, **kwargs: Any) -> RequestContext:
        """Send a GET request."""
        return self.request("GET", path, **kwargs)

    def post(self, path: str | URL, **kwargs: Any) -> RequestContext:
        """Send a POST request."""
        return self.request("POST", path, **kwargs)

    def options(self, path: str | URL, **kwargs: Any) -> RequestContext:
        """Send an OPTIONS request."""
        return self.request("OPTIONS", path, **kwargs)

    def head(self, path: str | URL, **kwargs: Any) -> RequestContext:
        """Send a HEAD request."""
        return self.request("HEAD", path, **kwargs)

    def put(self, path: str | URL, **kwargs: Any) -> RequestContext:
        """Send a PUT request."""
        return self.request("PUT", path, **kwargs)

    def patch(self, path: str | URL, **kwargs: Any) -> RequestContext:
        """Send a PATCH request."""
        return self.request("PATCH", path, **kwargs)

    def delete(self, path: str | URL, **kwargs: Any) -> RequestContext:
        """Send a DELETE request."""
        return self.request("DELETE", path, **kwargs)

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
