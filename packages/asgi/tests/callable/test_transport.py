"""The facts of a connection that a handler finds behind a scope."""

import pytest

from testkit import http_scope
from treadle_asgi._callable.transport import ScopeTransport

TLS = {"tls_version": 0x0304, "cipher_suite": 0x1301}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("peername", ("192.0.2.7", 5000)),
        ("sockname", ("192.0.2.1", 80)),
        ("tls", TLS),
        ("socket", "none"),
        ("sslcontext", "none"),
    ],
)
def test_extra_information(name: str, value: object) -> None:
    transport = ScopeTransport(http_scope(extensions={"tls": TLS}), lambda: None)
    assert transport.get_extra_info(name, "none") == value


def test_a_scope_that_says_nothing() -> None:
    scope = http_scope(client=None, server=None, extensions=None)
    transport = ScopeTransport(scope, lambda: None)
    assert transport.get_extra_info("asgi_scope") is scope
    assert [transport.get_extra_info(name) for name in ("peername", "sockname", "tls")] == [
        None
    ] * 3


def test_it_writes_nothing_and_can_be_cut() -> None:
    cuts: list[int] = []
    transport = ScopeTransport(http_scope(), lambda: cuts.append(1))
    with pytest.raises(RuntimeError, match="write to the response"):
        transport.write(b"x")
    assert (transport.get_write_buffer_size(), transport.is_closing()) == (0, False)
    transport.close()
    transport.abort()
    assert (transport.is_closing(), len(cuts)) == (True, 2)
