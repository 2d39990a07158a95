from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wsproto.frame_protocol import FrameProtocol, Opcode, RsvBits

from treadle_websocket import WSLimitError
from treadle_websocket._frames import FrameDecoder, encode_frame

# Either mask gives the same messages.
pytestmark = pytest.mark.usefixtures("mask")

Frame = Callable[..., bytes]

MIB = 1 << 20
SIZES = [0, 1, 3, 4, 5, 125, 126, 127, 511, 512, 513, 65_535, 65_536, 65_537]


def cuts(data: bytes) -> Iterator[list[bytes]]:
    """Cut the stream: whole, byte by byte, and in two at every place of its start."""
    yield [data]
    yield [data[i : i + 1] for i in range(len(data))]
    for i in range(min(len(data), 20)):
        yield [data[:i], data[i:]]


def decode(
    parts: list[bytes],
    max_size: int = MIB,
    max_fragments: int | None = None,
    compression: bool = False,
) -> tuple[list[tuple[int, bytes]], str]:
    """Return whole frames and the text of the error."""
    decoder = FrameDecoder(max_size, max_fragments, compression)
    frames: list[tuple[int, bytes]] = []
    pending = b""
    for part in parts:
        for head, payload, ends in decoder.decode(part):
            pending += payload
            if ends:
                frames.append((head, pending))
                pending = b""
    return frames, "" if decoder.error is None else str(decoder.error)


@pytest.mark.parametrize(
    ("wire", "head", "payload"),
    [
        # RFC 6455 section 5.7, the masked examples.
        ("818537fa213d7f9f4d5158", 0x81, b"Hello"),
        ("898537fa213d7f9f4d5158", 0x89, b"Hello"),
        ("8a8537fa213d7f9f4d5158", 0x8A, b"Hello"),
        ("818000000000", 0x81, b""),
    ],
)
def test_examples_of_the_rfc(wire: str, head: int, payload: bytes) -> None:
    for parts in cuts(bytes.fromhex(wire)):
        assert decode(parts) == ([(head, payload)], "")


