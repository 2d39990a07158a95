"""The head of an opening handshake, read from bytes: what is read and refused, however cut."""

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from testkit import KINDS_OF_BYTES, assert_linear
from treadle_websocket import (
    Accept,
    HandshakeReader,
    HandshakeRequest,
    Reject,
    ServerHandshake,
    WSMessageTypeError,
    WSStateError,
    WSValueError,
)

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
FIELDS = [
    b"Host: example.com", b"Upgrade: websocket", b"Connection: Upgrade",
    b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: " + KEY.encode(),
]  # fmt: skip


def head(*fields: bytes, line: bytes = b"GET /chat?room=1 HTTP/1.1") -> bytes:
    return b"\r\n".join([line, *fields, b"", b""])


def read(data: bytes, **limits: int) -> HandshakeRequest | Reject | None:
    return HandshakeReader(**limits).receive_data(data)


def read_in_pieces(
    data: bytes, sizes: list[int], **limits: int
) -> tuple[HandshakeRequest | Reject | None, bytes]:
    """Return the result, and the bytes behind the head."""
    reader = HandshakeReader(**limits)
    position = 0
    for size in [*sizes, len(data)]:
        piece, position = data[position : position + size], position + size
        result = reader.receive_data(piece)
        if result is not None:
            rest = reader.rest if isinstance(result, HandshakeRequest) else b""
            return result, rest + data[position:] if rest or position < len(data) else b""
    return None, b""


def test_a_head_and_what_follows() -> None:
    reader = HandshakeReader()
    request = reader.receive_data(head(*FIELDS) + b"\x81\x80abcd")
    assert request == HandshakeRequest(
        "GET", "/chat?room=1", (1, 1),
        (
            ("Host", "example.com"), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
            ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", KEY),
        ),
    )  # fmt: skip
    assert reader.rest == b"\x81\x80abcd"
    decision = ServerHandshake().decide(request)
    assert isinstance(decision, Accept)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (b"A:b", "b"), (b"A: \t b c\t ", "b c"), (b"A:", ""), (b"A: \t", ""), (b"A: :b", ":b"),
        (b"A: \xe4\xff", "\xe4\xff"), (b"!#$%&'*+-.^_`|~9:x", "x"),
    ],
)  # fmt: skip
def test_fields(field: bytes, value: str) -> None:
    request = read(head(b"Host: x", field))
    assert isinstance(request, HandshakeRequest)
    assert request.headers[1] == (field.partition(b":")[0].decode(), value)


def test_an_empty_line_before_the_head() -> None:
    assert read(b"\r\n" + head(*FIELDS)) == read(head(*FIELDS))
    assert read(b"\r") is read(b"\r\n") is read(b"") is None


REFUSED: list[tuple[str, bytes, int, str]] = [
    ("TLS", b"\x16\x03\x01\x02\x00\x01", 400, "does not begin with a method"),
    ("two empty lines", b"\r\n\r\n" + head(*FIELDS), 400, "does not begin with a method"),
    ("a space first", b" GET / HTTP/1.1\r\n\r\n", 400, "does not begin with a method"),
    ("LF alone", head(*FIELDS).replace(b"\r\n", b"\n"), 400, "ends with LF alone"),
    ("one LF alone", head(b"Host: x\nA: b"), 400, "ends with LF alone"),
    ("no version", head(line=b"GET /"), 400, "request line 'GET /' is malformed"),
    ("two spaces", head(line=b"GET  / HTTP/1.1"), 400, "request line"),
    ("a space in the target", head(line=b"GET /a b HTTP/1.1"), 400, "request line"),
    ("a byte beyond ASCII", head(line=b"GET /\xe4 HTTP/1.1"), 400, "request line 'GET /\\xe4"),
    ("a NUL in the target", head(line=b"GET /\0 HTTP/1.1"), 400, "request line"),
    ("a version in words", head(line=b"GET / HTTP/1.x"), 400, "request line"),
    ("a long version", head(line=b"GET / HTTP/1.10"), 400, "request line"),
    ("small letters", head(line=b"GET / http/1.1"), 400, "request line"),
    ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/2.0 is not spoken here"),
    ("HTTP/0.9", head(line=b"GET / HTTP/0.9"), 505, "HTTP/0.9"),
    ("no colon", head(b"Host: x", b"field"), 400, "header field 'field' is malformed"),
    ("no name", head(b"Host: x", b": value"), 400, "header field"),
    ("a space before the colon", head(b"Host : x"), 400, "header field 'Host : x'"),
    ("a folded line", head(b"Host: x", b" more"), 400, "header field ' more'"),
    ("a NUL", head(b"Host: x\0"), 400, "header field"),
    ("a CR inside", head(b"Host: x\rA: b"), 400, "header field"),
    ("DEL", head(b"Host: x\x7f"), 400, "header field"),
    ("no host", head(b"A: b"), 400, "one Host field, not 0"),
    ("two hosts", head(b"Host: a", b"HOST: a"), 400, "one Host field, not 2"),
    ("a body", head(b"Host: x", b"Content-Length: 5"), 400, "has no body"),
    ("a chunked body", head(b"Host: x", b"transfer-encoding: chunked"), 400, "has no body"),
    ("a long line", b"GET /" + b"a" * 600, 414, "request line of over 512 bytes"),
    ("a long head", head(b"Host: x", b"A: " + b"a" * 600), 431, "head of over 512 bytes"),
    ("a head without an end", head(b"Host: x", b"A: ")[:-4] + b"a" * 600, 431, "over 512"),
    ("many fields", head(b"Host: x", *[b"a:"] * 20), 431, "more than 20 header fields"),
]


