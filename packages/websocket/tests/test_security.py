"""Published advisories that concern a WebSocket server; their ids name the tests."""

import time
import tracemalloc
from collections.abc import Callable

import pytest

from treadle_websocket import (
    AllowedOrigins,
    PerMessageDeflate,
    Reject,
    ServerHandshake,
    SessionSettings,
    WebSocketError,
    WebSocketSession,
    WSMsgType,
)
from treadle_websocket._deflate import deflate_once

# Either mask gives the same messages.
pytestmark = pytest.mark.usefixtures("mask")

Frame = Callable[..., bytes]
Fields = Callable[..., list[tuple[str, str]]]


def code_of(session: WebSocketSession, wire: bytes) -> int | None:  # type: ignore[type-arg]  # any kind of text
    messages = session.receive_data(wire)
    error = messages[-1].data if messages else None
    return error.code if isinstance(error, WebSocketError) else None


def test_aiohttp_ghsa_xcgm_the_size_limit_is_checked_at_the_frame_header(frame: Frame) -> None:
    session = WebSocketSession(SessionSettings(max_msg_size=1000))
    header = frame(2, b"x" * 1001)[:4]
    assert code_of(session, header) == 1009
    session = WebSocketSession()
    assert code_of(session, b"\x82\xff" + (1 << 40).to_bytes(8, "big")) == 1009


def test_aiohttp_pr_13350_fragments_are_capped_by_default(frame: Frame) -> None:
    session = WebSocketSession()
    more = frame(0, fin=False)
    assert session.receive_data(frame(1, fin=False) + more * 1023) == []
    assert session.exception is None
    assert code_of(session, more) == 1009


def test_aiohttp_pr_13350_rsv1_only_with_compression(frame: Frame) -> None:
    wire = frame(1, deflate_once(PerMessageDeflate(), b"hi"), rsv=4)
    assert code_of(WebSocketSession(), wire) == 1002
    assert code_of(WebSocketSession(deflate=PerMessageDeflate()), wire) is None


def test_aiohttp_ghsa_6mq8_websockets_cve_2018_1000518_undici_cve_2026_1526_bombs(
    frame: Frame,
) -> None:
    """Inflated bytes are counted while inflating: 64 MiB of zeros are never in memory."""
    agreed = PerMessageDeflate()
    bomb = deflate_once(agreed, bytes(64 << 20))
    session = WebSocketSession(SessionSettings(max_msg_size=1 << 20), deflate=agreed)
    tracemalloc.start()
    try:
        code = code_of(session, frame(2, bomb, rsv=4))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert code == 1009
    assert peak < 6 << 20


def test_a_bomb_in_fragments_is_no_smaller(frame: Frame) -> None:
    agreed = PerMessageDeflate()
    session = WebSocketSession(SessionSettings(max_msg_size=1 << 20), deflate=agreed)
    bomb = deflate_once(agreed, bytes(4 << 20))
    parts = [bomb[i : i + 100] for i in range(0, len(bomb), 100)]
    codes = [
        code_of(session, frame(0 if i else 2, part, rsv=0 if i else 4, fin=False))
        for i, part in enumerate(parts)
    ]
    assert [code for code in codes if code is not None] == [1009]


def test_granian_cve_2026_42544_bytes_above_127_in_handshake_fields(request_fields: Fields) -> None:
    handshake = ServerHandshake(subprotocols=["chat"], origins=AllowedOrigins(same_host=True))
    for name, _ in request_fields(Sec_WebSocket_Protocol="", Sec_WebSocket_Extensions=""):
        fields: list[tuple[str | bytes, str | bytes]] = [
            (key.encode(), b"\x80\xff\xfe" if key == name else value.encode())
            for key, value in request_fields(Origin="http://server.example.com")
        ]
        decision = handshake.parse(fields)
        assert decision.status < 500
        assert decision.to_bytes().partition(b"\r\n\r\n")[0].isascii()


def test_tornado_and_aiohttp_no_header_injection(
    request_fields: Fields,
) -> None:
    """GHSA-m6qw, GHSA-2vrm, CVE-2026-35536: no CR, LF or NUL in a field or a reason."""
    handshake = ServerHandshake(subprotocols=["chat"])
    for value in ("chat\r\nX: 1", "chat\0", "a\r\n\r\n<script>"):
        for name in ("Sec_WebSocket_Protocol", "Sec_WebSocket_Extensions", "Sec_WebSocket_Version"):
            decision = handshake.parse(request_fields(**{name: value}))
            fields = [decision.reason, *(text for pair in decision.headers for text in pair)]
            assert not any({"\r", "\n", "\0"} & set(text) for text in fields)
            assert not isinstance(decision, Reject) or b"\r" not in decision.body


def test_cross_site_hijacking_is_prevented_by_one_argument(request_fields: Fields) -> None:
    decision = ServerHandshake(origins=AllowedOrigins(same_host=True)).parse(
        request_fields(Origin="https://evil.test")
    )
    assert decision.status == 403


def test_a_length_field_never_allocates(frame: Frame) -> None:
    session = WebSocketSession(SessionSettings(max_msg_size=0))
    tracemalloc.start()
    try:
        session.receive_data(b"\x82\xff" + (1 << 62).to_bytes(8, "big") + b"\0\0\0\0" + b"x" * 100)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1 << 16


