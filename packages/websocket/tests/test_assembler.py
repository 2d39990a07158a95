import pytest

from treadle_websocket import PerMessageDeflate, WebSocketError
from treadle_websocket._assembler import Assembler
from treadle_websocket._deflate import Inflater

Part = tuple[int, bytes, bool]


@pytest.mark.parametrize(
    ("parts", "is_text", "payload"),
    [
        ([(0x82, b"ab", True)], False, b"ab"),
        ([(0x82, b"a", False), (0x82, b"b", True)], False, b"ab"),
        ([(0x02, b"a", True), (0x80, b"b", True)], False, b"ab"),
        ([(0x02, b"a", False), (0x02, b"b", True), (0x80, b"", True)], False, b"ab"),
        ([(0x01, b"", True), (0x00, b"", True), (0x80, b"", True)], True, b""),
        ([(0x01, b"\xd0", True), (0x80, b"\xb6", True)], True, "ж".encode()),
        ([(0x81, b"\xd0", False), (0x81, b"\xb6", True)], True, "ж".encode()),
        (
            [(0x01, b"a", True), (0x00, "ж".encode(), True), (0x80, b"b", True)],
            True,
            "aжb".encode(),
        ),
        (
            [(0x01, b"\xe2", True), (0x00, b"\x82", True), (0x80, b"\xac.", True)],
            True,
            "€.".encode(),
        ),
        ([(0x41, b"\xf2\x48\xcd", True), (0x80, b"\xc9\xc9\x07\x00", True)], True, b"Hello"),
    ],
)
def test_messages(parts: list[Part], is_text: bool, payload: bytes) -> None:
    assembler = Assembler(0, Inflater(PerMessageDeflate()))
    for _ in range(2):
        for part in parts[:-1]:
            assert assembler.add(part) is None
            assert assembler.in_message
        assert assembler.add(parts[-1]) == payload
        assert (assembler.in_message, assembler.is_text) == (False, is_text)


@pytest.mark.parametrize(
    ("parts", "at"),
    [
        ([(0x01, b"ok", True), (0x00, b"a\xff", True)], 1),
        ([(0x81, b"ok", False), (0x81, b"\xc0", False)], 1),
        ([(0x81, b"\xed", False), (0x81, b"\xa0", False)], 1),  # a surrogate, section 8.1
        ([(0x01, b"\xf4", True), (0x00, b"\x90", True)], 1),  # above U+10FFFF
        ([(0x01, b"\xd0", True), (0x80, b"", True)], 1),  # ends inside a character
        ([(0x01, b"\xd0", True), (0x00, b"a", True)], 1),  # ASCII inside a character
        ([(0x01, b"\xd0", True), (0x00, b"", True), (0x00, b"a", True)], 2),
        ([(0x41, b"\xf2\x48\xcd", True), (0x80, b"\xff\xff", True)], 1),  # bad DEFLATE
    ],
)
def test_bad_data_is_refused_at_the_part_that_has_it(parts: list[Part], at: int) -> None:
    assembler = Assembler(0, Inflater(PerMessageDeflate()))
    for part in parts[:at]:
        assembler.add(part)
    with pytest.raises(WebSocketError) as caught:
        assembler.add(parts[at])
    assert caught.value.code == 1007
