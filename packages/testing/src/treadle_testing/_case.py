"""``AioHTTPTestCase``: the base class for applications that are tested with ``unittest``."""

import asyncio
from unittest import IsolatedAsyncioTestCase

from treadle_server import Application, Request

from ._client import TestClient
from ._server import TestServer

__all__ = ["AioHTTPTestCase"]


class AioHTTPTestCase(IsolatedAsyncioTestCase):
    """A test case with a running application: override ``get_application``.

    Each test has ``self.app``, ``self.server``, ``self.client`` and ``self.loop``.
    """

    loop: asyncio.AbstractEventLoop
    app: Application
    server: TestServer
    client: TestClient[Request, Application]

    async def get_application(self) -> Application:
        """Return the application; override this."""
        return self.get_app()

    def get_app(self) -> Application:
        """Return the application, for test cases that were written for old versions of aiohttp."""
        raise RuntimeError("Did you forget to define get_application()?")

    async def get_server(self, app: Application) -> TestServer:
        """Return the server of the application; override this for another one."""
        return TestServer(app, loop=self.loop)

    async def get_client(self, server: TestServer) -> TestClient[Request, Application]:
        """Return the client of the server; override this for another one."""
        return TestClient(server, loop=self.loop)

    async def asyncSetUp(self) -> None:
        """Start the application; a method that overrides this awaits it."""
        self.loop = asyncio.get_running_loop()
        await self.setUpAsync()

    async def setUpAsync(self) -> None:  # noqa: N802  # aiohttp's name
        """Start the application; the name of ``asyncSetUp`` in old versions of aiohttp."""
        self.app = await self.get_application()
        self.server = await self.get_server(self.app)
        self.client = await self.get_client(self.server)
        await self.client.start_server()

    async def asyncTearDown(self) -> None:
        """Stop the application; a method that overrides this awaits it."""
        await self.tearDownAsync()

    async def tearDownAsync(self) -> None:  # noqa: N802  # aiohttp's name
        """Stop the application; the name of ``asyncTearDown`` in old versions of aiohttp."""
        await self.client.close()
