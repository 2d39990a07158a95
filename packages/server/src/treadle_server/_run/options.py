"""The options of ``run_app`` as keyword arguments, for functions that pass them on."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable
from typing import Literal

from treadle_server._http.access_log import AccessLogClass
from treadle_server._http.options import RunnerOptions

from .addresses import Path
from .loops import LoopName

__all__ = ["RunOptions"]


class RunOptions(RunnerOptions, total=False):
    """All options of ``run_app``, which has their meaning and their defaults."""

    host: str | Iterable[str] | None
    port: int | None
    path: Path | Iterable[Path] | None
    sock: socket.socket | Iterable[socket.socket] | None
    shutdown_timeout: float
    drain_delay: float
    ssl_context: ssl.SSLContext | None
    print: Callable[[str], object] | None
    backlog: int
    access_log_class: AccessLogClass
    handle_signals: bool
    reuse_address: bool | None
    reuse_port: bool | None
    loop: asyncio.AbstractEventLoop | LoopName | None
    workers: int | Literal["auto"] | None
    max_requests: int
    max_lifetime: float
    max_rss: int
    limit_jitter: float
    start_timeout: float
    heartbeat_timeout: float
