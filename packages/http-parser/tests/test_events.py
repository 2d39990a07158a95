"""Events as values."""

import pytest

from treadle_http_parser import Data, EndOfMessage, Error, Request, ServerConnection
from treadle_http_parser._framing import Framing


def request(framing: Framing) -> Request:
    return Request("POST", "/", "h", (1, 1), ((b"Host", b"h"),), framing)


def test_request_reads_its_framing() -> None:
    sized = request(Framing(True, 5, "h2c", "100-continue"))
    assert (sized.content_length, sized.chunked, sized.has_body) == (5, False, True)
    assert (sized.keep_alive, sized.upgrade, sized.expect) == (True, "h2c", "100-continue")
    chunked = request(Framing(False, None))
    assert (chunked.content_length, chunked.chunked, chunked.has_body) == (None, True, True)
    assert (chunked.keep_alive, chunked.upgrade, chunked.expect) == (False, "", "")
    assert not request(Framing(True)).has_body


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (request(Framing(True)), "<Request POST / HTTP/1.1>"),
        (Data(b"abc"), "<Data 3 bytes>"),
        (EndOfMessage(), "<EndOfMessage 0 trailers>"),
        (EndOfMessage(((b"A", b"b"),)), "<EndOfMessage 1 trailers>"),
        (Error(400, "Why."), "<Error 400 'Why.'>"),
    ],
)
def test_repr(event: object, text: str) -> None:
    assert repr(event) == text


def test_events_have_no_other_attributes() -> None:
    for event in (request(Framing(True)), Data(b"a"), EndOfMessage(), Error(400, "Why.")):
        with pytest.raises(AttributeError):
            event.more = 1  # type: ignore[union-attr]  # the mistake under test


def test_order() -> None:
    connection = ServerConnection()
    events = connection.receive_data(
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
    )
    assert [type(event) for event in events] == [Request, Data, Data, EndOfMessage]


HEADS = [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET / HTTP/1.1\r\nHOST:a\r\nX-A: \xff b:c \t\r\nx-a:\r\nX-A: 2\r\n\r\n",
    # Not an ordinary head: httptools reads it.
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nCookie: " + b"c" * 2000 + b"\r\n\r\n",
]


@pytest.mark.parametrize("first", ["fields", "lower_fields"])
@pytest.mark.parametrize("head", HEADS)
def test_lower_fields(head: bytes, first: str) -> None:
    """They are the fields with other names, whichever is read first."""
    for _ in range(2):
        event = ServerConnection().receive_data(head)[0]
        assert isinstance(event, Request)
        getattr(event, first)
        expected = [(name.lower(), value) for name, value in event.fields]
        assert event.lower_fields == expected
        again = ServerConnection().receive_data(head)[0]
        assert isinstance(again, Request)
        assert again.lower_fields == expected
        again.lower_fields.append((b"x", b"y"))
        assert again.lower_fields == expected
