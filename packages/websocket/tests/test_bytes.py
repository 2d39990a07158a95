"""Bytes of any kind at the entrances of the package, and what is none."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from treadle_websocket import (
    SessionSettings,
    WebSocketSession,
    WSMsgType,
)


def session(**options: Any) -> Any:
    return WebSocketSession(SessionSettings(), **options)


def closed() -> Any:
    made = session()
    made.receive_eof()
    return made


# The entrances: functions of the data that return what came of it.
ENTRANCES: dict[str, Callable[[Any], object]] = {
    "receive_data": lambda data: session().receive_data(data),
    "receive_data, raw": lambda data: session(decode_text=False).receive_data(data),
    "receive_data, after the close": lambda data: closed().receive_data(data),
    "send_bytes": lambda data: session().send_bytes(data),
    "send_frame": lambda data: session().send_frame(data, WSMsgType.BINARY),
    "send_frame, ping": lambda data: session().send_frame(data, WSMsgType.PING),
}
DATA = b"\x81\x81\0\0\0\0a"


@pytest.mark.parametrize("name", ENTRANCES)
@pytest.mark.parametrize(
    "kind",
    [
        bytes,
        type("Bytes", (bytes,), {}),
        bytearray,
        memoryview,
        lambda data: memoryview(bytearray(data)),
        # Every second byte: not contiguous.
        lambda data: memoryview(b"".join(data[i : i + 1] * 2 for i in range(len(data))))[::2],
    ],
    ids=["bytes", "subclass", "bytearray", "memoryview", "writable", "strided"],
)
def test_every_kind_of_bytes(name: str, kind: Callable[[bytes], Any]) -> None:
    assert repr(ENTRANCES[name](kind(DATA))) == repr(ENTRANCES[name](DATA))


@pytest.mark.parametrize("name", ENTRANCES)
@pytest.mark.parametrize("data", ["text", None, 5, 0, True, [b"a"], (1, 2), object()])
def test_what_holds_no_bytes(name: str, data: object) -> None:
    with pytest.raises(TypeError, match="takes bytes") as caught:
        ENTRANCES[name](data)
    assert re.search(rf"not {type(data).__name__}(: encode it)?$", str(caught.value))


@pytest.mark.parametrize("data", [None, 5, [b"a"]])
def test_a_control_frame_takes_text_or_bytes(data: Any) -> None:
    for send in (session().send_ping, session().send_pong):
        with pytest.raises(TypeError, match="a control frame takes bytes"):
            send(data)
        assert send("text") == send(b"text") == send(bytearray(b"text"))
