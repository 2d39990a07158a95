"""The facts of a connection as requests show them."""

import pickle

import pytest

from treadle_server import HttpVersion, HttpVersion10, HttpVersion11
from treadle_server._core.types import ConnectionInfo


@pytest.mark.parametrize(
    ("peername", "remote"),
    [
        (("192.0.2.7", 1234), "192.0.2.7"),
        (["192.0.2.7", 1234], "192.0.2.7"),
        (("2001:db8::7", 1234, 0, 0), "2001:db8::7"),
        ("/run/client.sock", "/run/client.sock"),
        ("", ""),
        (None, None),
    ],
)
def test_remote(peername: object, remote: str | None) -> None:
    assert ConnectionInfo(peername, None, None).remote == remote


@pytest.mark.parametrize(
    ("sockname", "host"),
    [
        (("192.0.2.1", 80), "192.0.2.1"),
        (("2001:db8::1", 8080, 0, 0), "[2001:db8::1]"),
        ("/run/server.sock", "/run/server.sock"),
        (None, ""),
    ],
)
def test_local_host(sockname: object, host: str) -> None:
    assert ConnectionInfo(None, sockname, None).local_host == host


def test_versions_compare_as_tuples() -> None:
    assert HttpVersion10 < HttpVersion11 == (1, 1) == HttpVersion(1, 1)
    assert pickle.loads(pickle.dumps(HttpVersion11)) == HttpVersion11
