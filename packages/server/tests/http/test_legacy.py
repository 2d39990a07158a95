"""The private names of aiohttp's request, of requests by hand and of others."""

import pytest

from testkit import CONNECTION, FakeChannel, request_by_hand, request_head
from treadle_server import EMPTY_PAYLOAD, BaseRequest
from treadle_server._http.legacy import LegacyNames


def test_private_names_of_aiohttp() -> None:
    made = request_by_hand()
    assert isinstance(made, LegacyNames)
    protocol = made.protocol
    assert made._protocol is protocol
    assert made._payload_writer is made.writer
    assert made.transport is protocol.transport
    assert made.get_extra_info("peername") == "a peer"
    made._protocol = None
    assert made.transport is None
    assert made.get_extra_info("peername", "none") == "none"
    assert made.remote == "192.0.2.7"
    with pytest.raises(RuntimeError, match="The request has no protocol"):
        _ = made.protocol
    served = BaseRequest.received(
        request_head("GET", "/"), EMPTY_PAYLOAD, FakeChannel(), CONNECTION
    )
    assert served._message.path == "/"
    assert served._message is served._message
    assert served._protocol is None