@pytest.mark.parametrize(
    ("data", "status", "text"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_heads_that_are_refused(data: bytes, status: int, text: str) -> None:
    refusal = read(data, max_size=512, max_fields=20)
    assert isinstance(refusal, Reject)
    assert refusal.status == status
    assert text in refusal.body.decode("ascii")
    assert ServerHandshake().decide(refusal) is refusal
    answer = refusal.to_bytes()
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize("data", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_refusal_does_not_depend_on_the_cuts(data: bytes) -> None:
    whole = read(data, max_size=512, max_fields=20)
    assert read_in_pieces(data, [1] * len(data), max_size=512, max_fields=20)[0] == whole
    for size in (2, 3, 5, 512):
        pieces = [size] * (len(data) // size)
        assert read_in_pieces(data, pieces, max_size=512, max_fields=20)[0] == whole


@pytest.mark.parametrize("over", [-1, 0, 1, 2])
def test_a_head_about_as_long_as_the_limit(over: int) -> None:
    size = len(head(b"Host: x", b"A: ")) - 4
    data = head(b"Host: x", b"A: " + b"a" * (100 - size + over)) + b"frames"
    whole = read(data, max_size=100)
    assert isinstance(whole, Reject if over > 0 else HandshakeRequest)
    for cut in range(len(data)):
        assert read_in_pieces(data, [cut], max_size=100)[0] == whole
    assert read_in_pieces(data, [1] * len(data), max_size=100)[0] == whole


@given(st.lists(st.integers(1, 40), max_size=20), st.binary(max_size=20))
def test_the_cuts_do_not_matter(sizes: list[int], frames: bytes) -> None:
    data = head(*FIELDS) + frames
    request, rest = read_in_pieces(data, sizes)
    assert request == read(head(*FIELDS))
    assert rest == frames


@given(st.binary(max_size=200))
@example(head(b"Host: x"))
@example(head(b"Host:x", b"a: b", line=b"GET * HTTP/1.0"))
def test_any_bytes_give_a_value(data: bytes) -> None:
    result = read(data, max_size=100)
    assert result is None or isinstance(result, (HandshakeRequest, Reject))
    assert read_in_pieces(data, [1] * len(data), max_size=100)[0] == result


TOKEN = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=8)
VALUE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)


@given(
    TOKEN,
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20),
    st.lists(st.tuples(TOKEN, VALUE), max_size=6),
)
def test_what_h11_reads(method: str, target: str, fields: list[tuple[str, str]]) -> None:
    """Every head that h11 reads is read the same, and what h11 refuses is refused."""
    data = head(
        b"Host: x", *(f"{name}: {value}".encode() for name, value in fields),
        line=f"{method} {target} HTTP/1.1".encode(),
    )  # fmt: skip
    foreign = h11.Connection(h11.SERVER)
    foreign.receive_data(data)
    try:
        event = foreign.next_event()
    except h11.RemoteProtocolError:
        assert isinstance(read(data), Reject)
        return
    assert isinstance(event, h11.Request)
    ours = read(data)
    if isinstance(ours, Reject):
        assert b"has no body" in ours.body
        return
    assert isinstance(ours, HandshakeRequest)
    assert ours.method.encode() == event.method
    assert ours.target.encode() == event.target
    assert [(name.lower().encode(), value.encode()) for name, value in ours.headers] == list(
        event.headers
    )


@pytest.mark.parametrize("kind", KINDS_OF_BYTES)
def test_kinds_of_bytes(kind: str) -> None:
    data = KINDS_OF_BYTES[kind](head(*FIELDS))
    assert read(data) == read(head(*FIELDS))


@pytest.mark.parametrize("data", ["text", None, 5, [1]])
def test_other_types(data: object) -> None:
    with pytest.raises(WSMessageTypeError, match=r"receive_data\(\) takes bytes.*, not "):
        HandshakeReader().receive_data(data)  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize(
    ("limits", "error", "text"),
    [
        ({"max_size": 0}, WSValueError, "max_size must be at least 1, not 0"),
        ({"max_fields": -1}, WSValueError, "max_fields must be at least 1, not -1"),
        ({"max_size": "16k"}, WSMessageTypeError, "max_size='16k' takes an int, not str"),
        ({"max_fields": True}, WSMessageTypeError, "max_fields=True takes an int"),
    ],
)
def test_limits(limits: dict[str, int], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        HandshakeReader(**limits)


def test_calls_out_of_turn() -> None:
    reader = HandshakeReader()
    with pytest.raises(WSStateError, match="no complete head"):
        _ = reader.rest
    assert reader.receive_data(head(*FIELDS)) is not None
    with pytest.raises(WSStateError, match="the head is complete"):
        reader.receive_data(b"")
    refused = HandshakeReader()
    assert isinstance(refused.receive_data(b"\0"), Reject)
    with pytest.raises(WSStateError, match="no complete head"):
        _ = refused.rest


@pytest.mark.parametrize("value", [None, "GET / HTTP/1.1", b"GET", {}, ("Host", "x")])
def test_what_is_no_head_cannot_be_decided(value: object) -> None:
    with pytest.raises(WSMessageTypeError, match=r"decide\(\) takes the result of HandshakeReader"):
        ServerHandshake().decide(value)  # type: ignore[arg-type]  # what is tested


@pytest.mark.parametrize("unit", [b"a", b"A: b\r\n", b"\r", b"GET "])
def test_one_byte_at_a_time_is_linear(unit: bytes) -> None:
    def feed(data: bytes) -> None:
        reader = HandshakeReader(max_size=1 << 30)
        reader.receive_data(b"GET / HTTP/1.1\r\n")
        for byte in data:
            reader.receive_data(bytes([byte]))

    assert_linear(feed, unit, 5000)
