"""``broadcast``: one message to many WebSockets, encoded once.

The message is framed once, and compressed once for each agreed window size. Every transport gets
it before the first wait, so that a slow peer never delays the others. The caller chooses what
happens to slow peers.
"""

import asyncio
from collections.abc import Iterable
from typing import Final, Literal

from treadle_server._core.errors import ClientConnectionResetError
from treadle_websocket import PreparedMessage, State, WSCloseCode

from .messages import websocket_channel
from .response import WebSocketResponse

__all__ = ["broadcast"]

# A write takes microseconds, for most transports a system call: after this many writes the rest of
# the program gets its turn.
_BATCH: Final = 200


async def broadcast(
    websockets: Iterable[WebSocketResponse[bool]],
    message: str | bytes | PreparedMessage,
    *,
    slow: Literal["wait", "drop", "close"] = "wait",
    compress: bool | None = None,
) -> int:
    """Send ``message`` to all WebSockets that are open; return their number.

    A peer is slow if more than ``writer_limit`` bytes wait for it. ``slow="wait"`` sends to it and
    returns when all peers keep up or are gone (the server's ``write_timeout`` ends connections
    whose peer reads nothing); ``"drop"`` does not send it this message; ``"close"`` closes its
    WebSocket with code 1013, so that it can connect again.

    Raises ``RuntimeError`` for a WebSocket that was not prepared, ``TypeError`` for a message that
    is neither text nor bytes, and ``ValueError`` for another ``slow``.
    """
    if slow not in ("wait", "drop", "close"):
        raise ValueError(f"slow={slow!r} must be 'wait', 'drop' or 'close'")
    prepared = message if isinstance(message, PreparedMessage) else PreparedMessage(message)
    count = 0
    behind = []
    # A copy: the caller's collection may change while the rest of the program has its turn.
    for number, websocket in enumerate(list(websockets), 1):
        ws = websocket_channel(websocket)
        if ws.session.state is not State.OPEN:
            continue
        if ws.behind and slow == "drop":
            continue
        if ws.behind and slow == "close":
            ws.close(WSCloseCode.TRY_AGAIN_LATER, "too slow")
            continue
        ws.put(prepared, compress)
        count += 1
        if ws.behind:
            behind.append(ws)
        if number % _BATCH == 0:
            await asyncio.sleep(0)
    if slow == "wait":
        for ws in behind:
            try:
                await ws.drain()
            except ClientConnectionResetError:
                continue
    return count
