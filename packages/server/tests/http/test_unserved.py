"""A connection without requests never makes a server wait."""

import asyncio

import pytest

from testkit import FakeTransport
from treadle_server._http.unserved import UnservedConnection


class Bare(UnservedConnection):
    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport


@pytest.mark.parametrize("method", ["cancel", "abort", "abandon"])
def test_each_end_is_at_once(method: str) -> None:
    transport = FakeTransport()
    connection = Bare(transport)
    assert (connection.busy, connection.lasting, connection.describe()) == (False, False, "")
    connection.shut_down_upgraded()
    assert transport.calls == []
    getattr(connection, method)()
    assert transport.calls == ["abort"]
