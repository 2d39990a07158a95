"""Bytes of any kind at the entrances of the package, and what is none."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from testkit import HOLD_NO_BYTES, KINDS_OF_BYTES
from treadle_http_parser import ContentDecoder, ContentEncodingError, ServerConnection

POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n"


def behind(data: bytes) -> ServerConnection:
    connection = ServerConnection()
    connection.receive_data(data)
    return connection


def held(connection: ServerConnection, data: Any) -> object:
    connection.hold(data)
    return connection.receive_data(b"")


def answering(*fields: tuple[str, str], status: int = 200) -> ServerConnection:
    connection = behind(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    connection.send_head(status, fields)
    return connection


def decoded(data: Any) -> str:
    decoder = ContentDecoder("gzip")
    try:
        decoder.feed(data)
        return repr(decoder.read())
    except ContentEncodingError as error:
        return repr(error)


# The entrances: functions of the data that return what came of it.
ENTRANCES: dict[str, Callable[[Any], object]] = {
    "receive_data": lambda data: ServerConnection().receive_data(data),
    "receive_data, behind a part": lambda data: behind(b"GE").receive_data(data),
    "receive_data, a body": lambda data: behind(POST).receive_data(data),
    "hold": lambda data: held(ServerConnection(), data),
    "hold, behind a part": lambda data: held(behind(b"GE"), data),
    "send_data, chunked": lambda data: answering().send_data(data),
    "send_data, sized": lambda data: answering(("Content-Length", "99")).send_data(data),
    "send_data, none": lambda data: answering(status=204).send_data(data),
    "feed": decoded,
}
DATA = b"some bytes"


@pytest.mark.parametrize("name", ENTRANCES)
@pytest.mark.parametrize("kind", KINDS_OF_BYTES.values(), ids=KINDS_OF_BYTES)
def test_every_kind_of_bytes(name: str, kind: Callable[[bytes], Any]) -> None:
    assert repr(ENTRANCES[name](kind(DATA))) == repr(ENTRANCES[name](DATA))


@pytest.mark.parametrize("name", ENTRANCES)
@pytest.mark.parametrize("data", HOLD_NO_BYTES)
def test_what_holds_no_bytes(name: str, data: object) -> None:
    with pytest.raises(TypeError, match="takes bytes") as caught:
        ENTRANCES[name](data)
    hint = ": encode it" if isinstance(data, str) else ""
    assert re.search(rf"not {type(data).__name__}{hint}$", str(caught.value))


def test_a_buffer_that_its_owner_changes() -> None:
    connection = behind(b"GET / HT")
    buffer = bytearray(b"TP/1.1\r\nHost:")
    assert connection.receive_data(buffer) == []  # type: ignore[arg-type]  # bytes-like
    buffer[:] = b"x" * len(buffer)
    assert len(connection.receive_data(b" a\r\n\r\n")) == 2
