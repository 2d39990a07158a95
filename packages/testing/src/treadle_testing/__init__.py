"""Test servers and a test client for applications written with treadle.

>>> import asyncio
>>> from treadle_server import Application
>>> from treadle_testing import TestClient, TestServer
>>> async def check() -> int:
...     async with TestClient(TestServer(Application())) as client:
...         return (await client.get("/")).status
>>> asyncio.run(check())
404
"""

from ._client import RequestContext, TestClient
from ._server import (
    BaseTestServer,
    RawTestServer,
    TestServer,
    get_unused_port_socket,
    unused_port,
)
from ._version import __version__

__all__ = [
    "BaseTestServer",
    "RawTestServer",
    "RequestContext",
    "TestClient",
    "TestServer",
    "__version__",
    "get_unused_port_socket",
    "unused_port",
]
