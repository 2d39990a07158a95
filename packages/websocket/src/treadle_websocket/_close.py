"""The payload of close frames, RFC 6455 sections 5.5.1 and 7.4.

Reader and writer of ``(code, reason)``. The valid codes are those of wsproto, and one that IANA
registered later. wsproto is imported with the first close frame: importing any part of it loads all
of it and h11, which costs tens of milliseconds that a program without WebSockets should not pay.
"""

from functools import cache
from typing import Final

from ._errors import WebSocketError, WSValueError, wrong_type

__all__ = ["NO_STATUS", "decode_close", "encode_close", "truncate_reason"]

NO_STATUS: Final = 1005
_BAD_GATEWAY: Final = 1014  # registered by IANA; wsproto does not list it
_MAX_REASON: Final = 123  # 125 bytes of a control frame (section 5.5) less the code


# Imported and built once.
@cache
def _protocol_codes() -> frozenset[int]:
    """Return the codes below 3000 that a close frame may have."""
    from wsproto.frame_protocol import LOCAL_ONLY_CLOSE_REASONS, CloseReason

    return frozenset(CloseReason).difference(LOCAL_ONLY_CLOSE_REASONS) | {_BAD_GATEWAY}


def _may_be_sent(code: int) -> bool:
    # Section 7.4.2: 3000-3999 are registered by libraries, 4000-4999 are private.
    return 3000 <= code <= 4999 or code in _protocol_codes()


def decode_close(payload: bytes | bytearray) -> tuple[int, str]:
    """Return code and reason, ``(1005, "")`` for an empty payload (section 7.1.5).

    Raises ``WebSocketError`` with 1002 for a payload of one byte or a code that must not be sent,
    with 1007 for a reason that is not UTF-8.
    """
    if not payload:
        return NO_STATUS, ""
    if len(payload) == 1:
        raise WebSocketError(1002, "close frame holds one byte; a close code takes two")
    code = int.from_bytes(payload[:2], "big")
    if not _may_be_sent(code):
        raise WebSocketError(1002, f"close code {code} must not be sent")
    try:
        return code, str(payload[2:], "utf-8")
    except UnicodeDecodeError as exc:
        raise WebSocketError(1007, f"close reason is not UTF-8: {exc.reason}") from exc


def encode_close(code: int | None, reason: str | bytes = "") -> bytes:
    """Return the payload for ``code`` and ``reason``; empty for None.

    Raises ``WSValueError`` for a code that must not be sent, a reason without a code, a reason of
    more than 123 bytes, and one that is not UTF-8.
    """
    if not isinstance(reason, (str, bytes, bytearray, memoryview)):
        raise wrong_type("a close reason", "str or bytes", reason)
    if code is not None and not isinstance(code, int):
        raise wrong_type("a close code", "an int or None", code)
    try:
        text = reason.encode() if isinstance(reason, str) else str(reason, "utf-8").encode()
    except UnicodeError as exc:
        raise WSValueError(f"close reason {reason!r} is not UTF-8") from exc
    if code is None:
        if text:
            raise WSValueError(f"close reason {reason!r} needs a close code, for example 1000")
        return b""
    if not _may_be_sent(code):
        raise WSValueError(
            f"close code {code} must not be sent; use 1000-1003, 1007-1014 or 3000-4999"
        )
    if len(text) > _MAX_REASON:
        raise WSValueError(
            f"close reason of {len(text)} bytes is over {_MAX_REASON}; send the text as a message"
        )
    return code.to_bytes(2, "big") + text


def truncate_reason(reason: str) -> str:
    """Return the longest beginning of ``reason`` that fits into a close frame."""
    return reason.encode()[:_MAX_REASON].decode(errors="ignore")
