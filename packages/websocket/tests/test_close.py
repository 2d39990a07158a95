import pytest
from wsproto.frame_protocol import FrameProtocol

from treadle_websocket import WebSocketError, WSValueError
from treadle_websocket._close import NO_STATUS, decode_close, encode_close, truncate_reason

SENDABLE = [*range(1000, 1004), *range(1007, 1015), 3000, 3999, 4000, 4999]
NOT_SENDABLE = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 6000, 65_535]


@pytest.mark.parametrize("code", SENDABLE)
def test_codes_that_may_be_sent(code: int) -> None:
    payload = encode_close(code, "bye")
    assert decode_close(payload) == (code, "bye")
    # wsproto writes the same bytes.
    frame = FrameProtocol(client=False, extensions=[]).close(code, "bye")
    assert frame[2:] == payload


@pytest.mark.parametrize("code", NOT_SENDABLE)
def test_codes_that_must_not_be_sent(code: int) -> None:
    with pytest.raises(WebSocketError, match=f"close code {code} ") as caught:
        decode_close(code.to_bytes(2, "big"))
    assert caught.value.code == 1002
    with pytest.raises(WSValueError, match=f"close code {code} .* use 1000-1003"):
        encode_close(code)


@pytest.mark.parametrize(
    ("payload", "code", "text"),
    [
        (b"\x03", 1002, "one byte"),
        (b"\x03\xe8\xff", 1007, "UTF-8"),
        (b"\x03\xe8\xc3", 1007, "UTF-8"),
    ],
)
def test_broken_payloads(payload: bytes, code: int, text: str) -> None:
    with pytest.raises(WebSocketError, match=text) as caught:
        decode_close(payload)
    assert caught.value.code == code


def test_no_code() -> None:
    assert decode_close(b"") == (NO_STATUS, "")
    assert encode_close(None) == b""
    with pytest.raises(WSValueError, match="needs a close code"):
        encode_close(None, "bye")


def test_reasons() -> None:
    assert encode_close(1000, "ж".encode()) == b"\x03\xe8\xd0\xb6"
    assert len(encode_close(1000, "x" * 123)) == 125
    with pytest.raises(WSValueError, match="124 bytes is over 123"):
        encode_close(1000, "x" * 124)
    with pytest.raises(WSValueError, match="not UTF-8"):
        encode_close(1000, b"\xff")
    with pytest.raises(WSValueError, match="not UTF-8"):
        encode_close(1000, "\ud800")


def test_a_truncated_reason_stays_utf8() -> None:
    assert truncate_reason("short") == "short"
    assert truncate_reason("ж" * 100) == "ж" * 61
