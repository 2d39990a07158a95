"""Echoing WebSocket messages: treadle beside its peers, over sockets and without I/O.

    python tools/bench/bench_websocket.py [--rounds 5] [--seconds 2] [--connections 32]
    python tools/bench/bench_websocket.py --alone    # the codecs, without I/O
    python tools/bench/bench_websocket.py --masks    # where the two ways of unmasking cross

Over sockets each contender is a program of its own (``apps/ws_*.py``) on uvloop, pinned to one
core; the load comes from another (``ws_generator.py``). What counts is the CPU time of the server
per echoed message, kernel included. Servers alternate round by round, the first round warms up, and
a ratio is taken inside each round: see README.md on why.  wsproto has no server: its program is a
bare protocol that answers in ``data_received``, without the task and queue that a handler needs.

Without I/O every contender gets the same masked client frames as one ``bytes`` object per read,
returns the messages and encodes an echo of each; the best of several rounds counts.

Columns: 64-byte text one at a time, 64-byte text in reads of 16, 65,000-byte text; microseconds
per message. Rivals that are not installed are left out. Run it with the Python to be measured.
"""

import argparse
import asyncio
import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._account import cpu_seconds, cpu_used
from bench._servers import cores, end_on_sigterm
from treadle_websocket import WebSocketSession, WSMsgType, _frames, _mask

Echo = Callable[[bytes], int]
CASES = (("64 B x 1", 64, 1), ("64 B x 16", 64, 16), ("65,000 B", 65_000, 1))


def masked(payload: bytes) -> bytes:
    """Return one text frame as a client sends it."""
    size = len(payload)
    key = os.urandom(4)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return b"\x81" + length + key + bytes(_mask.unmask(payload, 0, size, key))


def treadle_echo() -> Echo:
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
    from websockets.frames import Frame, Opcode
    from websockets.protocol import SERVER, Protocol

    protocol = Protocol(SERVER)

    def echo(data: bytes) -> int:
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                # The work of its connections: decode for the application, encode the answer.
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
        for _ in range(len(queue._buffer)):  # noqa: SLF001  # a cost that no public name shows
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
    "treadle-websocket": treadle_echo,
    "wsproto": wsproto_echo,
    "websockets": websockets_echo,
    "aiohttp reader": aiohttp_echo,
}


HERE = Path(__file__).resolve().parent
SERVERS = ("treadle", "aiohttp", "websockets", "wsproto")


@contextlib.contextmanager
def server(name: str) -> Iterator[tuple[int, int]]:
    """Run an echo server on its core; give its process and its port."""
    command = [sys.executable, str(HERE / "apps" / f"ws_{name}.py")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        if pair := cores():
            os.sched_setaffinity(process.pid, {pair[0]})
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.strip().isdigit():
            raise SystemExit(f"{name} ended without a port; see its message above")
        yield process.pid, int(line)
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def load(pid: int, port: int, size: int, batch: int, connections: int, seconds: float) -> float:
    """Return the CPU time of the server per message, in microseconds."""
    numbers = [str(number) for number in (port, size, batch, connections, seconds)]
    before = cpu_seconds([pid])
    process = subprocess.Popen(
        [sys.executable, str(HERE / "ws_generator.py"), *numbers], stdout=subprocess.PIPE, text=True
    )
    if pair := cores():
        os.sched_setaffinity(process.pid, {pair[1]})
    output, _ = process.communicate(timeout=seconds + 30)
    used = cpu_used(before, cpu_seconds([pid]))
    result = json.loads(output)
    if result["lost"] or not result["messages"]:
        raise SystemExit(f"{result['lost']} connections lost, {result['messages']} messages")
    return used * 1e6 / float(result["messages"])


def over_sockets(rounds: int, seconds: float, connections: int) -> None:
    end_on_sigterm()
    with contextlib.ExitStack() as stack:
        running = {}
        for name in SERVERS:
            if importlib.util.find_spec(name) is None:
                print(f"{name}: not installed")
            else:
                running[name] = stack.enter_context(server(name))
        for title, size, batch in CASES:
            costs: dict[str, list[float]] = {name: [] for name in running}
            for number in range(rounds + 1):
                for name, (pid, port) in running.items():
                    cost = load(pid, port, size, batch, connections, seconds)
                    if number:
                        costs[name].append(cost)
            print(f"{title:12}{'CPU us/message':>16}   treadle/peer (min-max)")
            for name, each in costs.items():
                line = f"  {name:10}{statistics.median(each):16.2f}"
                if name != "treadle":
                    ratios = [
                        ours / theirs for ours, theirs in zip(costs["treadle"], each, strict=True)
                    ]
                    line += (
                        f"   {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
                    )
                print(line, flush=True)


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
    default = _mask._STRIPES_FROM  # noqa: SLF001  # the setting under test
    print(f"{'bytes':>8}{'integers':>12}{'stripes':>12}   (stripes from {default})")
    for size in (8, 64, 125, 256, 512, 768, 1024, 4096, 65_000):
        data, key, row = os.urandom(size), os.urandom(4), []
        for threshold in (size + 1, 0):
            vars(_mask)["_STRIPES_FROM"] = threshold
            calls = max(20, 300_000 // (size + 100))
            costs = []
            for _ in range(rounds):
                start = time.perf_counter()
                for _ in range(calls):
                    _mask.unmask_in_python(data, 0, size, key)
                costs.append((time.perf_counter() - start) / calls * 1e6)
            row.append(min(costs))
        print(f"{size:8}{row[0]:9.2f} us{row[1]:9.2f} us")
    vars(_mask)["_STRIPES_FROM"] = default


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench_websocket")
    parser.add_argument("--alone", action="store_true", help="the codecs, without I/O")
    parser.add_argument("--masks", action="store_true", help="where two ways of unmasking cross")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="of load for a server in a round"
    )
    parser.add_argument("--connections", type=int, default=32)
    arguments = parser.parse_args()
    if arguments.masks:
        masks(arguments.rounds)
    elif arguments.alone:
        compare(arguments.rounds)
    else:
        over_sockets(arguments.rounds, arguments.seconds, arguments.connections)
