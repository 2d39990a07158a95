"""The settings of a server: one frozen value, passed whole.

Adding an option is adding a field here. Names are those of aiohttp where it has the option; each
default says why.
"""

import dataclasses
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, final

from treadle_http_parser import DEFAULT_LIMITS, Limits
from treadle_responses import Response

from .errors import access_logger, server_logger
from .keywords import check_keywords, suggestion
from .logs import log_warning
from .trusted_proxies import ProxyAddress, TrustedProxies, as_trusted_proxies

__all__ = ["ACCESS_LOG_FORMAT", "SERVER_SOFTWARE", "ServerConfig"]

#: The value of the Server field unless ``ServerConfig.server_header`` is another one.
SERVER_SOFTWARE: Final = "treadle"

#: The lines of ``ServerConfig.access_log``: Apache's "combined", but for the names of users.
ACCESS_LOG_FORMAT: Final = '%a %t "%r" %s %b "%{Referer}i" "%{User-Agent}i"'

_MAY_BE_0: Final = (
    "timeout", "time", "keepalive_requests", "max_connections", "max_concurrent_requests",
    "max_expansion",
)  # fmt: skip

# The options that are fields of ``Limits``: under their own names, and three under aiohttp's.
_LIMIT_NAMES: Final = {field.name: field.name for field in dataclasses.fields(Limits)} | {
    "max_line_size": "max_request_line",
    "max_field_size": "max_field_line",
    "max_headers": "max_fields",
}


#: An option of aiohttp's that changes nothing here: all deadlines are coarse.
_WITHOUT_EFFECT: Final = frozenset({"timeout_ceil_threshold"})


def _check_field_value(name: str, value: object) -> None:
    """Refuse an object that cannot be the value of a field (RFC 9110 section 5.5)."""
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, or None to send no such field; got {value!r}")
    printable = value.isprintable() and value.isascii()
    if not value or not printable or value != value.strip():
        raise ValueError(
            f"{name} must be printable ASCII without blanks around it, or None; got {value!r}"
        )


