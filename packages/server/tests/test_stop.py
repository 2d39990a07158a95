"""The end of a server, in order, with clients in every state; and nothing left open behind it."""

import asyncio
import contextlib
import os
import socket
import tempfile
from pathlib import Path

import pytest

from testkit import Peer, Run, each_loop, frame, read_close, wait_streams_ended
from treadle_responses import Response, StreamResponse
from treadle_server import Application, AppRunner, Request, SockSite

GET = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
FORM = (
    b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=B\r\n"
    b"Content-Length: 90000000\r\n\r\n"
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
)


def open_files() -> int:
    """How many descriptors this process has open, where the system tells."""
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


class Story:
    """An application that tells what happened in which order."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.started = asyncio.Semaphore(0)
        self.go_on = asyncio.Event()
        self.app = Application(client_max_size=0)
        self.app.router.add_get("/", self.quick)
        self.app.router.add_get("/patient", self.patient)
        self.app.router.add_get("/stubborn", self.stubborn)
        self.app.router.add_get("/large", self.large)
        self.app.router.add_get("/ws", self.websocket)
        self.app.router.add_post("/form", self.form)
        self.app.on_shutdown.append(self.on_shutdown)
        self.app.on_cleanup.append(self.on_cleanup)

    async def quick(self, request: Request) -> Response:
        return Response(text="quick")

    async def patient(self, request: Request) -> Response:
        self.started.release()
        await self.go_on.wait()
        self.told.append("patient done")
        return Response(text="patient")

    async def stubborn(self, request: Request) -> Response:
        self.started.release()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.told.append("stubborn cancelled")
        raise AssertionError("a future that nobody ends has ended")

    async def large(self, request: Request) -> Response:
        self.started.release()
        return Response(body=bytes(20_000_000))

    async def form(self, request: Request) -> Response:
        self.started.release()
        await request.post()
        return Response()

    async def websocket(self, request: Request) -> StreamResponse:
        from treadle_server import WebSocketResponse

        ws = WebSocketResponse()
        await ws.prepare(request)
        self.started.release()
        async for _ in ws:
            pass
        self.told.append("websocket done")
        return ws

    async def on_shutdown(self, app: Application) -> None:
        self.told.append("on_shutdown")
        self.go_on.set()

    async def on_cleanup(self, app: Application) -> None:
        self.told.append("on_cleanup")


@each_loop
def test_clients_in_every_state(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    async def main() -> None:
        # What an event loop opens with its first listener is its own.
        first = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
        first.close()
        await asyncio.sleep(0)
        before = open_files()
        story = Story()
        runner = AppRunner(story.app, shutdown_timeout=0.5, lingering_time=0.2)
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        address = listener.getsockname()
        await SockSite(runner, listener).start()
        peers: dict[str, Peer] = {}

        async def connect(name: str, data: bytes) -> Peer:
            peer = peers[name] = Peer(*await asyncio.open_connection(*address))
            await peer.send(data)
            return peer

        await connect("silent", b"")
        await connect("half a head", b"GET / HT")
        await connect(
            "half a body", b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"
        )
        await connect("half a form", FORM + bytes(3_000_000))
        idle = await connect("idle", GET % b"/")
        assert (await idle.response())[0] == 200
        await connect("patient", GET % b"/patient" + GET % b"/")
        await connect("stubborn", GET % b"/stubborn")
        slow = await connect("slow", GET % b"/large")
        slow.writer.transport.pause_reading()  # type: ignore[attr-defined]  # it is a Transport
        websocket = await connect("websocket", UPGRADE)
        assert (await websocket.head()).startswith(b"HTTP/1.1 101 ")
        for _ in range(6):
            await asyncio.wait_for(story.started.acquire(), 10)

        await asyncio.wait_for(runner.cleanup(), 20)
        with pytest.raises(OSError):
            await asyncio.open_connection(*address)
        # Idle ones end silently; what was under way is finished and says that it is the last.
        assert await peers["silent"].rest() == b""
        assert await peers["half a head"].rest() == b""
        assert await idle.rest() == b""
        answer = await peers["patient"].rest()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert answer.count(b"HTTP/1.1") == 1
        assert b"\r\nConnection: close\r\n" in answer
        for name in ("stubborn", "half a body", "half a form"):
            with contextlib.suppress(ConnectionError):
                await peers[name].rest()
        # A close frame with 1001.
        assert (await websocket.rest())[:4] == b"\x88\x02\x03\xe9"
        for peer in peers.values():
            peer.writer.transport.abort()
        for peer in peers.values():
            with contextlib.suppress(ConnectionError):
                await peer.writer.wait_closed()
        assert story.told[0] == "on_shutdown"
        assert story.told[-1] == "on_cleanup"
        assert set(story.told[1:-1]) == {"patient done", "stubborn cancelled", "websocket done"}
        assert story.told.index("patient done") < story.told.index("stubborn cancelled")
        assert os.listdir(tmp_path) == []  # noqa: PTH208  # pathlib's way is refused in coroutines
        assert open_files() <= before

    run(main())


@each_loop
def test_a_handler_whose_client_has_left_is_waited_for_and_cancelled(run: Run) -> None:
    async def main() -> None:
        story = Story()
        runner = AppRunner(story.app, shutdown_timeout=0.2)
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        address = listener.getsockname()
        await SockSite(runner, listener).start()
        for path in (b"/patient", b"/stubborn"):
            peer = Peer(*await asyncio.open_connection(*address))
            await peer.send(GET % path)
            await story.started.acquire()
            peer.writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await peer.writer.wait_closed()
        await asyncio.wait_for(runner.cleanup(), 20)
        assert story.told == ["on_shutdown", "patient done", "stubborn cancelled", "on_cleanup"]

    run(main())


@each_loop
@pytest.mark.parametrize("answers", [False, True], ids=["does not answer", "answers"])
def test_a_websocket_never_makes_the_stop_wait(run: Run, answers: bool) -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        story = Story()
        runner = AppRunner(story.app, shutdown_timeout=20.0)
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        await SockSite(runner, listener).start()
        peer = Peer(*await asyncio.open_connection(*listener.getsockname()))
        await peer.send(UPGRADE)
        assert (await peer.head()).startswith(b"HTTP/1.1 101 ")
        await story.started.acquire()
        begun = loop.time()
        # A roll does not wait either: another request cannot come on this connection.
        await runner.retire(20)
        assert story.told == []
        stop = asyncio.create_task(runner.cleanup())
        assert await read_close(peer) == 1001
        if answers:
            await peer.send(frame(8, (1001).to_bytes(2, "big")))
        await stop
        # The option ``timeout`` of a WebSocket is ten seconds.
        assert loop.time() - begun < 8
        assert story.told == ["on_shutdown", "websocket done", "on_cleanup"]
        with contextlib.suppress(ConnectionError):
            assert await peer.rest() == b""
        peer.writer.close()

    run(main())


def test_a_websocket_that_opens_while_the_server_stops(run: Run) -> None:
    async def main() -> None:
        entered = asyncio.Event()

        async def late(request: Request) -> StreamResponse:
            from treadle_server import WebSocketResponse

            entered.set()
            await wait_streams_ended(request)
            ws = WebSocketResponse()
            await ws.prepare(request)
            async for _ in ws:
                pass
            return ws

        app = Application()
        app.router.add_get("/ws", late)
        runner = AppRunner(app, shutdown_timeout=5.0)
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        await SockSite(runner, listener).start()
        peer = Peer(*await asyncio.open_connection(*listener.getsockname()))
        await peer.send(UPGRADE)
        await entered.wait()
        stop = asyncio.create_task(runner.cleanup())
        assert (await peer.head()).startswith(b"HTTP/1.1 101 ")
        assert await read_close(peer) == 1001
        await peer.send(frame(8, (1001).to_bytes(2, "big")))
        await stop
        peer.writer.close()

    run(main())
