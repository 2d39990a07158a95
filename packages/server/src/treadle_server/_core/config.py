"""The settings of a server: one frozen value, passed whole.

Adding an option is adding a field here. Names are those of aiohttp where it has the option; each
default says why.
"""

import difflib
import logging
from dataclasses import dataclass, fields
from typing import Final, final

from treadle_http_parser import Limits

from .errors import server_logger

__all__ = ["SERVER_SOFTWARE", "ServerConfig"]

#: What the Server field says unless ``ServerConfig.server_header`` says something else.
SERVER_SOFTWARE: Final = "treadle"

_MAY_BE_0: Final = (
    "timeout", "time", "keepalive_requests", "max_connections", "max_concurrent_requests",
    "max_expansion",
)  # fmt: skip


def _check_field_value(name: str, value: object) -> None:
    """Refuse what cannot be the value of a field (RFC 9110 section 5.5)."""
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, or None to send no such field; got {value!r}")
    printable = value.isprintable() and value.isascii()
    if not value or not printable or value != value.strip():
        raise ValueError(
            f"{name} must be printable ASCII without blanks around it, or None; got {value!r}"
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """How a server treats its connections; times are in seconds, sizes in bytes.

    Raises ``ValueError`` for a negative time, a size below 1, or a ``server_header`` that cannot be
    sent; ``TypeError`` for a ``server_header`` that is neither a str nor None.
    """

    #: An idle connection is closed after this long: a little more than the 60 s after which common
    #: load balancers drop theirs, so that the race for the next request is theirs to avoid.
    keepalive_timeout: float = 75.0

    #: How old a connection may be, and how many requests it may have had, when it takes another
    #: one; 0 for any. Both spread the clients of long-lived connections over servers that came
    #: later.
    keepalive_time: float = 0
    keepalive_requests: int = 0

    #: How many connections there may be, and how many handlers may run, at a time; 0 for any
    #: number. What is beyond gets a 503 that asks to come back. What a machine can bear is its
    #: owner's to know: there is no number that suits all.
    max_connections: int = 0
    max_concurrent_requests: int = 0

    #: From the first byte of a head to its end; a slow client needs one, an attacker wants more.
    head_timeout: float = 15.0

    #: Between two pieces of a body, while somebody waits for it.
    body_timeout: float = 30.0

    #: How long a peer may take nothing while there is something to write to it.
    write_timeout: float = 30.0

    #: How long, and up to how much, an unread body is read and dropped after the response, so that
    #: the client sees the response and not a reset.
    lingering_time: float = 10.0
    lingering_size: int = 1024 * 1024

    #: The body bytes that wait for a handler before reading from the peer pauses.
    read_bufsize: int = 256 * 1024

    #: Whether bodies with a Content-Encoding are decoded when they are read.
    auto_decompress: bool = True

    #: How many times its size such a body may inflate to once it is above 1 MiB, 0 for any: text
    #: shrinks to a tenth, and what shrinks to a thousandth was made to fill somebody's memory.
    max_expansion: int = 100

    #: The limits of ``treadle_http_parser.Limits``, under aiohttp's names.
    max_line_size: int = 8 * 1024
    max_field_size: int = 8 * 1024
    max_headers: int = 128

    #: Whether the kernel probes idle connections for dead peers.
    tcp_keepalive: bool = True

    #: Whether a handler is cancelled when its client goes away; off, because most handlers are not
    #: written to be stopped halfway.
    handler_cancellation: bool = False

    #: Whether error pages show tracebacks.
    debug: bool = False

    #: The value of the Server field of every response, None to send no such field. There is no
    #: version in it: a version tells a stranger which advisories apply.
    server_header: str | None = SERVER_SOFTWARE

    #: Where unhandled errors are logged.
    logger: logging.Logger = server_logger

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "server_header":
                _check_field_value(field.name, value)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                continue
            smallest = 0 if field.name.endswith(_MAY_BE_0) else 1
            if value < smallest:
                raise ValueError(f"{field.name} must be at least {smallest}, got {value!r}")

    @classmethod
    def from_kwargs(cls, options: dict[str, object]) -> "ServerConfig":
        """Return a config from keyword arguments; raises ``TypeError`` naming an unknown one."""
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                close = difflib.get_close_matches(name, known, 1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                raise TypeError(f"Unknown server option {name!r}{hint}")
        return cls(**options)  # type: ignore[arg-type]  # the dataclass checks the values

    def limits(self) -> Limits:
        """Return the parser's limits."""
        return Limits(
            max_request_line=self.max_line_size,
            max_field_line=self.max_field_size,
            max_fields=self.max_headers,
        )
