"""Time of one echoed WebSocket message without I/O: weft-websocket beside its peers.

Every contender gets the same masked client frames as one `bytes` object per read, returns the
messages and encodes an echo of each. One round runs all contenders in turn, and the best of
several rounds counts, so that a busy machine slows all of them alike. Rivals that are not
installed are left out. Run it with the Python to be measured:

    python tools/bench/bench_websocket.py            # the table below
    python tools/bench/bench_websocket.py --masks    # where the two ways of unmasking cross

Columns: 64-byte text one at a time, 64-byte text in reads of 16, 65,000-byte text; microseconds
per message.
"""

import argparse
import asyncio
import os
import time
from collections.abc import Callable, Coroutine
from typing import Any

from weft_websocket import WebSocketSession, WSMsgType, _frames

Echo = Callable[[bytes], int]
CASES = (("64 B x 1", 64, 1), ("64 B x 16", 64, 16), ("65,000 B", 65_000, 1))


def masked(payload: bytes) -> bytes:
    """Return one text frame as a client sends it."""
    size = len(payload)
    key = os.urandom(4)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return b"\x81" + length + key + bytes(_frames.unmask(payload, key))


def weft_echo() -> Echo:
    session = WebSocketSession()

    def echo(data: bytes) -> int:
        out = [
            session.send_text(message.data)
            for message in session.receive_data(data)
            if message.type is WSMsgType.TEXT
        ]
        out.append(session.data_to_send())
        return len(b"".join(out))

    return echo


def wsproto_echo() -> Echo:
    from wsproto.connection import Connection, ConnectionType
    from wsproto.events import TextMessage

    connection = Connection(ConnectionType.SERVER)

    def echo(data: bytes) -> int:
        connection.receive_data(data)
        out = []
        parts: list[str] = []
        for event in connection.events():
            if isinstance(event, TextMessage):
                parts.append(event.data)
                if event.message_finished:
                    out.append(connection.send(TextMessage("".join(parts))))
                    parts.clear()
        return len(b"".join(out))

    return echo


def websockets_echo() -> Echo:
    from websockets.frames import (  # type: ignore[import-not-found]  # optional rival
        Frame,
        Opcode,
    )
    from websockets.protocol import (  # type: ignore[import-not-found]  # optional rival
        SERVER,
        Protocol,
    )

    protocol = Protocol(SERVER)

    def echo(data: bytes) -> int:
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                # What its connections do: decode for the application, encode its answer.
                protocol.send_text(bytes(event.data).decode().encode())
        return len(b"".join(protocol.data_to_send()))

    return echo


def aiohttp_echo() -> Echo:
    """Only the reader of aiohttp (Cython where it was built); its writer needs a transport."""
    from aiohttp._websocket.reader import WebSocketDataQueue, WebSocketReader
    from aiohttp.base_protocol import BaseProtocol

    loop = asyncio.new_event_loop()
    protocol = BaseProtocol(loop)
    queue = WebSocketDataQueue(protocol, 2**22, loop=loop)
    reader: Any = WebSocketReader(queue, 2**22, compress=False, decode_text=True)

    def echo(data: bytes) -> int:
        reader.feed_data(data)
        out = []
        for _ in range(len(queue._buffer)):
            message = finished(queue.read())
            # The frame its writer would build, with the cheapest encoder at hand.
            out.append(_frames.encode_frame(0x81, message.data.encode()))
        return len(b"".join(out))

    return echo


def finished(coroutine: Coroutine[None, None, Any]) -> Any:
    """Return the result of a coroutine that does not wait."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("the coroutine waits")


CONTENDERS = {
    "weft-websocket": weft_echo,
    "wsproto": wsproto_echo,
    "websockets": websockets_echo,
    "aiohttp reader": aiohttp_echo,
}


def timed(echo: Echo, data: bytes, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        echo(data)
    return time.perf_counter() - start


def compare(rounds: int) -> None:
    echoes: dict[str, Echo] = {}
    for name, make in CONTENDERS.items():
        try:
            echoes[name] = make()
        except ImportError as exc:
            print(f"{name}: left out ({exc})")
    best = {name: [float("inf")] * len(CASES) for name in echoes}
    for _ in range(rounds):
        for column, (_title, size, batch) in enumerate(CASES):
            data = b"".join(masked(b"a" * size) for _ in range(batch))
            calls = max(50, 200_000 // len(data))
            for name, echo in echoes.items():
                assert echo(data) > size * batch, name
                cost = timed(echo, data, calls) / calls / batch * 1e6
                best[name][column] = min(best[name][column], cost)
    print(f"{'':16}" + "".join(f"{title:>14}" for title, _, _ in CASES))
    for name, costs in best.items():
        print(f"{name:16}" + "".join(f"{cost:11.2f} us" for cost in costs))


def masks(rounds: int) -> None:
    default = _frames._STRIPES_FROM
    print(f"{'bytes':>8}{'integers':>12}{'stripes':>12}   (stripes from {default})")
    for size in (8, 64, 125, 256, 512, 768, 1024, 4096, 65_000):
        data, key, row = os.urandom(size), os.urandom(4), []
        for threshold in (size + 1, 0):
            vars(_frames)["_STRIPES_FROM"] = threshold
            calls = max(20, 300_000 // (size + 100))
            costs = []
            for _ in range(rounds):
                start = time.perf_counter()
                for _ in range(calls):
                    _frames.unmask(data, key)
                costs.append((time.perf_counter() - start) / calls * 1e6)
            row.append(min(costs))
        print(f"{size:8}{row[0]:9.2f} us{row[1]:9.2f} us")
    vars(_frames)["_STRIPES_FROM"] = default


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--masks", action="store_true")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    (masks if arguments.masks else compare)(arguments.rounds)
