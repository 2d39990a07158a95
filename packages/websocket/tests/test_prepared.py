from collections.abc import Callable

import pytest

from treadle_websocket import (
    PerMessageDeflate,
    PreparedMessage,
    WebSocketSession,
    WSMessageTypeError,
)
from treadle_websocket._deflate import Inflater

Frame = Callable[..., bytes]


@pytest.mark.parametrize(("data", "head"), [("Hello", 0x81), (b"Hello", 0x82)])
def test_the_plain_frame_is_one_object_for_all(data: str | bytes, head: int) -> None:
    message = PreparedMessage(data)
    assert message.is_text is isinstance(data, str)
    assert message.plain == bytes([head, 5]) + b"Hello"
    sessions = [WebSocketSession() for _ in range(3)]
    assert len({id(session.send_prepared(message)) for session in sessions}) == 1


def test_the_compressed_frame_is_made_once_for_each_window() -> None:
    message = PreparedMessage("x" * 500)
    narrow = PerMessageDeflate(server_max_window_bits=9)
    frames = {
        id(WebSocketSession(deflate=agreed).send_prepared(message))
        for agreed in (PerMessageDeflate(), PerMessageDeflate(), narrow, narrow)
    }
    assert len(frames) == 2
    assert message.compressed(narrow)[0] == 0xC1


@pytest.mark.parametrize("off", [False, True])
def test_prepared_and_own_messages_share_a_window_safely(off: bool) -> None:
    session = WebSocketSession(deflate=PerMessageDeflate(server_no_context_takeover=off))
    peer = Inflater(PerMessageDeflate(client_no_context_takeover=off))
    text = "the same words in every message, so that the window matters. " * 5
    message = PreparedMessage(text.upper())
    for _ in range(3):
        for frame, expected in (
            (session.send_text(text), text),
            (session.send_prepared(message), text.upper()),
            (session.send_text(text), text),
        ):
            size = frame[1] & 0x7F
            assert (frame[0], len(frame)) == (0xC1, size + 2)
            assert peer.inflate(frame[2:], 0, 0, last=True).decode() == expected


def test_compression_can_be_chosen_for_each_send() -> None:
    session = WebSocketSession(deflate=PerMessageDeflate())
    assert session.send_prepared(PreparedMessage("short")) == b"\x81\x05short"
    assert session.send_prepared(PreparedMessage("short"), compress=True)[0] == 0xC1
    assert session.send_prepared(PreparedMessage("x" * 500), compress=False)[0] == 0x81


def test_pongs_that_wait_go_first(frame: Frame) -> None:
    session = WebSocketSession()
    session.receive_data(frame(9, b"?"))
    assert session.send_prepared(PreparedMessage("hi")) == b"\x8a\x01?\x81\x02hi"


def test_only_text_and_bytes() -> None:
    with pytest.raises(WSMessageTypeError, match="str or bytes, not int"):
        PreparedMessage(5)  # type: ignore[arg-type]  # the mistake under test
