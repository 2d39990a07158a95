import pytest

from treadle_websocket import (
    WebSocketError,
    WSError,
    WSHandshakeError,
    WSLimitError,
    WSMessageTypeError,
    WSStateError,
    WSValueError,
)


@pytest.mark.parametrize(
    ("error", "bases"),
    [
        (WebSocketError, ()),
        (WSLimitError, (WebSocketError,)),
        (WSHandshakeError, ()),
        (WSMessageTypeError, (TypeError,)),
        (WSStateError, (RuntimeError,)),
        (WSValueError, (ValueError,)),
    ],
)
def test_one_base_and_the_builtin_that_callers_expect(
    error: type[Exception], bases: tuple[type[Exception], ...]
) -> None:
    assert issubclass(error, (WSError,))
    for base in bases:
        assert issubclass(error, base)


def test_a_websocket_error_carries_its_close_code() -> None:
    error = WebSocketError(1002, "frame is not masked")
    assert (error.code, error.message, str(error)) == (1002, *["frame is not masked"] * 2)
    assert error.args == (1002, "frame is not masked")


def test_a_limit_error_carries_its_facts() -> None:
    error = WSLimitError(1009, "too big", limit=4, size=5)
    assert (error.code, error.limit, error.size, str(error)) == (1009, 4, 5, "too big")


def test_a_handshake_error_carries_its_status() -> None:
    assert WSHandshakeError("no key").status == 400
    assert WSHandshakeError("no version", status=426).status == 426
