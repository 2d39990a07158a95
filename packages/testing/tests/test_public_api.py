"""The names that treadle_testing promises."""

import treadle_testing
from testkit import check_public_api

NAMES = [
    "BaseTestServer", "RawTestServer", "RequestContext", "TestClient", "TestServer", "__version__",
    "get_unused_port_socket", "unused_port",
]  # fmt: skip


def test_public_api() -> None:
    check_public_api(treadle_testing, NAMES)
