"""A chat on trio: what a client sends goes to all clients in the room that its path names.

pip install trio
python trio_chat.py [PORT]
"""

import sys
from collections import defaultdict

import trio

from treadle_websocket import (
    Accept,
    HandshakeReader,
    HandshakeRequest,
    Message,
    PreparedMessage,
    ServerHandshake,
    WebSocketSession,
    WSMsgType,
)

HANDSHAKE = ServerHandshake(subprotocols=["chat"])
# A message goes into the queue of each member; one whose queue is full is too slow, and must leave.
ROOMS: defaultdict[str, set[trio.MemorySendChannel[PreparedMessage]]] = defaultdict(set)


async def serve(stream: trio.SocketStream) -> None:
    """Open one WebSocket, and serve it until one side closes."""
    reader = HandshakeReader()
    request = None
    with trio.move_on_after(10):
        while request is None and (data := await stream.receive_some()):
            request = reader.receive_data(data)
    if request is not None:
        decision = HANDSHAKE.decide(request)
        await stream.send_all(decision.to_bytes())
        if isinstance(decision, Accept) and isinstance(request, HandshakeRequest):
            await talk(stream, WebSocketSession(deflate=decision.deflate), request, reader.rest)
    await stream.aclose()


async def talk(
    stream: trio.SocketStream,
    session: WebSocketSession[Message],
    request: HandshakeRequest,
    data: bytes,
) -> None:
    """Pass on the messages of one client, and send it those of the others."""
    writing = trio.StrictFIFOLock()
    inbox, outbox = trio.open_memory_channel[PreparedMessage](100)
    room = ROOMS[request.target]

    async def deliver() -> None:
        async for message in outbox:
            async with writing:
                if not session.closed:
                    await stream.send_all(session.send_prepared(message))
        nursery.cancel_scope.cancel()

    def pass_on(message: PreparedMessage) -> None:
        for member in room.copy():
            try:
                member.send_nowait(message)
            except trio.WouldBlock:
                room.discard(member)
                member.close()

    room.add(inbox)
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(deliver)
            messages = session.receive_data(data)
            while True:
                for message in messages:
                    if message.type is WSMsgType.TEXT:
                        pass_on(PreparedMessage(message.data))
                async with writing:
                    await stream.send_all(session.data_to_send())
                if session.closed:
                    break
                data = await stream.receive_some()
                messages = session.receive_data(data) if data else session.receive_eof()
            nursery.cancel_scope.cancel()
    except* trio.BrokenResourceError:
        pass  # the client has left
    finally:
        room.discard(inbox)


async def main() -> None:
    """Serve until the process is stopped."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8080
    (listener,) = await trio.open_tcp_listeners(port, host="127.0.0.1")
    print(f"ws://127.0.0.1:{listener.socket.getsockname()[1]}", flush=True)
    await trio.serve_listeners(serve, [listener])


if __name__ == "__main__":
    trio.run(main)
