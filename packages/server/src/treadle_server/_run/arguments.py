"""The arguments of command lines that serve: where to listen, workers, TLS, proxies.

``python -m treadle.web`` and command lines of other packages have them in common. Their mistakes
are one sentence on standard error and the exit status 2.
"""

import argparse
import math
import socket
import ssl
from collections.abc import Callable
from typing import Any, Literal

from treadle_server._core.trusted_proxies import TrustedProxies

from .listeners import are_activated
from .loops import LoopName
from .ports import check_port, default_port

__all__ = [
    "add_server_arguments", "check_server_arguments", "read_seconds", "serve_with_arguments",
]  # fmt: skip


def _port(text: str) -> int:
    try:
        return check_port(int(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a port: give a number from 0 to 65535"
        ) from None


def _workers(text: str) -> int | Literal["auto"]:
    if text == "auto":
        return "auto"
    if text.isascii() and text.isdecimal() and 0 < int(text) < 10_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no number of workers: give 1 or more, or 'auto'")


def _proxies(text: str) -> TrustedProxies:
    try:
        return TrustedProxies(int(text) if text.isdecimal() else text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def read_seconds(text: str) -> float:
    """Return an argument that is a number of seconds; raises ``ArgumentTypeError`` for another."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if 0 <= seconds < math.inf:
        return seconds
    raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds: give 0 or more")


def add_server_arguments(parser: argparse.ArgumentParser, *, loop: LoopName | None = None) -> None:
    """Add the arguments to ``parser``; ``loop`` is the default of ``--loop``."""
    parser.add_argument(
        "-H", "--hostname", "--host", dest="hostname", metavar="HOST", default=None,
        help="the host to listen on (default: localhost)",
    )  # fmt: skip
    parser.add_argument(
        "-P", "--port", type=_port, default=None,
        help="the port to listen on (default: 8080, or 8443 with --certfile; without -H, -P and -U "
        "the sockets that systemd passes)",
    )  # fmt: skip
    parser.add_argument(
        "-U", "--path", default=None, help="a Unix socket to listen on (without -H: only there)"
    )
    parser.add_argument(
        "-w", "--workers", type=_workers, default=None,
        help="processes that serve: a number, or 'auto' for one per processor (default: this one)",
    )  # fmt: skip
    parser.add_argument(
        "--loop", choices=("auto", "asyncio", "uvloop"), default=loop,
        help="the event loop: 'auto' is uvloop if it is installed "
        f"(default: {loop or 'that of the policy of asyncio'})",
    )  # fmt: skip
    parser.add_argument(
        "--certfile", default=None, metavar="FILE",
        help="serve HTTPS with this certificate and those of its authorities, in PEM; it is read "
        "again when it changes",
    )  # fmt: skip
    parser.add_argument(
        "--keyfile", default=None, metavar="FILE",
        help="the private key of the certificate, in PEM (default: it is in the same file)",
    )  # fmt: skip
    parser.add_argument(
        "--trusted-proxies", type=_proxies, default=None, metavar="LIST",
        help="the proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses and "
        "networks with commas between them, 'unix' for those on Unix sockets, or their number "
        "(default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--proxy-protocol", action="store_true",
        help="each connection begins with the PROXY protocol, spoken by the trusted proxies only",
    )  # fmt: skip
    parser.add_argument(
        "--drain-delay", type=read_seconds, default=0.0, metavar="SECONDS",
        help="how long to serve on after SIGTERM, while health checks answer 503 (default: 0)",
    )  # fmt: skip


def _ssl_context(
    parser: argparse.ArgumentParser, certfile: str, keyfile: str | None
) -> ssl.SSLContext:
    from .certificates import create_ssl_context

    try:
        return create_ssl_context(certfile, keyfile)
    except OSError as error:
        parser.error(f"{error.strerror}: {error.filename!r}")
    except ValueError as error:
        parser.error(str(error))


def check_server_arguments(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Exit with a sentence if arguments exclude each other, before anything is loaded."""
    if options.path is not None and not hasattr(socket, "AF_UNIX"):
        parser.error("file system paths not supported by your operating environment")
    if options.proxy_protocol and options.trusted_proxies is None:
        parser.error("--proxy-protocol needs --trusted-proxies: only they may name other addresses")


def serve_with_arguments(
    parser: argparse.ArgumentParser, options: argparse.Namespace, serve: Callable[..., None]
) -> None:
    """Call ``serve`` with the arguments that were given, as keywords of ``run_app``.

    Exits with a sentence for what ``run_app`` refuses, and for an address that cannot be used.
    """
    host, port = options.hostname or "localhost", options.port
    if port is None:
        port = default_port(tls=options.certfile is not None)
    if options.hostname is None and (
        options.path is not None or (options.port is None and are_activated())
    ):
        # Only on the Unix socket, or on the sockets of systemd.
        host = port = None
    # Only what is given: the other defaults are those of ``run_app``.
    names = ("workers", "loop", "drain_delay", "trusted_proxies", "proxy_protocol")
    given: dict[str, Any] = {name: value for name in names if (value := getattr(options, name))}
    if options.certfile is not None:
        given["ssl_context"] = _ssl_context(parser, options.certfile, options.keyfile)
    elif options.keyfile is not None:
        parser.error(f"--keyfile {options.keyfile!r}: its certificate is missing, give --certfile")
    try:
        serve(host=host, port=port, path=options.path, **given)
    except (ValueError, ModuleNotFoundError) as error:
        # Workers that this system does not have, or an event loop that is not installed.
        parser.error(str(error))
    except OSError as error:
        where = options.path if host is None else f"{host}:{port}"
        parser.error(f"cannot listen on {where}: {error.strerror or error}")
