"""The names that treadle_testing promises."""

import treadle_testing
from testkit import check_public_api

NAMES = [
    "AioHTTPTestCase", "MemoryClient", "MemoryResponse", "MemoryWebSocket", "REUSE_ADDRESS",
    "get_port_socket", "loop_context", "make_mocked_coro", "make_mocked_request",
    "setup_test_loop", "teardown_test_loop", "unittest_run_loop",
    "BaseTestServer", "RawTestServer", "RequestContext", "TestClient", "TestServer", "__version__",
    "get_unused_port_socket", "unused_port",
]  # fmt: skip


def test_public_api() -> None:
    check_public_api(treadle_testing, NAMES)
