from collections.abc import Callable

import pytest

from treadle_websocket import PerMessageDeflate, PreparedMessage, WSValueError
from treadle_websocket._outbox import Outbox, flat

SENDS: list[tuple[Callable[[Outbox], bytes], bytes]] = [
    (lambda outbox: outbox.message(0x81, b"x", None), b"\x81\x01x"),
    (lambda outbox: outbox.prepared(PreparedMessage("x"), None), b"\x81\x01x"),
    (lambda outbox: outbox.control(9, "x"), b"\x89\x01x"),
    (lambda outbox: outbox.take(), b""),
    (lambda outbox: outbox.take(b"x"), b"x"),
]


@pytest.mark.parametrize(("send", "wire"), SENDS)
def test_answers_that_wait_go_first_and_once(send: Callable[[Outbox], bytes], wire: bytes) -> None:
    outbox = Outbox(None, 0)
    outbox.queue(10, b"a")
    outbox.queue(10, b"b")
    assert send(outbox) == b"\x8a\x01a\x8a\x01b" + wire
    assert send(outbox) == wire


def test_of_many_answers_the_latest_wait() -> None:
    outbox = Outbox(None, 0)
    for number in range(1000):
        outbox.queue(10, b"%03d" % number)
    assert outbox.take() == b"".join(b"\x8a\x03%03d" % number for number in range(872, 1000))


def test_after_release_nothing_is_compressed() -> None:
    outbox = Outbox(PerMessageDeflate(), 0)
    assert outbox.message(0x81, b"x", None)[0] == 0xC1
    outbox.release()
    assert outbox.message(0x81, b"x", True) == b"\x81\x01x"


def test_a_control_frame_holds_125_bytes() -> None:
    outbox = Outbox(None, 0)
    assert len(outbox.control(9, b"x" * 125)) == 127
    with pytest.raises(WSValueError, match="126 bytes"):
        outbox.control(9, b"x" * 126)


def test_flat() -> None:
    assert flat(memoryview(b"abcd").cast("H")) == b"abcd"
    assert flat(bytearray(b"a")) == bytearray(b"a")
