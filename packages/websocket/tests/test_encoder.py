from collections.abc import Callable

import pytest

from treadle_websocket import PerMessageDeflate, PreparedMessage, WSValueError
from treadle_websocket._encoder import MessageEncoder, flatten

SENDS: list[tuple[Callable[[MessageEncoder], bytes], bytes]] = [
    (lambda encoder: encoder.encode_message(0x81, b"x", None), b"\x81\x01x"),
    (lambda encoder: encoder.encode_prepared(PreparedMessage("x"), None), b"\x81\x01x"),
    (lambda encoder: encoder.encode_control(9, b"x"), b"\x89\x01x"),
    (lambda encoder: encoder.take_queued(), b""),
    (lambda encoder: encoder.take_queued(b"x"), b"x"),
]


@pytest.mark.parametrize(("send", "wire"), SENDS)
def test_queued_frames_go_first_and_once(
    send: Callable[[MessageEncoder], bytes], wire: bytes
) -> None:
    encoder = MessageEncoder(None, 0)
    encoder.queue_control(10, b"a")
    encoder.queue_control(10, b"b")
    assert send(encoder) == b"\x8a\x01a\x8a\x01b" + wire
    assert send(encoder) == wire


def test_of_frames_that_are_not_taken_the_latest_are_kept() -> None:
    encoder = MessageEncoder(None, 0)
    for number in range(1000):
        encoder.queue_control(10, b"%03d" % number)
    encoder.drop_oldest()
    kept = b"".join(b"\x8a\x03%03d" % number for number in range(872, 1000))
    encoder.drop_oldest()
    encoder.queue_control(10, b"")
    assert encoder.take_queued() == kept + b"\x8a\x00"
    encoder.drop_oldest()
    assert encoder.take_queued() == b""


def test_after_release_nothing_is_compressed() -> None:
    encoder = MessageEncoder(PerMessageDeflate(), 0)
    assert encoder.encode_message(0x81, b"x", None)[0] == 0xC1
    encoder.release()
    assert encoder.encode_message(0x81, b"x", True) == b"\x81\x01x"


def test_a_control_frame_holds_125_bytes() -> None:
    encoder = MessageEncoder(None, 0)
    assert len(encoder.encode_control(9, b"x" * 125)) == 127
    with pytest.raises(WSValueError, match="126 bytes"):
        encoder.encode_control(9, b"x" * 126)


def test_flat() -> None:
    assert flatten(memoryview(b"abcd").cast("H")) == b"abcd"
    assert flatten(bytearray(b"a")) == bytearray(b"a")
