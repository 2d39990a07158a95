import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_websocket import (
    DeflatePolicy,
    PerMessageDeflate,
    WebSocketError,
    WSLimitError,
    WSValueError,
)
from treadle_websocket._deflate import Deflater, Inflater, deflate_once
from treadle_websocket._fields import parse_extensions

NAME = "permessage-deflate"


def negotiate(offer: str, policy: DeflatePolicy | None = None) -> PerMessageDeflate | None:
    offers = parse_extensions([offer])
    assert offers is not None
    return (policy or DeflatePolicy()).negotiate(offers[0])


@pytest.mark.parametrize(
    ("offer", "answer"),
    [
        ("", ""),
        ("; server_no_context_takeover", "; server_no_context_takeover"),
        ("; client_no_context_takeover", "; client_no_context_takeover"),
        ("; server_max_window_bits=10", "; server_max_window_bits=10"),
        ('; server_max_window_bits="10"', "; server_max_window_bits=10"),
        ("; server_max_window_bits=15", ""),
        ("; client_max_window_bits", ""),
        ("; client_max_window_bits=15", ""),
        ("; client_max_window_bits=8", "; client_max_window_bits=8"),
        (
            "; client_max_window_bits=9; server_max_window_bits=9; server_no_context_takeover",
            "; server_no_context_takeover; server_max_window_bits=9; client_max_window_bits=9",
        ),
    ],
)
def test_offers_that_are_accepted(offer: str, answer: str) -> None:
    agreed = negotiate(NAME + offer)
    assert agreed is not None
    assert str(agreed) == NAME + answer


@pytest.mark.parametrize(
    "offer",
    [
        "x-webkit-deflate-frame",
        f"{NAME}; unknown",
        f"{NAME}; server_max_window_bits",
        f"{NAME}; server_max_window_bits=8",  # zlib cannot write it
        f"{NAME}; server_max_window_bits=7",
        f"{NAME}; server_max_window_bits=16",
        f"{NAME}; server_max_window_bits=010",
        f"{NAME}; server_max_window_bits=+9",
        f"{NAME}; client_max_window_bits=7",
        f"{NAME}; client_max_window_bits=abc",
        f"{NAME}; server_no_context_takeover=1",
        f"{NAME}; client_no_context_takeover=true",
        f"{NAME}; client_max_window_bits; client_max_window_bits=10",
        f"{NAME}; server_no_context_takeover; server_no_context_takeover",
    ],
)
def test_offers_that_are_declined(offer: str) -> None:
    assert negotiate(offer) is None


def test_a_policy_makes_the_answer_stricter() -> None:
    policy = DeflatePolicy(True, True, 11, 12, level=9, mem_level=4)
    agreed = negotiate(f"{NAME}; client_max_window_bits; server_max_window_bits=13", policy)
    assert agreed == PerMessageDeflate(True, True, 11, 12, 9, 4, True)
    assert str(agreed) == (
        f"{NAME}; server_no_context_takeover; client_no_context_takeover"
        "; server_max_window_bits=11; client_max_window_bits=12"
    )


def test_a_client_that_cannot_be_limited_is_not() -> None:
    """RFC 7692 section 7.1.2.2: no client_max_window_bits in the answer unless it was offered."""
    agreed = negotiate(NAME, DeflatePolicy(client_max_window_bits=9))
    assert agreed is not None
    assert (str(agreed), agreed.client_max_window_bits) == (NAME, 15)


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ({"server_max_window_bits": 8}, "server_max_window_bits=8 must be from 9 to 15"),
        ({"client_max_window_bits": 16}, "client_max_window_bits=16"),
        ({"level": 10}, "level=10 must be from 0 to 9"),
        ({"mem_level": 0}, "mem_level=0 must be from 1 to 9"),
    ],
)
def test_impossible_policies(policy: dict[str, int], text: str) -> None:
    with pytest.raises(WSValueError, match=text):
        DeflatePolicy(**policy)  # type: ignore[arg-type]  # a table of wrong values


def inflate(data: str, agreed: PerMessageDeflate | None = None) -> bytes:
    inflater = Inflater(agreed or PerMessageDeflate())
    return inflater.inflate(bytes.fromhex(data), 0, 0, last=True)


