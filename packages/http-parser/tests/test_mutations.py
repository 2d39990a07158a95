"""Seeded mutations of valid requests: never an exception, cuts never matter, h11 never disagrees.

h11 is stricter in few places; each is a row of ``TOLERATED``. Cases that only we refuse need no
row, because refusing is always safe.
"""

import random
import re
from collections.abc import Callable

import h11
import pytest

Outcome = list[tuple[object, ...]]
Read = Callable[..., Outcome]

SEEDS = [
    b"GET /hello?a=b HTTP/1.1\r\nHost: a.b:80\r\nAccept: */*\r\n\r\n",
    b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
    (
        b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"5;a=b\r\nhello\r\n3\r\nabc\r\n0\r\nX-T: v \r\n\r\n"
    ),
    b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
    b"CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n",
    b"GET http://x.y:1/z?q HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    b"HEAD / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
]
PIECES = [
    b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\n", b" ", b"\t", b"\x00", b"\x0b", b"\x0c", b"\x7f",
    b"\x80", b"\xff", b":", b";", b",", b"/", b"*", b"#", b"?", b"[", b"]", b"+", b"-", b"_", b"0",
    b"5",
    b"a", b"FOO",
    b"HTTP/0.9", b"HTTP/1.0", b"HTTP/1.1", b"HTTP/2.0", b"chunked", b"close", b"identity",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n", b"Content-Length: 5\r\n",
    b"Content-Length: 5, 5\r\n", b"Host: b\r\n", b"Connection: close\r\n", b"\x16\x03\x01",
]  # fmt: skip

#: Requests that we accept and h11 refuses: a pattern for the bytes, and the reason.
TOLERATED = {
    rb"\A(?:\r\n)+[A-Z]": (
        "RFC 9112 section 2.2: a server should ignore at least one empty line before a request"
    ),
    rb"\n[0-9A-Fa-f]+[ \t]*\t[ \t]*;": (
        "RFC 9112 section 7.1.1: the white space before an extension may be a tab"
    ),
}


def mutate(chance: random.Random) -> bytes:
    data = b"".join(chance.choices(SEEDS, k=chance.randint(1, 2)))
    for _ in range(chance.randint(1, 3)):
        at, other = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
        match chance.randrange(5):
            case 0 | 1:
                data = data[:at] + chance.choice(PIECES) + data[at:]
            case 2:
                data = data[:at] + data[at + chance.randint(1, 4) :]
            case 3:
                data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
            case _:
                data = data[:at] + data[other:]
    return data


@pytest.mark.parametrize("seed", range(8))
def test_cuts_do_not_matter(seed: int, read: Read) -> None:
    chance = random.Random(seed)
    for _ in range(400):
        data = mutate(chance)
        whole = read(data)
        assert read(data, range(1, len(data))) == whole, data
        assert read(data, sorted(chance.choices(range(len(data) + 1), k=3))) == whole, data


def by_h11(data: bytes) -> tuple[list[tuple[object, ...]], str]:
    """Return the first request as h11 reads it, and the reason if h11 refuses it."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    events: list[tuple[object, ...]] = []
    body = b""
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Request):
                fields = [(name.lower(), value) for name, value in event.headers]
                events.append((event.method, event.target, fields))
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                trailers = [(name.lower(), value) for name, value in event.headers]
                return [*events, (body, trailers)], ""
            else:
                return events, "incomplete"
    except h11.RemoteProtocolError as error:
        return events, str(error)


def by_us(outcome: Outcome) -> list[tuple[object, ...]]:
    """Return the first request of an outcome in the same form, empty if it was refused."""
    body = b""
    for event in outcome:
        if event[0] == "data":
            assert isinstance(event[1], bytes)
            body += event[1]
        elif event[0] == "error":
            return []
        elif event[0] == "end":
            fields = outcome[0][5]
            trailers = event[1]
            assert isinstance(fields, tuple)
            assert isinstance(trailers, tuple)
            return [
                (outcome[0][1], [(name.lower(), value) for name, value in fields]),
                (body, [(name.lower(), value) for name, value in trailers]),
            ]
    return []


def disagreement(data: bytes, outcome: Outcome) -> str:
    ours = by_us(outcome)
    if not ours:
        return ""
    theirs, refusal = by_h11(data)
    if refusal:
        return f"h11 refuses: {refusal}"
    (method, _, fields), rest = theirs
    assert isinstance(method, bytes)
    if [(method.decode(), fields), rest] != ours:
        return f"h11 reads {theirs}, we {ours}"
    return ""


@pytest.mark.parametrize("seed", range(8))
def test_against_h11(seed: int, read: Read) -> None:
    chance = random.Random(seed)
    accepted = 0
    for _ in range(700):
        data = mutate(chance)
        outcome = read(data)
        accepted += bool(by_us(outcome))
        found = disagreement(data, outcome)
        if found and not any(re.search(pattern, data) for pattern in TOLERATED):
            pytest.fail(f"{data!r}: {found}")
    assert accepted > 70
