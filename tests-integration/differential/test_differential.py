"""Generated and damaged requests that treadle and its peers read differently, row by row.

Thousands of requests go to treadle, aiohttp and uvicorn on real sockets, and to h11. Every
disagreement must be a row of the table, and every row must still be met.
"""

import asyncio
import logging
import random
import re
import tomllib
from pathlib import Path

import pytest

from ._servers import PEERS, Seen, asking

TABLE = tomllib.loads((Path(__file__).parent / "table.toml").read_text())
STRICTER = {(row["sentence"], peer) for row in TABLE["stricter"] for peer in row["peers"]}
MILDER = [(row["peer"], row["pattern"].encode()) for row in TABLE["milder"]]
OTHER = [(row["peer"], row["pattern"].encode()) for row in TABLE["other"]]
# The keys for disagreements in which treadle sent no sentence.
SILENT = "(a refusal without a body)"
TUNNEL = "(bytes of a tunnel)"
UNREAD = "(the request is not complete)"

REQUESTS = 5_200

HONEST = [
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
    (
        b"PUT /up HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: upgrade\r\n"
        b"Content-Length: 3\r\n\r\nGET"
    ),
]
# Requests that try to smuggle; damage must not turn them into valid ones either.
DISHONEST = [
    (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\nab",
    b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\nContent-Length: 1\r\n\r\nx",
    b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n",
]
#: One for each row that chance may miss.
KNOWN = [
    b"\r\n" + HONEST[0],
    HONEST[0].replace(b"?a=b", b"?"),
    HONEST[2].replace(b"5;a=b", b"5\t;a=b"),
    HONEST[2].replace(b"5;a=b", b"5;\x18=b"),
    HONEST[2].replace(b"X-T: v ", b"X-T: v\n"),
    HONEST[2].replace(b"POST", b"HEAD").replace(b"X-T", b"Host"),
    HONEST[5].replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"),
    HONEST[2].replace(b"chunked\r\n", b"chunks\r\nUpgrade: x\r\nConnection: upgrade\r\n"),
    HONEST[0].replace(b"1.1", b"1.2"),
    HONEST[0].replace(b" HTTP/1.1", b"").replace(b"Host", b"\nHost"),
    HONEST[0].replace(b"\r\nHost", b"\nHost"),
    HONEST[0].replace(b"Host: a", b"Host: a\nb"),
    HONEST[3] + HONEST[0],
    HONEST[3].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + HONEST[0],
    HONEST[5] + HONEST[0],
    HONEST[5].replace(b"\r\n\r\n", b"\r\nContent-Length: 2\r\n\r\nab"),
    HONEST[6].replace(b"/z", b""),
    HONEST[8].replace(b"\r\n\r\nGET", b"\r\n\r\n"),
    HONEST[8].replace(b"Content-Length: 3", b"Transfer-Encoding: chunked"),
]
SEEDS = HONEST * 4 + DISHONEST
PIECES = [
    b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\n", b" ", b"\t", b"\x00", b"\x0b", b"\x0c", b"\x7f",
    b"\x80", b"\xff", b":", b";", b",", b"/", b"*", b"#", b"?", b"[", b"]", b"+", b"-", b"_", b"0",
    b"5", b"a", b"FOO", b"HTTP/0.9", b"HTTP/1.0", b"HTTP/1.1", b"HTTP/2.0", b"chunked", b"close",
    b"identity", b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: gzip\r\n",
    b"Content-Length: 5\r\n", b"Content-Length: 5, 5\r\n", b"Host: b\r\n", b"Connection: close\r\n",
    b"Upgrade: websocket\r\n", b"\x16\x03\x01",
]  # fmt: skip


def damaged(chance: random.Random) -> bytes:
    """Return one or two requests with one or two mistakes."""
    data = b"".join(chance.choices(SEEDS, k=chance.randint(1, 2)))
    for _ in range(chance.randint(1, 2)):
        at, other = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
        match chance.randrange(8):
            case 0 | 1 | 2:
                data = data[:at] + chance.choice(PIECES) + data[at:]
            case 3 | 4:
                data = data[:at] + data[at + chance.randint(1, 4) :]
            case 5 | 6:
                data = data[:at] + bytes([chance.choice(b" 0aZ:;,\t\x80\xff")]) + data[at + 1 :]
            case _:
                data = data[:at] + data[other:]
    return data


def refusal(seen: list[Seen], answer: bytes) -> str:
    """Return the sentence of treadle's refusal, or the reason for its absence."""
    found = re.findall(
        rb"HTTP/1\.1 [45]\d\d [^\r]*\r\n.*?\r\n\r\n\d{3}: ([^\r\n]*)", answer, re.DOTALL
    )
    if found:
        return str(found[-1].decode())
    if re.search(rb"HTTP/1\.1 [45]", answer):
        return SILENT
    return TUNNEL if seen and seen[-1][0] == "CONNECT" else UNREAD


def explain(data: bytes, peer: str, ours: list[Seen], theirs: list[Seen], answer: bytes) -> object:
    """Return the key of the row for a disagreement; fail if the table has no such row."""
    what = f"\nbytes: {data!r}\ntreadle saw {ours}\n{peer} saw {theirs}"
    if theirs[: len(ours)] == ours:
        row = refusal(ours, answer), peer
        assert row in STRICTER, f"no row of `stricter` for {row}{what}"
        return row
    table = MILDER if ours[: len(theirs)] == theirs else OTHER
    for key in table:
        if key[0] == peer and re.search(key[1], data, re.DOTALL):
            return key
    pytest.fail(f"no row of `{'milder' if table is MILDER else 'other'}`{what}")


def test_every_disagreement_has_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    chance = random.Random(9112)
    kept = [*HONEST, *DISHONEST, *KNOWN]
    inputs = [*kept, *(damaged(chance) for _ in range(REQUESTS - len(kept)))]
    met: set[object] = set()
    agreed = 0
    accepted = 0

    async def main() -> None:
        nonlocal agreed, accepted
        async with asking() as ask:
            for data in inputs:
                results = await asyncio.gather(*(question(data) for question in ask.values()))
                outcomes = dict(zip(ask, results, strict=True))
                ours, answer = outcomes["treadle"]
                accepted += bool(ours)
                assert not re.search(rb"HTTP/1\.1 5(?!01|05)", answer), (data, answer)
                for peer in PEERS:
                    theirs = outcomes[peer][0]
                    if theirs == ours:
                        agreed += 1
                    else:
                        met.add(explain(data, peer, ours, theirs, answer))

    with caplog.at_level(logging.CRITICAL):
        asyncio.run(main())
    assert met == STRICTER | {*MILDER, *OTHER}, "rows that no request needs any more"
    # A run in which everything was refused, or nothing was, would show little.
    assert agreed > 2 * REQUESTS
    assert REQUESTS // 6 < accepted < REQUESTS // 2
