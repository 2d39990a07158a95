"""A site on a socket that other processes listen on too."""

import asyncio
import errno
import socket
import ssl

import pytest
import trustme

from testkit import Run, each_loop, hello
from treadle_server import Server, ServerRunner
from treadle_server._run.listeners import bind_tcp
from treadle_server._run.shared import SharedSite

ASK = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def listen() -> tuple[socket.socket, int]:
    (sock,) = bind_tcp(["127.0.0.1"], 0, 100)
    return sock, sock.getsockname()[1]


async def ask(port: int, context: ssl.SSLContext | None = None) -> bytes:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=context and "localhost"
    )
    writer.write(ASK)
    answer = await reader.read()
    writer.close()
    return answer


@each_loop
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_requests_are_answered(run: Run, tls: bool) -> None:
    async def main() -> None:
        context = client = None
        if tls:
            authority = trustme.CA()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("localhost").configure_cert(context)
            client = ssl.create_default_context()
            authority.configure_trust(client)
        runner = ServerRunner(Server(hello))
        await runner.setup()
        sock, port = listen()
        site = SharedSite(runner, sock, ssl_context=context)
        await site.start()
        scheme = "https" if tls else "http"
        assert site.name == f"{scheme}://127.0.0.1:{port}"
        assert runner.addresses == [("127.0.0.1", port)]
        answers = await asyncio.gather(*(ask(port, client) for _ in range(20)))
        assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
        await runner.cleanup()
        assert sock.fileno() == -1
        with pytest.raises(OSError):
            await ask(port, client)

    run(main())


@each_loop
def test_one_connection_in_a_turn(run: Run) -> None:
    """Two sites take turns on one socket, though one could take all that wait."""

    async def main() -> None:
        sock, port = listen()
        runners = [ServerRunner(Server(hello)) for _ in range(2)]
        sites = []
        for runner, each in zip(runners, (sock, sock.dup()), strict=True):
            await runner.setup()
            sites.append(SharedSite(runner, each))
        # They are in the queue before anybody listens.
        pending = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
        for site in sites:
            await site.start()
        counts = [0, 0]
        while sum(counts) < 40:
            await asyncio.sleep(0)
            counts = [len(runner.server.connections) for runner in runners if runner.server]
        for each in pending:
            each.close()
        assert min(counts) >= 10
        for runner in runners:
            await runner.cleanup()

    run(main())


@each_loop
def test_a_stop_waits_for_accepted_connections(run: Run) -> None:
    async def main() -> None:
        runner = ServerRunner(Server(hello))
        await runner.setup()
        sock, port = listen()
        site = SharedSite(runner, sock)
        await site.start()
        loop = asyncio.get_running_loop()
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.setblocking(False)
            await loop.sock_sendall(client, ASK)
            # Accepted, but not made.
            site._server._accept()  # type: ignore[union-attr]  # what a reader calls
            await runner.retire(5)
            await runner.cleanup()
            assert (await loop.sock_recv(client, 65_536)).startswith(b"HTTP/1.1 200")

    run(main())


def test_without_room_it_waits_and_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        runner = ServerRunner(Server(hello))
        await runner.setup()
        sock, port = listen()
        refused = asyncio.Event()

        class Full(socket.socket):
            def accept(self) -> tuple[socket.socket, object]:
                if not refused.is_set():
                    refused.set()
                    raise OSError(errno.EMFILE, "Too many open files")
                return super().accept()

        full = Full(fileno=sock.detach())
        monkeypatch.setattr("treadle_server._run.shared._PAUSE", 0.01)
        await SharedSite(runner, full).start()
        assert (await ask(port)).startswith(b"HTTP/1.1 200")
        assert refused.is_set()
        assert "No room for a connection that waits" in caplog.text
        await runner.cleanup()

    run(main())


@each_loop
def test_a_handshake_that_fails_is_nobodys_error(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        authority = trustme.CA()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        # It speaks HTTP without TLS, and waits for the end behind its answer.
        runner = ServerRunner(Server(hello, head_timeout=1.0))
        await runner.setup()
        sock, port = listen()
        await SharedSite(runner, sock, ssl_context=context).start()
        assert not (await ask(port)).startswith(b"HTTP/1.1 200")
        await runner.cleanup()
        assert [record for record in caplog.records if record.levelname != "DEBUG"] == []

    run(main())
