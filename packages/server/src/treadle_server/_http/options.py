"""The options of a server as keyword arguments, for type checkers.

``ServerConfig`` has their meaning and their defaults. A function that has some of them as
parameters of its own takes the rest as ``**kwargs: Unpack[...]`` with the class that leaves those
out, so that type checkers report a misspelt name or a wrong type. At run time an unknown name is
ignored, with a warning in the log (``ServerConfig.from_options``).
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, Literal, TypedDict

from treadle_http_parser import Limits
from treadle_responses import Response
from treadle_server._core.trusted_proxies import ProxyAddress, TrustedProxies

from .access_log import AccessLogClass

__all__ = ["ConnectionOptions", "RunnerOptions", "ServerOptions"]


class ConnectionOptions(TypedDict, total=False):
    """The options that ``run_app`` has no parameters for."""

    # The fields of ``ServerConfig``.
    keepalive_time: float
    keepalive_requests: int
    max_connections: int
    max_concurrent_requests: int
    head_timeout: float
    body_timeout: float
    write_timeout: float
    lingering_time: float
    lingering_timeout: float
    read_bufsize: int
    auto_decompress: bool
    slow_request_time: float
    max_expansion: int
    limits: Limits
    tcp_keepalive: bool
    trusted_proxies: TrustedProxies | Iterable[ProxyAddress] | int | None
    proxy_protocol: bool | Literal["any-peer"]
    debug: bool
    error_page: Callable[[Any, BaseException], Response] | None
    server_header: str | None
    logger: logging.Logger
    # The fields of ``Limits``, and three of them under aiohttp's names.
    max_request_line: int
    max_field_line: int
    max_head: int
    max_fields: int
    max_chunk_extension: int
    max_chunk_extensions_total: int
    max_line_size: int
    max_field_size: int
    max_headers: int
    # aiohttp's; it changes nothing.
    timeout_ceil_threshold: float


class RunnerOptions(ConnectionOptions, total=False):
    """The options that ``AppRunner`` has no parameters for."""

    keepalive_timeout: float
    access_log: logging.Logger | None
    access_log_format: str
    handler_cancellation: bool


class ServerOptions(RunnerOptions, total=False):
    """All options of a server."""

    access_log_class: AccessLogClass | None
