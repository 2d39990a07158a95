"""The settings of a session, in one frozen value that many sessions share."""

from dataclasses import dataclass
from typing import final

from ._errors import WSValueError, check_number

__all__ = ["SessionSettings"]


@final
@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Limits, timeouts and options of a session; raises ``WSValueError`` for impossible ones."""

    # Bytes of a message after inflation; exactly this many are accepted, 0 disables the limit.
    # 4 MiB is aiohttp's limit, and a few thousand such messages fit into a server's memory.
    max_msg_size: int = 4 * 1024 * 1024
    # Frames of a message, 0 for any number. None bounds the frames by the bytes that they bring:
    # 1,024, and one for each byte. Programs that stream send a message in any number of fragments;
    # but millions of empty ones would never end and never count against ``max_msg_size``.
    max_fragments: int | None = None
    # Answer pings, and leave pings and pongs out of the result of ``receive_data``.
    autoping: bool = True
    # Let ``data_to_send()`` make the close frame that answers the peer's (with the same code,
    # section 5.5.1: "typically echos") or its fault; if False the caller calls ``answer_close()``.
    autoclose: bool = True
    # Seconds to wait for the peer's close frame. It needs one round trip; 10 suffices for slow
    # radio links.
    close_timeout: float = 10.0
    # Seconds of silence before a ping; None disables pings.
    heartbeat: float | None = None
    # Seconds to wait for any byte after a ping; None means half the heartbeat.
    pong_timeout: float | None = None
    # Compress messages of at least this many bytes. A smaller message fits into one packet anyway,
    # and zlib takes longer than everything else that it needs.
    compress_from: int = 128

    def __post_init__(self) -> None:
        for name, value, least in (
            ("max_msg_size", self.max_msg_size, 0),
            ("max_fragments", self.max_fragments or 0, 0),
            ("close_timeout", self.close_timeout, 0),
            ("compress_from", self.compress_from, 0),
        ):
            check_number(name, value)
            if not value >= least:
                raise WSValueError(f"{name}={value!r} must be at least {least}")
        for name, seconds in (("heartbeat", self.heartbeat), ("pong_timeout", self.pong_timeout)):
            if seconds is None:
                continue
            check_number(name, seconds)
            if not seconds > 0:
                raise WSValueError(f"{name}={seconds!r} must be above 0; None turns it off")
