"""Fields in the forms of ASGI and WSGI; ``test_adapters`` has them through both."""

import pytest
from multidict import CIMultiDict, istr

from treadle_responses._fields import asgi_fields, from_bytes, joined_fields, text_fields


@pytest.mark.parametrize("data", [b"", b"a", "\xe9".encode(), b"\xe9", bytes(range(0x20, 0x7F))])
def test_bytes_come_back(data: bytes) -> None:
    headers = CIMultiDict({"X-A": from_bytes(data)})
    assert asgi_fields(headers, keep_connection=True) == [(b"x-a", data)]
    assert text_fields(headers) == [("X-A", data.decode("latin-1"))]


CONNECTION = ("Connection", "Keep-Alive", "TE", "Trailers", "Upgrade", "Proxy-Authenticate")


def test_fields_of_the_connection() -> None:
    headers = CIMultiDict(dict.fromkeys((*CONNECTION, "Transfer-Encoding", "X-A"), "1"))
    assert [name for name, _ in asgi_fields(headers, keep_connection=True)] == [
        name.lower().encode() for name in (*CONNECTION, "X-A")
    ]
    assert asgi_fields(headers, keep_connection=False) == [(b"x-a", b"1")]
    assert text_fields(headers) == [("X-A", "1")]


def test_names_are_plain_strings() -> None:
    ((name, _),) = text_fields(CIMultiDict({istr("X-A"): "1"}))
    assert type(name) is str


def test_joined() -> None:
    fields = joined_fields([("Accept", "a"), ("X", "1"), ("accept", "b")])
    assert (fields["Accept"], fields["x"], len(fields)) == ("a, b", "1", 2)