@pytest.mark.parametrize("size", SIZES)
def test_every_length_form(frame: Frame, size: int) -> None:
    payload = bytes(range(256)) * (size // 256 + 1)
    wire = frame(2, payload[:size])
    step = max(1, size // 7)
    for parts in [wire], [wire[i : i + step] for i in range(0, len(wire), step)]:
        assert decode(parts) == ([(0x82, payload[:size])], "")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("opcode", [Opcode.TEXT, Opcode.BINARY])
def test_encoding_is_that_of_wsproto(size: int, opcode: Opcode) -> None:
    payload = b"x" * size
    protocol = FrameProtocol(client=False, extensions=[])
    expected = protocol.send_data(payload if opcode is Opcode.BINARY else payload.decode())
    assert encode_frame(0x80 | opcode, payload) == bytes(expected)
    assert encode_frame(0x80 | opcode, bytearray(payload)) == bytes(expected)


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(Opcode), st.booleans(), st.booleans(), st.binary(max_size=125))
def test_every_head_is_encoded_as_wsproto_does(
    opcode: Opcode, fin: bool, rsv1: bool, payload: bytes
) -> None:
    protocol = FrameProtocol(client=False, extensions=[])
    head = protocol._make_fin_rsv_opcode(fin, RsvBits(rsv1, False, False), opcode)
    expected = bytes([head, len(payload)]) + payload
    assert encode_frame(head, payload) == expected


# Frames as arguments of the ``frame`` fixture, and what the error says.
VIOLATIONS: list[tuple[str, list[dict[str, object]], str]] = [
    ("unmasked", [{"opcode": 1, "masked": False}], "not masked"),
    ("unmasked long", [{"opcode": 1, "payload": b"x" * 300, "masked": False}], "not masked"),
    ("rsv on ping", [{"opcode": 9, "rsv": 4}], "reserved bits 0x40 on opcode 0x9"),
    ("fragmented ping", [{"opcode": 9, "fin": False}], "fragmented"),
    ("fragmented close", [{"opcode": 8, "fin": False}], "fragmented"),
    ("long ping", [{"opcode": 9, "payload": b"x" * 126}], "longer than 125"),
    ("long close", [{"opcode": 8, "payload": b"x" * 70_000}], "longer than 125"),
    ("lone continuation", [{"opcode": 0}], "without a message"),
    ("after a whole one", [{"opcode": 1}, {"opcode": 0}], "without a message"),
    ("new text inside", [{"opcode": 1, "fin": False}, {"opcode": 1}], "inside a fragmented"),
    ("new binary inside", [{"opcode": 1, "fin": False}, {"opcode": 2}], "inside a fragmented"),
    ("2 bytes for 125", [{"opcode": 2, "payload": b"x" * 125, "form": 2}], "shortest form"),
    ("8 bytes for 125", [{"opcode": 2, "payload": b"x" * 125, "form": 8}], "shortest form"),
    ("8 bytes for 65535", [{"opcode": 2, "payload": b"x" * 65_535, "form": 8}], "shortest form"),
]


UNDEFINED = (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)
VIOLATIONS += [(f"opcode {op}", [{"opcode": op}], f"opcode 0x{op:x}") for op in UNDEFINED]
VIOLATIONS += [(f"rsv {n}", [{"opcode": 1, "rsv": n}], "reserved|RSV1") for n in range(1, 8)]


@pytest.mark.parametrize(
    ("frames", "text"), [row[1:] for row in VIOLATIONS], ids=[row[0] for row in VIOLATIONS]
)
def test_violations_of_section_5(frame: Frame, frames: list[dict[str, object]], text: str) -> None:
    wire = b"".join(frame(**arguments) for arguments in frames)
    good = frame(2, b"before")
    for parts in cuts(good + wire + frame(2, b"after")):
        found, error = decode(parts)
        assert len(found) == len(frames)  # the good one, and those before the bad one
        assert any(part in error for part in text.split("|")), error


def test_a_length_with_the_top_bit_is_refused() -> None:
    assert "most significant bit" in decode([b"\x82\xff" + b"\xff" * 8 + bytes(4)])[1]


def test_rsv1_is_for_the_first_frame_of_a_message(frame: Frame) -> None:
    first, rest = frame(1, b"a", rsv=4, fin=False), frame(0, b"b")
    assert decode([first + rest], compression=True) == ([(0x41, b"a"), (0x80, b"b")], "")
    assert "reserved bits" in decode([first + frame(0, rsv=4)], compression=True)[1]
    for opcode in (8, 9, 10):
        # Clients that set it on each frame are understood, but not with another bit.
        assert not decode([frame(opcode, b"", rsv=4)], compression=True)[1]
        assert "reserved bits" in decode([frame(opcode, b"", rsv=6)], compression=True)[1]
        assert "reserved bits" in decode([frame(opcode, b"", rsv=4)])[1]
    for bits in (1, 2, 3, 5, 6, 7):
        assert "reserved bits" in decode([frame(1, rsv=bits)], compression=True)[1]


def test_a_fault_shows_before_the_payload_arrives(frame: Frame) -> None:
    for wire, needed in [
        (frame(3, b"x" * 100), 2),
        (frame(1, b"x" * 70_000, masked=False), 2),
        (frame(1, b"x" * (MIB + 1)), 10),
        (frame(9, b"x" * 126), 2),
    ]:
        assert decode([wire[: needed - 1]])[1] == ""
        assert decode([wire[:needed]])[1] != ""


def test_exactly_the_limit_is_accepted(frame: Frame) -> None:
    assert decode([frame(2, b"x" * 1000)], max_size=1000)[1] == ""
    assert decode([frame(2, b"x" * 1001)], max_size=1000)[1] == (
        "message of 1001 bytes is over the limit of 1000"
    )
    assert decode([frame(2, b"x" * 20)], max_size=19)[1] != ""
    assert decode([frame(2, b"x" * 2000)], max_size=0)[1] == ""


def test_the_limit_counts_all_fragments_and_no_control_frames(frame: Frame) -> None:
    parts = [frame(2, b"x" * 400, fin=False), frame(9, b"p" * 125), frame(0, b"x" * 400, fin=False)]
    assert decode([*parts, frame(0, b"x" * 200)], max_size=1000)[1] == ""
    assert decode([*parts, frame(0, b"x" * 201)], max_size=1000)[1] != ""
    twice = [*parts, frame(0, b"x" * 200)] * 2
    assert decode(twice, max_size=1000)[1] == ""


def test_fragments_are_counted(frame: Frame) -> None:
    start, more, end = frame(2, fin=False), frame(0, fin=False), frame(0)
    assert decode([start + more * 2 + end], max_fragments=4)[1] == ""
    assert decode([(start + more * 2 + end) * 3], max_fragments=4)[1] == ""
    decoder = FrameDecoder(0, 4, compression=False)
    assert len(decoder.decode(start + more * 3 + end)) == 4
    assert isinstance(decoder.error, WSLimitError)
    assert (decoder.error.code, decoder.error.limit, decoder.error.size) == (1009, 4, 5)
    assert decode([start + more * 5000 + end], max_fragments=0)[1] == ""


# Frames behind an unfinished text frame with one byte, their number that is accepted (None: any).
FRAMES_INSIDE = [
    pytest.param((0, b""), 1024, id="empty"),
    pytest.param((9, b""), 1024, id="pings"),
    pytest.param((10, b"x" * 125), 1024, id="pongs with payload"),
    pytest.param((0, b"x"), None, id="one byte each"),
]


@pytest.mark.parametrize(("inside", "accepted"), FRAMES_INSIDE)
def test_frames_of_a_message_pay_with_bytes(
    frame: Frame, inside: tuple[int, bytes], accepted: int | None
) -> None:
    start, more = frame(1, b"x", fin=False), frame(*inside, fin=inside[0] > 8)
    many = 5000 if accepted is None else accepted
    parts, text = decode([start + more * many])
    assert (len(parts), text) == (1 + many, "")
    if accepted is not None:
        assert "message has more than 1025 frames" in decode([start + more * (many + 1)])[1]
        # Bytes pay for what follows; the next message begins anew.
        paid = [start + more * many, frame(0, b"x" * 3, fin=False), more * 2]
        assert decode(paid)[1] == ""
        assert decode([(start + more * (many - 1) + frame(0)) * 3])[1] == ""


def test_control_frames_between_messages_are_not_counted(frame: Frame) -> None:
    assert decode([frame(9) * 5000 + frame(1, b"x", fin=False) + frame(9) * 1000])[1] == ""


def test_a_fixed_number_counts_data_frames_only(frame: Frame) -> None:
    start, ping, more = frame(1, b"x" * 500, fin=False), frame(9), frame(0, b"x" * 500, fin=False)
    assert decode([start + ping * 5000 + more], max_fragments=2)[1] == ""
    assert "more than 2 frames" in decode([start + more * 2], max_fragments=2)[1]


def test_a_compressed_frame_may_be_a_little_over_the_limit(frame: Frame) -> None:
    """Data that does not compress grows; inflating keeps the exact limit."""
    wire = frame(2, b"x" * 1010, rsv=4)
    assert decode([wire], max_size=1000, compression=True)[1] == ""
    wire = frame(2, b"x" * 3000, rsv=4)
    assert "over the limit of 1000" in decode([wire], max_size=1000, compression=True)[1]


def test_nothing_is_decoded_after_a_fault(frame: Frame) -> None:
    decoder = FrameDecoder(0, 0, compression=False)
    assert decoder.decode(frame(3)) == []
    error = decoder.error
    assert decoder.decode(frame(1, b"x")) == []
    assert decoder.error is error


def test_parts_of_a_data_frame_are_returned_as_they_arrive(frame: Frame) -> None:
    wire = frame(1, b"abcdefgh")
    decoder = FrameDecoder(0, 0, compression=False)
    assert decoder.decode(wire[:9]) == [(0x81, b"abc", False)]
    assert decoder.decode(wire[9:10]) == [(0x81, b"d", False)]
    assert decoder.decode(wire[10:]) == [(0x81, b"efgh", True)]


def test_control_frames_come_whole(frame: Frame) -> None:
    wire = frame(9, b"abcdefgh")
    decoder = FrameDecoder(0, 0, compression=False)
    assert decoder.decode(wire[:9]) == []
    assert decoder.decode(wire[9:]) == [(0x89, b"abcdefgh", True)]


@pytest.mark.parametrize(
    ("data", "between"),
    [
        ([], True),
        ([{"opcode": 1, "payload": b"x" * 200}, {"opcode": 9}], True),
        ([{"opcode": 1, "payload": b"a", "fin": False}], False),
        ([{"opcode": 1, "payload": b"a", "fin": False}, {"opcode": 9}], False),
        ([{"opcode": 1, "payload": b"a", "fin": False}, {"opcode": 0}], True),
        ([{"opcode": 3}], False),
    ],
    ids=str,
)
def test_between_messages(frame: Frame, data: list[dict[str, object]], between: bool) -> None:
    decoder = FrameDecoder(MIB, 1024, False)
    for each in data:
        decoder.decode(frame(**each))
    assert decoder.between_messages is between


@pytest.mark.parametrize("opcode", [2, 9])
def test_a_frame_that_has_begun_is_not_between_messages(frame: Frame, opcode: int) -> None:
    wire = frame(opcode, b"xyz")
    for cut in range(1, len(wire)):
        decoder = FrameDecoder(MIB, 1024, False)
        decoder.decode(wire[:cut])
        assert not decoder.between_messages
        decoder.decode(wire[cut:])
        assert decoder.between_messages


@pytest.mark.parametrize(("limit", "short"), [(0, 125), (5, 5), (124, 124), (126, 125)])
def test_short_messages_keep_the_limit(limit: int, short: int) -> None:
    assert FrameDecoder(limit, None, False).short == short
