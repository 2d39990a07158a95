"""An HTTP server with blocking sockets and a thread for each connection.

    python threaded_server.py [PORT]

The parser reads and writes no socket: this file does, in the ten lines of ``serve``.
"""

import socket
import sys
import threading
from contextlib import suppress

from treadle_http_parser import Data, EndOfMessage, Error, Request, ServerConnection


def answer(connection: ServerConnection, status: int, text: str) -> bytes:
    """Return a whole response as bytes."""
    body = text.encode()
    fields = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
    return b"".join([
        connection.send_head(status, fields), connection.send_data(body), connection.send_end(),
    ])  # fmt: skip


def serve(sock: socket.socket) -> None:
    """Answer the requests of one client until one of both wants to close."""
    connection = ServerConnection()
    size = 0
    sock.settimeout(30)
    with sock, suppress(OSError):  # the client has left, or is too slow
        while not connection.must_close:
            for event in connection.receive(sock.recv(65536)):
                match event:
                    case Request(expect="100-continue") if connection.can_send_informational:
                        sock.sendall(connection.send_informational(100))
                    case Data(data=data):
                        size += len(data)
                    case EndOfMessage():
                        request = connection.request
                        assert request is not None
                        text = f"{request.method} {request.target}: {size} bytes\n"
                        size = 0
                        sock.sendall(answer(connection, 200, text))
                    case Error(status=status, reason=reason):
                        sock.sendall(answer(connection, status, reason + "\n"))


def main() -> None:
    """Serve until the process is stopped."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    with socket.create_server(("127.0.0.1", port)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
