"""The examples, each as a process of its own with real clients."""

import http.client
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PIPELINED = (
    b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
    b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
    b"GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
)


@pytest.fixture(params=["threaded_server.py", "trio_server.py"])
def server(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """Run an example, and give its name and port."""
    command = [sys.executable, str(EXAMPLES / request.param), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield request.param, int(process.stdout.readline().rpartition(":")[2])
        finally:
            process.kill()


def everything(sock: socket.socket) -> bytes:
    """Read to the end."""
    return b"".join(iter(lambda: sock.recv(65536), b""))


def test_requests_on_one_connection(server: tuple[str, int]) -> None:
    name, port = server
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for method, body, text in [
        ("GET", None, "GET /a: 0 bytes\n"),
        ("POST", b"x" * 100_000, "POST /a: 100000 bytes\n"),
    ]:
        client.request(method, "/a", body)
        response = client.getresponse()
        wanted = text if name == "threaded_server.py" else "piece 0\npiece 1\npiece 2\n"
        assert (response.status, response.read().decode()) == (200, wanted)
    client.close()


def test_pipelined_requests_are_answered_in_order(server: tuple[str, int]) -> None:
    name, port = server
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(PIPELINED)
        answers = everything(sock)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 3
    assert answers.count(b"Connection: close\r\n") == 1
    if name == "threaded_server.py":
        found = [answers.index(b"GET /%d: 0 bytes" % number) for number in (1, 2, 3)]
        assert found == sorted(found)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", b"400 Bad Request"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\nnonsense\r\n\r\n", b"200 OK"),
        (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", b"505 HTTP Version Not Supported"),
        (b"GET / HTTP/1.1\r\nHost:", b"400 Bad Request"),
    ],
)
def test_refused_requests_end_the_connection(
    server: tuple[str, int], sent: bytes, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", server[1]), timeout=20) as sock:
        sock.sendall(sent)
        sock.shutdown(socket.SHUT_WR)
        assert everything(sock).startswith(b"HTTP/1.1 " + status + b"\r\n")


def test_a_client_that_waits_before_its_body() -> None:
    command = [sys.executable, str(EXAMPLES / "threaded_server.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline().rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
                sock.sendall(
                    b"PUT /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n"
                    b"Expect: 100-continue\r\n\r\n"
                )
                assert sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
                sock.sendall(b"hi")
                assert everything(sock).endswith(b"PUT /a: 2 bytes\n")
        finally:
            process.kill()
