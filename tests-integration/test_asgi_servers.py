"""The programs of the quickstart under treadle's own server and under three servers of ASGI.

One process for each server: the programs are the applications of one domain each. The answers to
the same requests are compared, and not only with what the quickstart's test expects.
"""

import asyncio
import contextlib
import io
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientSession, CookieJar, FormData, TCPConnector, WSMsgType
from aiohttp.abc import AbstractResolver, ResolveResult

from quickstart_requests import EXCHANGES
from testkit import PATIENCE, Program
from treadle_testing import unused_port

PROGRAMS: Final = Path(__file__).resolve().parent.parent / "packages/treadle/examples/quickstart"
NAMES: Final = [*EXCHANGES, "file_uploads", "websockets", "event_streams"]

NATIVE: Final = "treadle"
#: The arguments of each server, and a line that it writes when it serves.
SERVERS: Final[dict[str, tuple[str, str]]] = {
    NATIVE: ("treadle.web -H 127.0.0.1 -P {port} served:init_func", "Running on"),
    "uvicorn": ("uvicorn served_asgi:application --port {port}", "running on"),
    "hypercorn": ("hypercorn served_asgi:application --bind 127.0.0.1:{port}", "Running on"),
    "granian": (
        "granian --interface asgi served_asgi:application --port {port}", "Started worker",
    ),
}  # fmt: skip

PROGRAM: Final = """
import importlib
from treadle import web

def init_func(argv):
    # As large as the largest of them: the limit of the outermost application counts.
    app = web.Application(client_max_size=16 * 1024**2)
    for name in %r:
        module = importlib.import_module(f"quickstart.{name}")
        app.add_domain(name.replace("_", "-") + ".test", module.init_func([]))
    return app
"""

PROGRAM_ASGI: Final = """
from served import init_func
from treadle_asgi import asgi

application = asgi(init_func([]))
"""

#: The fields of responses that do not depend on the server.
FIELDS: Final = ("Content-Type", "Content-Length", "Allow", "Location", "Vary", "ETag")


class Here(AbstractResolver):
    """Every host is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        pass


def wait_listening(port: int) -> None:
    """Wait until a server accepts connections: granian says that it runs before it does."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            # There is no event for it.
            time.sleep(0.02)
        else:
            return
    pytest.fail(f"no server listens on port {port}")


@contextlib.contextmanager
def serving(server: str, folder: Path) -> Iterator[int]:
    """Run a server; return its port."""
    (folder / "served.py").write_text(PROGRAM % (NAMES,))
    (folder / "served_asgi.py").write_text(PROGRAM_ASGI)
    # The folder of the programs is not on the path of the servers.
    (folder / "quickstart").symlink_to(PROGRAMS)
    port = unused_port()
    arguments, line = SERVERS[server]
    command = [sys.executable, "-m", *arguments.format(port=port).split()]
    program = Program(command, folder)
    try:
        program.wait_for(line)
        wait_listening(port)
        yield port
    finally:
        try:
            assert program.end() in (0, -signal.SIGTERM)
        finally:
            program.close()


def client_of(port: int, program: str) -> ClientSession:
    """Return a client whose paths are those of a program."""
    return ClientSession(
        f"http://{program.replace('_', '-')}.test:{port}",
        cookie_jar=CookieJar(unsafe=True),
        connector=TCPConnector(resolver=Here()),
    )


async def answers_of(port: int, program: str) -> list[dict[str, Any]]:
    """Return what matters of the answers to the requests of the quickstart's test."""
    answers = []
    async with client_of(port, program) as client:
        for method, path, sent, status, text in EXCHANGES[program]:
            async with client.request(method, path, **sent) as response:
                received = await response.text()
                assert response.status == status, (method, path, received)
                assert text in received if text else received == ""
                fields = {name: response.headers.get(name) for name in FIELDS}
                # Each server has a port of its own.
                received = received.replace(f":{port}", ":PORT")
                if path == "/now":
                    received = fields["Content-Length"] = ""
                cookies = sorted(
                    cookie.partition("=")[0] for cookie in response.headers.getall("Set-Cookie", ())
                )
                answers.append(
                    {"request": (method, path), "text": received, "cookies": cookies, **fields}
                )
    return answers


async def upload(port: int) -> None:
    async with client_of(port, "file_uploads") as client:
        form = FormData({"comment": "loud"})
        song = io.BytesIO(b"x" * 3_000_000)
        form.add_field("file", song, filename="song.mp3", content_type="audio/mpeg")
        async with client.post("/store", data=form) as response:
            assert (await response.json())["size"] == 3_000_000
        form = FormData()
        form.add_field("video", io.BytesIO(b"y" * 24 * 1024**2), filename="film.mkv")
        async with client.post("/stream", data=form) as response:
            assert await response.json() == {"video": 24 * 1024**2}


async def talk(port: int) -> None:
    async with client_of(port, "websockets") as client, client.ws_connect("/ws") as ws:
        await ws.send_str("hello")
        assert await ws.receive_str() == "hello/answer"
        await ws.send_bytes(b"\x00\x01")
        assert await ws.receive_bytes() == b"\x00\x01"
        await ws.send_str("close")
        assert (await ws.receive()).type is WSMsgType.CLOSE
        assert ws.close_code == 1000


async def listen(port: int) -> None:
    async with client_of(port, "event_streams") as client, client.get("/events") as one:
        comment = await one.content.readuntil(b"\n\n")
        assert comment == b": You hear what others say.\n\n"
        async with client.post("/say", data="Hello,\nall") as said:
            assert said.status == 204
        event = await one.content.readuntil(b"\n\n")
        assert event == b"event: said\ndata: Hello,\ndata: all\n\n"


def all_answers(server: str, folder: Path) -> dict[str, list[dict[str, Any]]]:
    async def main(port: int) -> dict[str, list[dict[str, Any]]]:
        answers = {program: await answers_of(port, program) for program in EXCHANGES}
        await upload(port)
        await talk(port)
        await listen(port)
        return answers

    with serving(server, folder) as port:
        return asyncio.run(main(port))


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Return the answers of treadle's own server."""
    return all_answers(NATIVE, tmp_path_factory.mktemp("native"))


@pytest.mark.skipif(sys.platform == "win32", reason="the servers end with signals")
@pytest.mark.parametrize("server", [name for name in SERVERS if name != NATIVE])
def test_the_quickstart_answers_the_same(
    server: str, native: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    assert all_answers(server, tmp_path) == native