def cost(session: WebSocketSession, parts: list[bytes]) -> float:  # type: ignore[type-arg]  # any kind of text
    start = time.process_time()
    for part in parts:
        session.receive_data(part)
        session.data_to_send()
    return time.process_time() - start


def test_one_byte_reads_are_linear(frame: Frame) -> None:
    """aiohttp GHSA-g84x is about chunks of a body; the same flood exists for frames."""
    short, long = (frame(1, b"x" * size) for size in (10_000, 80_000))
    once = cost(WebSocketSession(), [short[i : i + 1] for i in range(len(short))])
    eight = cost(WebSocketSession(), [long[i : i + 1] for i in range(len(long))])
    assert eight < 40 * max(once, 0.005)


def test_a_flood_of_pings_is_answered_in_bounded_memory(frame: Frame) -> None:
    """The peer does not read, so the pongs are not written."""
    session = WebSocketSession()
    flood = frame(9, b"x" * 125) * 500 + frame(9, b"last")
    for _ in range(20):
        assert session.receive_data(flood) == []
    pongs = session.data_to_send()
    assert len(pongs) < 128 * 127
    assert pongs.endswith(b"\x8a\x04last")


def test_every_ping_of_a_read_is_answered(frame: Frame) -> None:
    """RFC 6455 section 5.5.3 allows to answer the last one alone if others wait, not otherwise."""
    session = WebSocketSession()
    for _ in range(3):
        session.receive_data(frame(9, b"x") * 3000)
        assert session.data_to_send() == b"\x8a\x01x" * 3000


def frames_of(data: bytes, size: int, frame: Frame) -> list[bytes]:
    """Return a message of these bytes in fragments of ``size``."""
    starts = range(0, len(data), size)
    return [
        frame(0 if at else 1, data[at : at + size], fin=at + size >= len(data)) for at in starts
    ]


@pytest.mark.parametrize("size", [1, 64, 256, 1024, 4096])
def test_a_message_in_any_fragments_with_pings(frame: Frame, size: int) -> None:
    """Autobahn 9.3.1 to 9.4.4 send 4 MiB in frames of 64 bytes and more."""
    text = b"abcdefgh" * (8192 if size == 1 else 512 << 10)
    session = WebSocketSession()
    wire = b"".join(part + frame(9) for part in frames_of(text, size, frame))
    messages = []
    for at in range(0, len(wire), 65_536):
        messages += session.receive_data(wire[at : at + 65_536])
        session.data_to_send()
    assert [message.data == text.decode() for message in messages[:1]] == [size > 1]


def test_small_fragments_are_linear_in_time_and_memory(frame: Frame) -> None:
    agreed = PerMessageDeflate()
    data = bytes(range(256)) * 64
    coded = deflate_once(agreed, data)

    def wire(times: int, deflated: bool) -> bytes:
        body = coded if deflated else data
        return (
            b"".join(
                frame(
                    0 if at else 2, body[at : at + 1], rsv=0 if at or not deflated else 4, fin=False
                )
                for at in range(len(body))
            )
            + frame(0, fin=False) * times
        )

    for deflated in (False, True):
        session = WebSocketSession(deflate=agreed)
        tracemalloc.start()
        try:
            messages = session.receive_data(wire(500, deflated))
            kept, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert messages == []
        assert kept < 200_000
        assert peak < 8 << 20
        (message,) = session.receive_data(frame(0))
        assert message.data == data


def test_a_read_of_any_size_is_decoded_in_pieces(frame: Frame) -> None:
    """100,000 frames in one call are not as many objects at once."""
    session = WebSocketSession(SessionSettings(max_fragments=0))
    wire = frame(2, b"x", fin=False) + frame(0, b"x", fin=False) * 100_000
    tracemalloc.start()
    try:
        messages = session.receive_data(wire)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert messages == []
    assert peak < 4 << 20
    assert session.receive_data(frame(0))[0].data == b"x" * 100_001


def test_nothing_is_read_behind_a_close_in_a_large_read(frame: Frame) -> None:
    session = WebSocketSession()
    messages = session.receive_data(frame(8) + frame(1, b"late") * 100_000 + frame(3))
    assert [message.type for message in messages] == [WSMsgType.CLOSE]
    assert session.exception is None


def test_bad_utf8_is_refused_at_the_fragment_that_has_it(frame: Frame) -> None:
    session = WebSocketSession()
    assert code_of(session, frame(1, b"ok", fin=False)) is None
    assert code_of(session, frame(0, b"\xff", fin=False)) == 1007


def test_unmasked_frames_are_refused(frame: Frame) -> None:
    assert code_of(WebSocketSession(), frame(1, b"x", masked=False)) == 1002


def test_an_empty_first_fragment_still_starts_a_message(frame: Frame) -> None:
    assert code_of(WebSocketSession(), frame(1, fin=False) + frame(1, b"x")) == 1002


def test_close_code_6000_is_refused(frame: Frame) -> None:
    session = WebSocketSession()
    (message,) = session.receive_data(frame(8, (6000).to_bytes(2, "big")))
    assert message.type is WSMsgType.ERROR
    assert session.close_code == 1002
