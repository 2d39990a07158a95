"""``python -m treadle.web``: serve an application, or the one that a function returns."""

import argparse
import importlib
import inspect
import logging
import math
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Sequence
from difflib import get_close_matches
from typing import Any, Final, Literal, final

from treadle_server._app.application import Application
from treadle_server._core.logs import shown
from treadle_server._core.trusted_proxies import TrustedProxies

from .listeners import are_activated
from .ports import check_port, default_port
from .run_app import run_app
from .serving import AppSource, NotAnApplicationError

__all__ = ["command_line"]


def _load(
    parser: argparse.ArgumentParser, entry: str, import_module: Callable[[str], object]
) -> object:
    """Return the object that ``package.module:name`` names.

    The sentences of errors are aiohttp's.
    """
    module_name, colon, name = entry.partition(":")
    if not colon or not module_name or not name:
        parser.error("'entry-func' not in 'module:function' syntax")
    if module_name.startswith("."):
        parser.error("relative module names not supported")
    try:
        module = import_module(module_name)
    except ImportError as error:
        parser.error(f"unable to import {module_name}: {error}")
    found = getattr(module, name, None)
    if found is None:
        near = get_close_matches(name, vars(module), 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        parser.error(f"module {module_name!r} has no attribute {name!r}{hint}")
    return found


def _application(
    parser: argparse.ArgumentParser, entry: str, found: object, arguments: list[str]
) -> Application | Awaitable[Application]:
    """Return the application that the entry is, or that it makes when it is called."""
    if isinstance(found, Application):
        if arguments:
            parser.error(
                f"unrecognized arguments: {' '.join(arguments)} ({entry!r} is an application, and "
                "only a function takes further arguments)"
            )
        return found
    if not callable(found):
        parser.error(f"{entry!r} is not a function, but {shown(found)}")
    try:
        inspect.signature(found).bind(arguments)
    except TypeError as error:
        parser.error(
            f"{entry!r} is called with one argument, the list of the further arguments: {error}"
        )
    except ValueError:
        # A function without a signature, of an extension module for example.
        pass
    # ``run_app`` refuses other results, and those of coroutines.
    result: Application | Awaitable[Application] = found(arguments)
    return result


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


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if 0 <= seconds < math.inf:
        return seconds
    raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds: give 0 or more")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m treadle.web", description="Serve a treadle application."
    )
    parser.add_argument(
        "entry_func",
        metavar="entry-func",
        help="the application, or a function that returns it, as 'package.module:name'; the "
        "function is called with the list of the arguments that are not known here",
    )
    parser.add_argument(
        "-H", "--hostname", default=None, help="the host to listen on (default: localhost)"
    )
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
        "--loop", choices=("auto", "asyncio", "uvloop"), default=None,
        help="the event loop: 'auto' is uvloop if it is installed (default: asyncio's policy)",
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
        "--drain-delay", type=_seconds, default=0.0, metavar="SECONDS",
        help="how long to serve on after SIGTERM, while health checks answer 503 (default: 0)",
    )  # fmt: skip
    return parser


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


@final
class _Entry:
    """Makes the application in each worker, so that a new worker has the code of today."""

    def __init__(self, entry: str, rest: list[str]) -> None:
        self._entry: Final = entry
        self._rest: Final = rest

    def __call__(self) -> Application | Awaitable[Application]:
        parser = _parser()
        _prepare()
        try:
            found = _load(parser, self._entry, importlib.import_module)
            return _application(parser, self._entry, found, self._rest)
        except SystemExit as error:
            # Its sentence is printed. Another worker would say the same.
            from treadle_server._workers.worker import UnusableError

            raise UnusableError(error.code) from None


def _prepare() -> None:
    # ``-m`` puts the current directory on the path; a console script does not.
    if "" not in sys.path:
        sys.path.insert(0, "")
    logging.basicConfig(level=logging.DEBUG)


def command_line(
    arguments: Sequence[str] | None = None,
    *,
    import_module: Callable[[str], object] = importlib.import_module,
    run_app: Callable[..., None] = run_app,
) -> None:
    """Serve the application that the command line names, and exit.

    ``arguments`` are those of the process by default; ``--help`` lists them. Exits with status 2
    and a sentence on standard error if they are wrong or the address cannot be used.
    ``import_module`` and ``run_app`` are called for what their names say.
    """
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    if options.path is not None and not hasattr(socket, "AF_UNIX"):
        parser.error("file system paths not supported by your operating environment")
    if options.proxy_protocol and options.trusted_proxies is None:
        parser.error("--proxy-protocol needs --trusted-proxies: only they may name other addresses")
    app: AppSource
    if options.workers is None:
        _prepare()
        found = _load(parser, options.entry_func, import_module)
        app = _application(parser, options.entry_func, found, rest)
    else:
        logging.basicConfig(level=logging.DEBUG)
        app = _Entry(options.entry_func, rest)
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
        run_app(app, host=host, port=port, path=options.path, **given)
    except (ValueError, ModuleNotFoundError) as error:
        # Workers that this system does not have, or an event loop that is not installed.
        parser.error(str(error))
    except OSError as error:
        where = options.path if host is None else f"{host}:{port}"
        parser.error(f"cannot listen on {where}: {error.strerror or error}")
    except NotAnApplicationError as error:
        parser.error(
            "the entry-func must return a web.Application, but returned " + shown(error.given)
        )
    parser.exit(message="Stopped\n")