@pytest.mark.parametrize(
    "data",
    [
        "f248cdc9c90700",  # RFC 7692 section 7.2.3.1
        "000500faff48656c6c6f00",  # section 7.2.3.3, no compression
        "f348cdc9c9070000",  # section 7.2.3.4, BFINAL is set
        "f24805000000ffffcac9c90700",  # section 7.2.3.5, two blocks
    ],
)
def test_examples_of_the_rfc(data: str) -> None:
    assert inflate(data) == b"Hello"


def test_the_window_slides_over_messages() -> None:
    """RFC 7692 section 7.2.3.2."""
    inflater = Inflater(PerMessageDeflate())
    for data in ("f248cdc9c90700", "f200110000"):
        assert inflater.inflate(bytes.fromhex(data), 0, 0, last=True) == b"Hello"


def test_without_takeover_each_message_has_its_own_window() -> None:
    inflater = Inflater(PerMessageDeflate(client_no_context_takeover=True))
    assert inflater.inflate(bytes.fromhex("f248cdc9c90700"), 0, 0, last=True) == b"Hello"
    with pytest.raises(WebSocketError, match="broken") as caught:
        inflater.inflate(bytes.fromhex("f200110000"), 0, 0, last=True)
    assert caught.value.code == 1007


@pytest.mark.parametrize("data", ["ff", "0605", "f248cdc9c907ff"])
def test_data_that_is_not_deflate(data: str) -> None:
    with pytest.raises(WebSocketError, match="broken") as caught:
        inflate(data)
    assert caught.value.code == 1007


def test_exactly_the_limit_is_accepted() -> None:
    data = deflate_once(PerMessageDeflate(), b"x" * 1000)
    inflater = Inflater(PerMessageDeflate())
    assert len(inflater.inflate(data, 0, 1000, last=True)) == 1000
    with pytest.raises(WSLimitError, match="more than the limit of 999") as caught:
        Inflater(PerMessageDeflate()).inflate(data, 0, 999, last=True)
    assert (caught.value.code, caught.value.limit) == (1009, 999)


def test_earlier_fragments_count() -> None:
    data = deflate_once(PerMessageDeflate(), b"x" * 600)
    with pytest.raises(WSLimitError, match="limit of 1000"):
        Inflater(PerMessageDeflate()).inflate(data, 401, 1000, last=True)
    assert len(Inflater(PerMessageDeflate()).inflate(data, 400, 1000, last=True)) == 600


def final_stream(data: bytes) -> bytes:
    context = zlib.compressobj(1, zlib.DEFLATED, -15)
    return context.compress(data) + context.flush(zlib.Z_FINISH)


def test_several_streams_are_read_up_to_a_limit() -> None:
    # The tail that section 7.2.2 appends completes the empty stored block at the end.
    message = final_stream(b"abc") * 15 + b"\0"
    inflater = Inflater(PerMessageDeflate())
    for _ in range(3):
        assert inflater.inflate(message, 0, 0, last=True) == b"abc" * 15
    with pytest.raises(WSLimitError, match="more than 16 DEFLATE streams") as caught:
        inflater.inflate(final_stream(b"abc") * 17 + b"\0", 0, 0, last=True)
    assert caught.value.code == 1009


def test_the_tail_is_not_sent() -> None:
    assert deflate_once(PerMessageDeflate(), b"Hello").hex() == "f248cdc9c90700"


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.binary(min_size=1, max_size=300) | st.just(b"ab" * 5000), min_size=1, max_size=5),
    st.integers(9, 15),
    st.booleans(),
    st.integers(1, 50),
)
def test_both_directions_fit(messages: list[bytes], bits: int, off: bool, cut: int) -> None:
    deflater = Deflater(
        PerMessageDeflate(server_no_context_takeover=off, server_max_window_bits=bits)
    )
    inflater = Inflater(
        PerMessageDeflate(client_no_context_takeover=off, client_max_window_bits=bits)
    )
    for message in messages:
        data = deflater.deflate(message)
        first = inflater.inflate(data[:cut], 0, len(message), last=False)
        rest = inflater.inflate(data[cut:], len(first), len(message), last=True)
        assert first + rest == message