def _check_proxy_protocol(value: object, *, has_proxies: bool) -> None:
    if not isinstance(value, bool) and value != "any-peer":
        raise ValueError(f"proxy_protocol must be True, False or 'any-peer', got {value!r}")
    if value is True and not has_proxies:
        raise ValueError(
            "proxy_protocol=True without trusted_proxies lets any client name any address: name "
            "the proxies, or give proxy_protocol='any-peer' if no client can reach the port"
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """The treatment of connections by a server; times are in seconds, sizes in bytes.

    Raises ``ValueError`` for a negative time, a size below 1, or a ``server_header`` that cannot be
    sent; ``TypeError`` for a ``server_header`` or ``limits`` of another type.
    """

    #: An idle connection is closed after this time: a little more than the 60 s after which common
    #: load balancers drop theirs, so that they, and not the server, end it between two requests.
    keepalive_timeout: float = 75.0

    #: A connection takes no further request at this age, or after this number of requests; 0
    #: disables the limit. Both spread the clients of long-lived connections over newer servers.
    keepalive_time: float = 0
    keepalive_requests: int = 0

    #: The most connections, and the most handlers that run at once; 0 disables the limit. A client
    #: beyond it gets a 503 that asks it to come back. No number suits all machines.
    max_connections: int = 0
    max_concurrent_requests: int = 0

    #: From the first byte of a head to its end; slow clients need one, attackers want more.
    head_timeout: float = 15.0

    #: The time in which the client must send some of a body for which the handler waits.
    body_timeout: float = 30.0

    #: The time in which a peer must read something while bytes for it wait to be written.
    write_timeout: float = 30.0

    #: The time for which an unread body is read and dropped after the response, so that the client
    #: sees the response and not a reset: in all, and without a byte of it. Not a size: a client
    #: that sends 30 MB before it reads must get its 401 or 413 too.
    lingering_time: float = 30.0
    lingering_timeout: float = 5.0

    #: The bytes of a body that may wait for the handler before reading from the peer pauses.
    read_bufsize: int = 256 * 1024

    #: True to decode bodies with a Content-Encoding when they are read.
    auto_decompress: bool = True

    #: The most that such a body may inflate to, in multiples of its size, once it is above 1 MiB; 0
    #: disables the limit. Text shrinks to a tenth; a body that shrinks to a thousandth is an attack
    #: on memory.
    max_expansion: int = 100

    #: The limits of the parser. ``from_kwargs`` also takes its fields one by one, three of them
    #: under the names that aiohttp has.
    limits: Limits = DEFAULT_LIMITS

    #: True to have the kernel probe idle connections for dead peers.
    tcp_keepalive: bool = True

    #: True to cancel a handler when its client leaves; off, because most handlers are not written
    #: to be stopped halfway.
    handler_cancellation: bool = False

    #: The proxies in front of the server, whose fields are believed: addresses and networks, or the
    #: number of them; ``TrustedProxies`` says which fields. None, because any client can send them.
    trusted_proxies: TrustedProxies | Iterable[ProxyAddress] | int | None = None

    #: True if each connection begins with a header of the PROXY protocol, which only
    #: ``trusted_proxies`` may send; ``"any-peer"`` if no client can reach the port directly.
    proxy_protocol: bool | Literal["any-peer"] = False

    #: A request whose response has not begun after this time is logged with the stack of its
    #: handler, and again at its end; 0 logs none. Off: what is slow depends on the program.
    slow_request_time: float = 0

    #: True to show tracebacks on error pages.
    debug: bool = False

    #: Makes the answer to an exception that left a handler, of the request and the exception; None
    #: for the page of a 500. For development: a program answers with a middleware.
    error_page: Callable[[Any, BaseException], Response] | None = None

    #: The value of the Server field of every response, None to send no such field. It has no
    #: version: a version tells a stranger which advisories apply.
    server_header: str | None = SERVER_SOFTWARE

    #: The logger of unhandled errors.
    logger: logging.Logger = server_logger

    #: The logger of the access log, None for no such log. On, as operators expect it; without a
    #: configuration of ``logging`` it costs nothing, because INFO is not enabled then.
    access_log: logging.Logger | None = access_logger

    #: The lines, in the atoms of ``AccessLogger``.
    access_log_format: str = ACCESS_LOG_FORMAT

    #: The class that writes them, a subclass of ``AbstractAccessLogger``, made with the logger and
    #: the format, or of ``AbstractAsyncAccessLogger``; None for ``AccessLogger``.
    access_log_class: Callable[..., object] | None = None

    def __post_init__(self) -> None:
        _check_field_value("server_header", self.server_header)
        if not isinstance(self.limits, Limits):
            raise TypeError(f"limits must be a treadle_http_parser.Limits, got {self.limits!r}")
        object.__setattr__(self, "trusted_proxies", as_trusted_proxies(self.trusted_proxies))
        _check_proxy_protocol(self.proxy_protocol, has_proxies=self.trusted_proxies is not None)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                continue
            smallest = 0 if field.name.endswith(_MAY_BE_0) else 1
            if value < smallest:
                raise ValueError(f"{field.name} must be at least {smallest}, got {value!r}")

    @classmethod
    def keywords(cls) -> frozenset[str]:
        """Return the names that ``from_kwargs`` takes."""
        own = (field.name for field in dataclasses.fields(cls))
        return frozenset([*_LIMIT_NAMES, *_WITHOUT_EFFECT, *own])

    @classmethod
    def from_kwargs(cls, options: dict[str, object]) -> "ServerConfig":
        """Return a config from keyword arguments: the fields of this class and of ``Limits``.

        Raises ``TypeError`` for an unknown one, and for a limit that is given twice.
        """
        check_keywords(options, cls.keywords(), "ServerConfig.from_kwargs()")
        rest = {name: value for name, value in options.items() if name not in _WITHOUT_EFFECT}
        parts = {name: rest.pop(name) for name in list(rest) if name in _LIMIT_NAMES}
        if parts:
            if "limits" in rest:
                raise TypeError(f"Give limits= or its parts ({', '.join(parts)}), not both")
            rest["limits"] = _limits(parts)
        return cls(**rest)  # type: ignore[arg-type]  # the dataclass checks the values

    @classmethod
    def from_options(cls, options: Mapping[str, object]) -> "ServerConfig":
        """Return a config from the options of a runner: unknown ones are ignored, with a warning.

        For programs that are written for another version, or for aiohttp, which does the same.
        """
        known = cls.keywords()
        given = {name: value for name, value in options.items() if name in known}
        config = cls.from_kwargs(given)
        for name in options:
            if name not in known:
                text = "The server has no option %s, it is ignored. %s"
                log_warning(config.logger, text, name, suggestion(name, known))
        return config


def _limits(parts: dict[str, object]) -> Limits:
    values: dict[str, object] = {}
    for name, value in parts.items():
        field = _LIMIT_NAMES[name]
        if field in values:
            raise TypeError(f"{name} and {field} are the same limit; give one of them")
        values[field] = value
    if "max_head" not in values:
        # A longer line needs a longer head.
        values["max_head"] = DEFAULT_LIMITS.max_head + sum(
            max(0, value - getattr(DEFAULT_LIMITS, field))
            for field, value in values.items()
            if field in ("max_request_line", "max_field_line") and isinstance(value, int)
        )
    return Limits(**values)  # type: ignore[arg-type]  # the dataclass checks the values
