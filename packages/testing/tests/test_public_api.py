"""The names that weft_testing promises."""

import weft_testing


def test_all() -> None:
    assert sorted(weft_testing.__all__) == [
        "BaseTestServer", "RawTestServer", "RequestContext", "TestClient", "TestServer",
        "__version__", "get_unused_port_socket", "unused_port",
    ]  # fmt: skip
