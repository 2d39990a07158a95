"""Fixtures of the server's tests."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from treadle_http_parser import Request as Head
from treadle_http_parser import ServerConnection
from treadle_server import Request


@pytest.fixture
def request_to() -> Callable[..., Request]:
    """Make a request that came over no connection, to ask routers with."""

    def make(method: str, path: str, host: str = "localhost") -> Request:
        data = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        head = ServerConnection().receive_data(data)[0]
        assert isinstance(head, Head), head
        nothing = cast("Any", None)
        return Request.received(head, nothing, nothing, nothing)

    return make
