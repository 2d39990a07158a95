"""Properties of all messages: cuts do not matter, and each reader reads what was written."""

from collections.abc import Callable

import h11
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_http_parser import EndOfMessage, Request, ServerConnection

Outcome = list[tuple[object, ...]]
Read = Callable[..., Outcome]

TOKEN = st.text("!#$%&'*+-.^_`|~09AZaz", min_size=1, max_size=10)
OTHER_NAME = TOKEN.map("X-".__add__)
VALUE = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20
).map(lambda text: text.encode("latin-1").strip(b" \t"))
TARGET = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="#"), max_size=30
).map("/".__add__)
FIELDS = st.lists(st.tuples(OTHER_NAME.map(str.encode), VALUE), max_size=5)
BODY = st.binary(max_size=60)
CHUNKS = st.lists(st.binary(min_size=1, max_size=30), max_size=5)
METHOD = st.sampled_from(["GET", "POST", "PUT", "DELETE", "PROPFIND", "M-SEARCH", "OPTIONS"])


@st.composite
def requests(draw: st.DrawFn) -> tuple[bytes, Outcome]:
    """Draw a valid request and the events that it must give."""
    method, target, fields = draw(METHOD), draw(TARGET), draw(FIELDS)
    fields.insert(draw(st.integers(0, len(fields))), (b"Host", b"example.org"))
    chunks = draw(st.none() | CHUNKS)
    trailers: list[tuple[bytes, bytes]] = []
    events: Outcome = []
    if chunks is None:
        payload = draw(BODY)
        fields.append((b"Content-Length", b"%d" % len(payload)))
        if payload:
            events.append(("data", payload, False))
    else:
        trailers = draw(FIELDS)
        extensions = [draw(st.sampled_from([b"", b";a", b' ; a="b"'])) for _ in chunks]
        fields.append((b"Transfer-Encoding", b"chunked"))
        payload = b"".join(
            b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk)
            for chunk, extension in zip(chunks, extensions, strict=True)
        )
        payload += b"0\r\n" + b"".join(b"%b: %b \r\n" % field for field in trailers) + b"\r\n"
        events += [("data", chunk, True) for chunk in chunks]
    lines = b"".join(b"%b:\t%b\r\n" % field for field in fields)
    data = f"{method} {target} HTTP/1.1\r\n".encode() + lines + b"\r\n" + payload
    head = ("request", method, target, "example.org", (1, 1), tuple(fields))
    return data, [head, *events, ("end", tuple(trailers))]


JUNK = [b"\r", b"\n", b"\x00", b" ", b"\xff", b"\r\n", b":", b"0", b""]
PIPELINES = st.lists(requests(), min_size=1, max_size=3)


@given(PIPELINES, st.data())
@settings(deadline=None, max_examples=150)
def test_what_was_generated_is_read_however_it_is_cut(
    read: Read, pipeline: list[tuple[bytes, Outcome]], data: st.DataObject
) -> None:
    wire = b"".join(request for request, _ in pipeline)
    expected = [event for _, events in pipeline for event in events]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    assert read(wire) == expected
    assert read(wire, cuts) == expected


@given(PIPELINES, st.data())
@settings(deadline=None, max_examples=150)
def test_broken_requests_give_the_same_however_they_are_cut(
    read: Read, pipeline: list[tuple[bytes, Outcome]], data: st.DataObject
) -> None:
    wire = b"".join(request for request, _ in pipeline)
    at = data.draw(st.integers(0, len(wire) - 1))
    junk = data.draw(
        st.sampled_from([b"\r", b"\n", b"\x00", b" ", b"\xff", b"\r\n", b":", b"0", b""])
    )
    wire = wire[:at] + junk + wire[at + data.draw(st.integers(0, 2)) :]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    assert read(wire, cuts) == read(wire) == read(wire, range(1, len(wire)))


@given(
    st.sampled_from([200, 201, 204, 304, 404, 500, 599]),
    st.lists(st.tuples(OTHER_NAME, VALUE.map(lambda value: value.decode("latin-1"))), max_size=5),
    st.booleans(),
    CHUNKS,
    st.sampled_from(["GET", "HEAD", "POST"]),
    st.booleans(),
)
@settings(deadline=None, max_examples=200)
def test_h11_reads_what_is_written(
    status: int,
    fields: list[tuple[str, str]],
    sized: bool,
    pieces: list[bytes],
    method: str,
    close: bool,
) -> None:
    connection = ServerConnection()
    client = h11.Connection(h11.CLIENT)
    request_fields = [("Host", "a"), *([("Connection", "close")] if close else [])]
    data = client.send(h11.Request(method=method, target="/", headers=request_fields))
    assert data is not None
    events = connection.receive_data(data + (client.send(h11.EndOfMessage()) or b""))
    assert [type(event) for event in events] == [Request, EndOfMessage]

    length = [("Content-Length", str(sum(map(len, pieces))))] if sized else []
    wire = connection.send_head(status, [*fields, *length])
    wire += b"".join(map(connection.send_data, pieces)) + connection.send_end()
    client.receive_data(wire)
    response = client.next_event()
    assert isinstance(response, h11.Response)
    assert response.status_code == status
    sent = [(name.lower(), value.encode("utf-8")) for name, value in fields]
    seen = [(name.decode(), value) for name, value in response.headers]
    assert seen[: len(sent)] == sent
    body = b""
    while isinstance(event := client.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert body == (b"" if method == "HEAD" or status in (204, 304) else b"".join(pieces))
    assert client.trailing_data == (b"", False)
    assert connection.must_close is close
    assert client.their_state is (h11.MUST_CLOSE if close else h11.DONE)


@given(CHUNKS, st.lists(st.tuples(OTHER_NAME, TOKEN), max_size=3))
@settings(deadline=None)
def test_h11_reads_trailers(pieces: list[bytes], trailers: list[tuple[str, str]]) -> None:
    connection = ServerConnection()
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    client.send(h11.EndOfMessage())
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    wire = connection.send_head(200) + b"".join(map(connection.send_data, pieces))
    client.receive_data(wire + connection.send_end(trailers))
    while not isinstance(event := client.next_event(), h11.EndOfMessage):
        assert isinstance(event, (h11.Response, h11.Data))
    assert [(name, value) for name, value in event.headers] == [
        (name.lower().encode(), value.encode()) for name, value in trailers
    ]
