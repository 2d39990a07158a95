"""The limits of one connection: a frozen value that is passed whole.

Every limit has a default with its reason beside it. The parser checks a limit while it reads, so
that an oversized message costs the memory of the limit and not of the message. The status and the
sentence for each limit are a row of ``_errors.EXCEEDED``.
"""

from dataclasses import dataclass, fields
from typing import Final, final

__all__ = ["DEFAULT_LIMITS", "Limits"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds for a peer's messages; sizes are in bytes, each must be at least 1.

    A request that exceeds one becomes an ``Error``, and its ``limit`` is the name of the field. The
    constructor raises ``ValueError`` for a bound that is not a positive ``int``.
    """

    #: RFC 9112 section 3 recommends at least 8,000; nginx, Apache and aiohttp stop near 8 KiB. 414.
    max_request_line: int = 8 * 1024

    #: One field line, name and value; the same precedents. 431.
    max_field_line: int = 8 * 1024

    #: Request line and all field lines (Tomcat 8 KiB, Node.js 16, Go 1024). Trailers have as much
    #: again, since the head is gone when they arrive. 431.
    max_head: int = 64 * 1024

    #: Field lines, trailers included; browsers behind proxies send 20 to 40. 431.
    max_fields: int = 128

    #: The extensions of one chunk, and those of all chunks of a body. No client is known to need
    #: them; attackers send them. 400.
    max_chunk_extension: int = 4 * 1024
    max_chunk_extensions_total: int = 16 * 1024

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"Limits.{field.name} must be an int of at least 1, got {value!r}")


#: The limits of a connection that is given none.
DEFAULT_LIMITS: Final = Limits()
