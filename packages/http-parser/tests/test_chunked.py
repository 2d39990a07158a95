"""Chunked bodies: accepted and refused ones, limits, and time in proportion to length."""

from collections.abc import Callable

import pytest

from treadle_http_parser import Data, EndOfMessage, Limits, ServerConnection
from treadle_http_parser import _errors as messages
from treadle_http_parser._chunked import ChunkedReader
from treadle_http_parser._events import Event
from treadle_http_parser._limits import DEFAULT_LIMITS

Outcome = list[tuple[object, ...]]
Read = Callable[..., Outcome]
Growth = Callable[[Callable[[int], Callable[[], object]], int], float]

HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
NEXT = b"GET /next HTTP/1.1\r\nHost: n\r\n\r\n"

ACCEPTED: dict[str, tuple[bytes, list[bytes], tuple[tuple[bytes, bytes], ...]]] = {
    "nothing": (b"0\r\n\r\n", [], ()),
    "one chunk": (b"5\r\nhello\r\n0\r\n\r\n", [b"hello"], ()),
    "two chunks": (b"1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", [b"a", b"bc"], ()),
    "hexadecimal of both cases": (
        b"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", [b"0123456789"] * 2, ()),
    "leading zeros": (b"0005\r\nhello\r\n000\r\n\r\n", [b"hello"], ()),
    "line ends as data": (b"4\r\n\r\n\r\n\r\n0\r\n\r\n", [b"\r\n\r\n"], ()),
    "the end of a body as data": (b"5\r\n0\r\n\r\n\r\n0\r\n\r\n", [b"0\r\n\r\n"], ()),
    "extensions": (b'1;a\r\nx\r\n1;b=c;d="e f"\r\ny\r\n0;z\r\n\r\n', [b"x", b"y"], ()),
    "white space before an extension": (b"1 \t ;a\r\nx\r\n0\r\n\r\n", [b"x"], ()),
    "a trailer": (b"0\r\nX-A: b\r\n\r\n", [], ((b"X-A", b"b"),)),
    "white space around a trailer's value goes": (
        b"0\r\nA:\t b c \t\r\nB:\r\nC:  \r\n\r\n", [], ((b"A", b"b c"), (b"B", b""), (b"C", b""))),
    "a trailer beyond ASCII": (b"0\r\nA: \xc3\xa9\r\n\r\n", [], ((b"A", b"\xc3\xa9"),)),
}  # fmt: skip


