"""Each test that takes ``run`` runs on every event loop."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from testkit import LOOPS, Run, run_on
from treadle_http_parser import Request as Head
from treadle_http_parser import ServerConnection
from treadle_server import Request


@pytest.fixture(params=LOOPS)
def run(request: pytest.FixtureRequest) -> Run:
    """Run a coroutine; fails when it leaves a task behind."""
    return run_on(request.param)


@pytest.fixture
def request_to() -> Callable[..., Request]:
    """Make a request that came over no connection, to ask routers with."""

    def make(method: str, path: str, host: str = "localhost") -> Request:
        data = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        head = ServerConnection().receive_data(data)[0]
        assert isinstance(head, Head), head
        nothing = cast("Any", None)
        return Request(head, nothing, nothing, nothing)

    return make
