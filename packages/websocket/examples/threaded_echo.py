"""A WebSocket server with blocking sockets and a thread for each connection: it echoes messages.

    python threaded_echo.py [PORT]

A silent client gets a ping, and is given up if it answers nothing: the time that a read may take is
that until the session's deadline.
"""

import socket
import sys
import threading
import time
from contextlib import suppress

from treadle_websocket import (
    Accept,
    HandshakeReader,
    Message,
    ServerHandshake,
    SessionSettings,
    WebSocketSession,
    WSMsgType,
)

HANDSHAKE = ServerHandshake()
SETTINGS = SessionSettings(heartbeat=20)


def open_websocket(sock: socket.socket) -> tuple[WebSocketSession[Message], bytes] | None:
    """Return the session and the bytes that came behind the handshake; None if there is none."""
    reader = HandshakeReader()
    sock.settimeout(10)
    while data := sock.recv(65536):
        request = reader.receive_data(data)
        if request is not None:
            decision = HANDSHAKE.decide(request)
            sock.sendall(decision.to_bytes())
            if isinstance(decision, Accept):
                now = time.monotonic()
                session = WebSocketSession(SETTINGS, deflate=decision.deflate, now=now)
                return session, reader.rest
            break
    return None


def serve(sock: socket.socket) -> None:
    """Echo the messages of one client until one of both closes."""
    with sock, suppress(OSError):  # the client has left, or is too slow
        opened = open_websocket(sock)
        if opened is None:
            return
        session, data = opened
        messages = session.receive_data(data, time.monotonic())
        while True:
            for message in messages:
                if message.type is WSMsgType.TEXT:
                    sock.sendall(session.send_text(message.data))
                elif message.type is WSMsgType.BINARY:
                    sock.sendall(session.send_bytes(message.data))
            sock.sendall(session.data_to_send())
            if session.closed:
                return
            now, deadline = time.monotonic(), session.deadline
            sock.settimeout(None if deadline is None else max(deadline - now, 0.001))
            try:
                data = sock.recv(65536)
            except TimeoutError:
                messages = session.tick(time.monotonic())
            else:
                now = time.monotonic()
                messages = session.receive_data(data, now) if data else session.receive_eof()


def main() -> None:
    """Serve until the process is stopped."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    with socket.create_server(("127.0.0.1", port)) as listener:
        print(f"ws://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