@pytest.mark.parametrize("case", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(
    case: tuple[bytes, list[bytes], tuple[tuple[bytes, bytes], ...]], read_every_way: Read
) -> None:
    body, chunks, trailers = case
    outcome = read_every_way(HEAD + body)
    assert outcome[1:] == [*(("data", data, True) for data in chunks), ("end", trailers)]
    followed = read_every_way(HEAD + body + NEXT)
    assert followed[: len(outcome)] == outcome
    assert [event[0] for event in followed[len(outcome) :]] == ["request", "end"]


REFUSED = {
    "an empty size": (b"\r\n", messages.CHUNK_SIZE),
    "no size before an extension": (b";a\r\n", messages.CHUNK_SIZE),
    "a plus": (b"+5\r\nhello\r\n", messages.CHUNK_SIZE),
    "a minus": (b"-5\r\nhello\r\n", messages.CHUNK_SIZE),
    "a prefix": (b"0x5\r\nhello\r\n", messages.CHUNK_SIZE),
    "an underscore": (b"1_0\r\n", messages.CHUNK_SIZE),
    "a digit of another script": ("\u0665\r\nhello\r\n".encode(), messages.CHUNK_SIZE),
    "no hexadecimal": (b"g\r\n", messages.CHUNK_SIZE),
    "a space before": (b" 5\r\nhello\r\n", messages.CHUNK_SIZE),
    "a space behind": (b"5 \r\nhello\r\n", messages.CHUNK_SIZE),
    "a tab behind": (b"5\t\r\nhello\r\n", messages.CHUNK_SIZE),
    "overflow": (b"1" + b"0" * 15 + b"\r\n", messages.CHUNK_SIZE),
    "overflow with zeros in front": (b"0" * 16 + b"5\r\nhello\r\n", messages.CHUNK_SIZE),
    "bare LF behind the size": (b"5\nhello\r\n", messages.CHUNK_SIZE),
    "bare CR behind the size": (b"5\rhello\r\n", messages.CHUNK_SIZE),
    "two CRs": (b"5\r\r\nhello\r\n", messages.CHUNK_SIZE),
    "bare LF in an extension": (b"5;a\nhello\r\n", messages.CHUNK_SIZE),
    "bare LF in a quoted extension": (b'5;a="\n"\r\nhello\r\n', messages.CHUNK_SIZE),
    "bare CR in an extension": (b"5;a\rb\r\nhello\r\n", messages.CHUNK_SIZE),
    "NUL in an extension": (b"5;a\x00\r\nhello\r\n", messages.CHUNK_SIZE),
    "another character behind the size": (b"5,a\r\nhello\r\n", messages.CHUNK_SIZE),
    "data longer than its size": (b"4\r\nhello\r\n", messages.CHUNK_END),
    "data shorter than its size": (b"6\r\nhello\r\n0\r\n\r\n", messages.CHUNK_END),
    "no CRLF behind data": (b"5\r\nhello0\r\n\r\n", messages.CHUNK_END),
    "bare LF behind data": (b"5\r\nhello\n0\r\n\r\n", messages.CHUNK_END),
    "bare CR behind data": (b"5\r\nhello\r0\r\n\r\n", messages.CHUNK_END),
    "two CRs behind data": (b"5\r\nhello\r\r\n", messages.CHUNK_END),
    "a trailer without a colon": (b"0\r\nA\r\n\r\n", messages.BAD_TRAILER),
    "a trailer without a name": (b"0\r\n: b\r\n\r\n", messages.BAD_TRAILER),
    "a space before the colon": (b"0\r\nA : b\r\n\r\n", messages.BAD_TRAILER),
    "a folded trailer": (b"0\r\nA: b\r\n c\r\n\r\n", messages.BAD_TRAILER),
    "a name that is not a token": (b"0\r\nA\x80: b\r\n\r\n", messages.BAD_TRAILER),
    "NUL in a trailer": (b"0\r\nA: \x00\r\n\r\n", messages.BAD_TRAILER),
    "bare LF in a trailer": (b"0\r\nA: b\nC: d\r\n\r\n", messages.BAD_TRAILER),
    "bare CR in a trailer": (b"0\r\nA: b\rC: d\r\n\r\n", messages.BAD_TRAILER),
    "bare LF as the end": (b"0\r\n\nGET", messages.BAD_TRAILER),
    **{
        f"{name} as a trailer": (b"0\r\n%b: 1\r\n\r\n" % name.encode(), messages.FORBIDDEN_TRAILER)
        for name in (
            "Authorization", "Connection", "Content-Encoding", "Content-Length", "content-range",
            "CONTENT-TYPE", "Cookie", "Expect", "Forwarded", "Host", "Keep-Alive", "Range", "TE",
            "Trailer", "Transfer-Encoding", "Upgrade", "X-Forwarded-For", "X-Forwarded-Proto",
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused(case: tuple[bytes, str], read_every_way: Read) -> None:
    body, reason = case
    for data in (HEAD + body, HEAD + b"2\r\nok\r\n" + body, HEAD + body + NEXT):
        outcome = read_every_way(data)
        assert outcome[-1] == ("error", 400, reason)
        assert outcome[0][0] == "request"
        assert all(event[0] == "data" for event in outcome[1:-1])


LIMITS = Limits(
    max_chunk_extension=10, max_chunk_extensions_total=25, max_field_line=28, max_head=60,
    max_fields=5,
)  # fmt: skip


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"1;" + b"a" * 9 + b"\r\nx\r\n0\r\n\r\n", None),
        (b"1;" + b"a" * 10 + b"\r\nx\r\n0\r\n\r\n", (400, messages.CHUNK_EXTENSION)),
        (b"1" + b" " * 9 + b";\r\nx\r\n0\r\n\r\n", None),
        (b"1" + b" " * 10 + b";\r\nx\r\n0\r\n\r\n", (400, messages.CHUNK_EXTENSION)),
        (b"1" + b" " * 100, (400, messages.CHUNK_EXTENSION)),
        (b"1;" + b"a" * 100 + b"\x00\r\n", (400, messages.CHUNK_EXTENSION)),
        (b"1;\x00" + b"a" * 100 + b"\r\n", (400, messages.CHUNK_SIZE)),
        (b"1;23456789\r\nx\r\n" * 2 + b"0;234567\r\n\r\n", None),
        (b"1;23456789\r\nx\r\n" * 2 + b"0;2345678\r\n\r\n", (400, messages.CHUNK_EXTENSION)),
        (b"0\r\nA: " + b"a" * 25 + b"\r\n\r\n", None),
        (b"0\r\nA: " + b"a" * 26 + b"\r\n\r\n", (431, messages.FIELD_TOO_LONG)),
        (b"0\r\nA: " + b"a" * 100, (431, messages.FIELD_TOO_LONG)),
        (b"0\r\nA: \n" + b"a" * 100 + b"\r\n\r\n", (400, messages.BAD_TRAILER)),
        (b"0\r\nA: " + b"a" * 50 + b"\n\r\n\r\n", (431, messages.FIELD_TOO_LONG)),
        # Two fields of the head and three trailers are allowed.
        (b"0\r\n" + b"A: 1\r\n" * 3 + b"\r\n", None),
        (b"0\r\n" + b"A: 1\r\n" * 4 + b"\r\n", (431, messages.TOO_MANY_FIELDS)),
        # Together no larger than a head.
        (b"0\r\n" + b"A: 45678901234567890\r\n" * 2 + b"B: 4567890123456\r\n\r\n", None),
        (
            b"0\r\n" + b"A: 45678901234567890\r\n" * 2 + b"B: 45678901234567\r\n\r\n",
            (431, messages.HEAD_TOO_LONG),
        ),
        (
            b"0\r\n" + b"A: 4567890123456789012345678\r\n" * 2 + b"B:\r\n\r\n",
            (431, messages.HEAD_TOO_LONG),
        ),
    ],
)
def test_limits(body: bytes, error: tuple[int, str] | None, read_every_way: Read) -> None:
    outcome = read_every_way(HEAD + body, LIMITS)
    assert outcome[-1][0] == ("error" if error else "end")
    assert outcome[-1][1:] == error or error is None


def test_an_incomplete_line_stays_with_the_caller() -> None:
    reader = ChunkedReader(DEFAULT_LIMITS, 1)
    events: list[Event] = []
    assert reader.read(b"..5;x", 2, events) == 2
    assert reader.read(b"5;x\r\nhel", 0, events) == 8
    assert reader.read(b"lo\r", 0, events) == 2
    assert reader.read(b"\r\n0\r\nA: b\r\n\r\nGET", 0, events) == 13
    assert [type(event) for event in events] == [Data, Data, EndOfMessage]
    assert [event.chunk_end for event in events if isinstance(event, Data)] == [False, True]


def test_a_whole_buffer_of_data_is_not_copied() -> None:
    reader = ChunkedReader(DEFAULT_LIMITS, 1)
    reader.read(b"ffff\r\n", 0, [])
    piece = bytes(1000)
    events: list[Event] = []
    reader.read(piece, 0, events)
    assert isinstance(events[0], Data)
    assert events[0].data is piece


def chunked(pieces: int) -> Callable[[], object]:
    body = b"1\r\nx\r\n" * pieces

    def receive() -> None:
        connection = ServerConnection()
        connection.receive_data(HEAD)
        assert len(connection.receive_data(body)) == pieces

    return receive


def test_small_chunks_are_linear(growth: Growth) -> None:
    chunked(100_000)()
    assert growth(chunked, 10_000) < 9


def trailer(size: int) -> Callable[[], object]:
    line = b"0\r\nA:" + b" " * size + b"\x01\r\n\r\n"
    limits = Limits(max_field_line=10**9, max_head=10**9)

    def receive() -> None:
        connection = ServerConnection(limits)
        connection.receive_data(HEAD)
        (error,) = connection.receive_data(line)
        assert repr(error) == f"<Error 400 {messages.BAD_TRAILER!r}>"

    return receive


def test_a_trailer_of_spaces_is_linear(growth: Growth) -> None:
    assert growth(trailer, 20_000) < 9
