"""The handshake between HTTP and ``treadle_websocket``: what is shared, what refusals become."""

from collections.abc import Callable

import pytest

from treadle_responses import HTTPException
from treadle_server import Request
from treadle_server._websocket.handshake import make_handshake, make_settings, refusal
from treadle_websocket import AllowedOrigins, DeflatePolicy, Reject


def test_websockets_of_a_kind_share_their_settings() -> None:
    assert make_settings(1, 2, True, 3.0, None) is make_settings(1, 2, True, 3.0, None)
    assert make_settings(1, 2, True, 3.0, None) is not make_settings(1, 2, False, 3.0, None)


def test_websockets_of_a_kind_share_their_handshake() -> None:
    origins = AllowedOrigins(same_host=True)
    assert make_handshake(["a"], True, origins) is make_handshake(("a",), True, origins)
    listed = (name for name in ["https://example.com"])
    assert make_handshake([], True, listed) is make_handshake([], True, ["https://example.com"])
    assert make_handshake([], True, None) is not make_handshake([], False, None)
    assert make_handshake([], True, None) is make_handshake([], DeflatePolicy(), None)


@pytest.mark.parametrize("status", [400, 403, 405, 426])
def test_a_refusal_is_the_exception_of_its_status(
    request_to: Callable[..., Request], status: int
) -> None:
    request = request_to("GET", "/")
    error = refusal(Reject(status, "No", (), b"not like that"), request)
    assert isinstance(error, HTTPException)
    assert error.status == status
    assert error.text == f"{status}: not like that"
    assert error.headers["Sec-WebSocket-Version"] == "13"
