"""An HTTP server on trio: a task for each connection, a deadline for each read, a chunked body.

pip install trio
python trio_server.py [PORT]
"""

import sys
from collections.abc import AsyncIterator

import trio

from treadle_http_parser import EndOfMessage, Error, LocalProtocolError, ServerConnection


async def body() -> AsyncIterator[bytes]:
    """Make a body piece by piece."""
    for number in range(3):
        await trio.lowlevel.checkpoint()
        yield b"piece %d\n" % number


async def respond(stream: trio.SocketStream, connection: ServerConnection) -> None:
    """Send a response whose length is not known at its start."""
    await stream.send_all(connection.send_head(200, [("Content-Type", "text/plain")]))
    async for piece in body():
        await stream.send_all(connection.send_data(piece))
    await stream.send_all(connection.send_end())


async def serve(stream: trio.SocketStream) -> None:
    """Answer the requests of one client until one of both wants to close."""
    connection = ServerConnection()
    try:
        while not connection.must_close:
            with trio.fail_after(30):
                data = await stream.receive_some(65536)
            for event in connection.receive(data):
                match event:
                    case EndOfMessage():
                        await respond(stream, connection)
                    case Error(status=status):
                        await stream.send_all(
                            connection.send_head(status, [("Content-Length", "0")])
                            + connection.send_end()
                        )
    except (trio.BrokenResourceError, trio.TooSlowError, LocalProtocolError):
        pass  # the client has left, or is too slow
    finally:
        await stream.aclose()


async def main() -> None:
    """Serve until the process is stopped."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    (listener,) = await trio.open_tcp_listeners(port, host="127.0.0.1")
    print(f"http://127.0.0.1:{listener.socket.getsockname()[1]}", flush=True)
    await trio.serve_listeners(serve, [listener])


if __name__ == "__main__":
    trio.run(main)
