"""The names that treadle_testing promises."""

import treadle_testing


def test_all() -> None:
    assert sorted(treadle_testing.__all__) == [
        "BaseTestServer", "RawTestServer", "RequestContext", "TestClient", "TestServer",
        "__version__", "get_unused_port_socket", "unused_port",
    ]  # fmt: skip
