"""A client's side of a WebSocket, byte by byte and written without the code under test."""

import asyncio
from typing import Final

from ._wire import Peer, connecting

__all__ = ["KEY", "frame", "open_websocket", "read_close", "read_frame", "upgrade_request"]

#: The mask of RFC 6455 section 5.7.
KEY: Final = b"\x37\xfa\x21\x3d"

_FIELDS: Final = {
    "Host": "localhost",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True
) -> bytes:
    """Return one frame as a client sends it, right or wrong."""
    size = len(payload)
    mark, form = (size, 0) if size < 126 else (126, 2) if size < 1 << 16 else (127, 8)
    head = bytes([fin << 7 | rsv << 4 | opcode, masked << 7 | mark])
    if form:
        head += size.to_bytes(form, "big")
    if not masked:
        return head + payload
    mask = (KEY * (size // 4 + 1))[:size]
    body = int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")
    return head + KEY + body.to_bytes(size, "big")


def upgrade_request(path: str = "/", /, **changes: str | None) -> bytes:
    """Return an opening handshake; ``changes`` replace fields, None takes one away.

    ``method`` among them is the method.
    """
    method = changes.pop("method", "GET")
    fields = dict(_FIELDS)
    for name, value in changes.items():
        field = name.replace("_", "-")
        for known in list(fields):
            if known.lower() == field.lower():
                del fields[known]
        if value is not None:
            fields[field] = value
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")


async def open_websocket(connect: connecting, path: str = "/", /, **changes: str | None) -> Peer:
    """Return a connection whose handshake was accepted."""
    peer = await connect()
    await peer.send(upgrade_request(path, **changes))
    head = await peer.head()
    assert head.startswith(b"HTTP/1.1 101 "), head
    return peer


async def read_frame(peer: Peer) -> tuple[int, bytes]:
    """Return the first byte and the payload of the next frame, which must not be masked."""
    head, size = await peer.exactly(2)
    assert size < 128, "a server does not mask"
    if size > 125:
        size = int.from_bytes(await peer.exactly(2 if size == 126 else 8), "big")
    return head, await peer.exactly(size)


async def read_close(peer: Peer) -> int | None:
    """Return the code of the close frame that comes next; None without one."""
    try:
        head, payload = await read_frame(peer)
    except (asyncio.IncompleteReadError, ConnectionResetError):
        return None
    assert head == 0x88, (head, payload)
    return int.from_bytes(payload[:2], "big") if payload else 1005
