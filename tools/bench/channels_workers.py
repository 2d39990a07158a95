"""Two worker processes and an engine: each client has all messages, or was told of its loss.

    python tools/bench/channels_workers.py --engine redis-pubsub
    python tools/bench/channels_workers.py --engine postgres --messages 20000 --kill 2

Each worker has half of the clients; each client is a subscription of ``Channels`` to one of ten
rooms. Half of the messages are published by each worker, to the rooms in turn. ``--kill`` kills the
engine so many times meanwhile. A client fails if it has missed a message without a ``Gap``, or has
one twice or out of order. The engines run on free ports, as those of the tests do.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from testkit.engines import Engine, Postgres, Redis  # noqa: E402
from treadle_channels import (  # noqa: E402
    Backend,
    BackendError,
    Channels,
    Gap,
    PostgresBackend,
    RedisPubSubBackend,
    RedisStreamsBackend,
)

__all__ = ["main"]

_ROOMS: Final = 10


def _backend(engine: str, address: str) -> Backend:
    if engine == "redis-pubsub":
        return RedisPubSubBackend(address)
    if engine == "redis-streams":
        return RedisStreamsBackend(address, history=1_000_000)
    return PostgresBackend(address)


class _Client:
    """One subscription, and what it knows."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()
        self.messages = 0
        self.gaps = 0
        self.wrong = 0
        #: For each publisher the number of its last message.
        self._last: dict[str, int] = {}
        self._gap = False

    def take(self, item: object, data: str) -> None:
        """Note one item, and whether it may follow the ones before."""
        if isinstance(item, Gap):
            self.gaps += 1
            # Each publisher's row may have a hole here.
            self._last.clear()
            self._gap = True
            return
        self.messages += 1
        publisher, _, number = data.partition(" ")
        last = self._last.get(publisher)
        follows = int(number) if self._gap and last is None else (-1 if last is None else last) + 1
        self.wrong += int(number) != follows
        self._last[publisher] = int(number)


async def _follow(chat: Channels, room: str, client: _Client, queue: int) -> None:
    async with chat.subscribe(room, queue=queue) as messages:
        client.ready.set()
        async for item in messages:
            if isinstance(item, Gap):
                client.take(item, "")
            elif item.data == "end":
                return
            else:
                client.take(item, str(item.data))


async def _publish(chat: Channels, name: str, count: int) -> int:
    """Publish ``count`` messages to each room; return how many could not be published."""
    failed = 0

    async def one(room: int) -> None:
        nonlocal failed
        for number in range(count):
            try:
                await chat.publish(f"room {room}", f"{name}/{room} {number}")
            except BackendError:
                # Numbers go on: subscribers have a gap here, and were told.
                failed += 1
                await asyncio.sleep(0.01)

    await asyncio.gather(*(one(room) for room in range(_ROOMS)))
    return failed


async def _worker(engine: str, address: str, name: str, clients: int, messages: int) -> None:
    async with Channels(_backend(engine, address)) as chat:
        states = [_Client() for _ in range(clients)]
        tasks = [
            asyncio.ensure_future(_follow(chat, f"room {i % _ROOMS}", state, 100_000))
            for i, state in enumerate(states)
        ]
        await asyncio.gather(*(state.ready.wait() for state in states))
        await _line("ready")
        await _command("go")
        start = time.process_time()
        failed = await _publish(chat, name, messages // _ROOMS)
        await _line("published")
        await _command("end")
        if name == "0":
            for room in range(_ROOMS):
                await chat.publish(f"room {room}", "end")
        await asyncio.wait_for(asyncio.gather(*tasks), 120)
        seconds = time.process_time() - start
        report: dict[str, Any] = {
            "clients": clients,
            "messages": sum(state.messages for state in states),
            "least": min(state.messages for state in states),
            "gaps": sum(state.gaps for state in states),
            "clients with gaps": sum(state.gaps > 0 for state in states),
            "wrong": sum(state.wrong for state in states),
            "failed publishes": failed,
            "CPU seconds": round(seconds, 2),
        }
        await _line(json.dumps(report))


async def _line(text: str) -> None:
    await asyncio.to_thread(print, text, flush=True)


async def _command(expected: str) -> None:
    line = await asyncio.to_thread(sys.stdin.readline)
    if line.strip() != expected:
        raise SystemExit(f"the worker was told {line!r}, not {expected!r}")


async def _told(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise SystemExit("a worker has ended early")
    return line.decode().strip()


async def _run(arguments: argparse.Namespace, server: Engine) -> dict[str, Any]:
    address = server.url if isinstance(server, Redis) else getattr(server, "conninfo", "")
    workers = []
    for name in ("0", "1"):
        command = [
            sys.executable, __file__, "--engine", arguments.engine, "--worker", name,
            "--address", address, "--clients", str(arguments.clients // 2),
            "--messages", str(arguments.messages // 2),
        ]  # fmt: skip
        workers.append(
            await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
        )

    async def tell(text: str) -> None:
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write(f"{text}\n".encode())
            await worker.stdin.drain()

    try:
        for worker in workers:
            await _told(worker)
        start = time.monotonic()
        await tell("go")
        for _ in range(arguments.kill):
            await asyncio.sleep(0.5)
            server.kill()
            await asyncio.to_thread(server.start)
        for worker in workers:
            await _told(worker)
        if arguments.kill:
            # The longest delay of a link.
            await asyncio.sleep(2)
        await tell("end")
        reports = [json.loads(await _told(worker)) for worker in workers]
        seconds = time.monotonic() - start
    finally:
        for worker in workers:
            if worker.returncode is None:
                worker.terminate()
            await worker.wait()
    return {"engine": arguments.engine, "seconds": round(seconds, 2), "workers": reports}


def main(words: list[str] | None = None) -> dict[str, Any]:
    """Run the benchmark, or one of its workers; return what the workers report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--engine", choices=["redis-pubsub", "redis-streams", "postgres"], default="redis-pubsub"
    )
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--kill", type=int, default=0)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--address", help=argparse.SUPPRESS)
    arguments = parser.parse_args(words)
    if arguments.worker is not None:
        asyncio.run(
            _worker(
                arguments.engine, arguments.address, arguments.worker, arguments.clients,
                arguments.messages,
            )
        )  # fmt: skip
        return {}
    server: Engine = Postgres() if arguments.engine == "postgres" else Redis()
    try:
        server.start()
        return asyncio.run(_run(arguments, server))
    finally:
        server.close()


if __name__ == "__main__":
    found = main()
    if found:
        print(json.dumps(found, indent=2))
        if any(worker["wrong"] for worker in found["workers"]):
            raise SystemExit("a client has missed a message without being told")
