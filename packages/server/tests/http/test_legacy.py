"""The private names of aiohttp's request, of requests by hand and of others."""

import subprocess
import sys

import pytest

from testkit import CONNECTION, FakeChannel, request_by_hand, request_head
from treadle_server import EMPTY_PAYLOAD, BaseRequest, Request
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


def test_the_attributes_of_a_request_are_listed_and_subclasses_add_to_them() -> None:
    class Mine(Request):
        ATTRS = Request.ATTRS | {"mine"}

    assert {"_match_info", "_message", "_state"} < Request.ATTRS
    assert "mine" in Mine.ATTRS


def test_custom_attributes_warn_in_the_development_mode() -> None:
    program = """
import warnings
from treadle_server import Request
class Mine(Request):
    ATTRS = Request.ATTRS | {"mine"}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    request = Mine.received(None, None, None, None)
    request.mine = request._private = request.answer = request.made_by_hand = None
    assert not caught, caught
    request.custom = 3
print(caught[0].category.__name__, caught[0].message)
"""
    for arguments, expected in (
        (["-X", "dev"], "DeprecationWarning Setting custom Mine.custom attribute is discouraged"),
        ([], "IndexError"),
    ):
        run = subprocess.run(
            [sys.executable, *arguments, "-c", program], capture_output=True, text=True, check=False
        )
        assert expected in run.stdout + run.stderr
