"""Test servers and test clients for applications written with treadle.

>>> import asyncio
>>> from treadle_server import Application
>>> from treadle_testing import MemoryClient, TestClient, TestServer
>>> async def check() -> list[int]:
...     async with MemoryClient(Application()) as client:
...         in_memory = (await client.get("/")).status
...     async with TestClient(TestServer(Application())) as client:
...         over_a_socket = (await client.get("/")).status
...     return [in_memory, over_a_socket]
>>> asyncio.run(check())
[404, 404]
"""

from ._case import AioHTTPTestCase
from ._client import TestClient
from ._context import RequestContext
from ._loops import loop_context, setup_test_loop, teardown_test_loop, unittest_run_loop
from ._memory import MemoryClient
from ._memory_websocket import MemoryWebSocket
from ._mocks import make_mocked_coro, make_mocked_request
from ._response import MemoryResponse
from ._server import (
    REUSE_ADDRESS,
    BaseTestServer,
    RawTestServer,
    TestServer,
    get_port_socket,
    get_unused_port_socket,
    unused_port,
)
from ._version import __version__

__all__ = [
    "REUSE_ADDRESS",
    "AioHTTPTestCase",
    "BaseTestServer",
    "MemoryClient",
    "MemoryResponse",
    "MemoryWebSocket",
    "RawTestServer",
    "RequestContext",
    "TestClient",
    "TestServer",
    "__version__",
    "get_port_socket",
    "get_unused_port_socket",
    "loop_context",
    "make_mocked_coro",
    "make_mocked_request",
    "setup_test_loop",
    "teardown_test_loop",
    "unittest_run_loop",
    "unused_port",
]
