"""``treadle run``: serve an application, for production.

Everything that can be wrong before a request comes is one sentence on standard error, with status
2; an application that does not start shows its own traceback, with status 1.
"""

import argparse
import errno
import functools
import socket
import sys
from pathlib import Path
from typing import Any, Final, NoReturn, cast

from treadle_server import run_app
from treadle_server.interfaces import (
    add_server_arguments,
    check_server_arguments,
    serve_with_arguments,
)

from .entry import EntryError, app_folder, find_entry
from .faults import complain, own_part, shown_traceback
from .loader import Loader, tell
from .logs import configure_logs
from .options import add_tuning, given_tuning
from .parser import Parser
from .ports import listener_of

__all__ = ["add_entry", "add_logs", "add_run", "explained", "run", "server_settings"]

_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")


def add_entry(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name an application."""
    parser.add_argument(
        "entry", nargs="?", metavar="app", default=None,
        help="the application, or a function that returns it: 'package.module:name', a module or "
        "a file (default: app.py or main.py); an ASGI application too, with treadle[asgi]",
    )  # fmt: skip
    parser.add_argument(
        "--app-dir", default=".", metavar="DIR", type=Path,
        help="where the application is looked for (default: the current directory)",
    )  # fmt: skip


def add_logs(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the log."""
    parser.add_argument(
        "--log", choices=("auto", "color", "plain", "json"), default="auto",
        help="the style of the log (default: auto, colors on a terminal)",
    )  # fmt: skip
    parser.add_argument(
        "--log-level", choices=_LEVELS, type=str.upper, default="INFO",
        help="what is logged from this level on (default: INFO)",
    )  # fmt: skip
    parser.add_argument(
        "--no-access-log", action="store_true", help="write no line for each request"
    )


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add all arguments of ``treadle run``."""
    add_entry(parser)
    # Who installs uvloop wants it. `treadle dev` stays on asyncio, which names what blocks it.
    add_server_arguments(parser, loop="auto")
    add_logs(parser)
    add_tuning(parser)


class _NotStartedError(Exception):
    """The application raised when it was started."""


def _serve(source: object, port_given: int | None, options: dict[str, Any], **given: Any) -> None:
    """Call ``run_app``; an error of the application becomes a ``_NotStartedError``."""
    try:
        run_app(cast("Any", source), **options, **given)
    except EntryError:
        raise
    except Exception as error:
        if own_part(error) is not None:
            raise _NotStartedError from error
        if isinstance(error, OSError):
            raise explained(error, given.get("port") or port_given) from error
        raise


def explained(error: OSError, port: int | None) -> OSError:
    """Return ``error`` with what can be done about it."""
    if error.errno == errno.EADDRINUSE and port:
        holder = listener_of(port)
        by = "" if holder is None else f" by {holder}"
        text = f"the port is in use{by}; stop that program or give another --port"
    elif error.errno == errno.EADDRINUSE:
        text = "another program listens there, or a file is in the way; give another --path"
    elif error.errno == errno.ENOENT:
        text = "its folder is not there; make it, or give another --path"
    elif error.errno == errno.EACCES and port is not None and port < 1024:
        text = "no permission for a port below 1024; give --port 8080, or start as root"
    elif error.errno == errno.EACCES:
        text = "no permission; give another --path or --port"
    elif isinstance(error, socket.gaierror):
        text = f"the host is not known ({error.strerror}); give --host 127.0.0.1 or an address"
    elif error.errno == errno.EADDRNOTAVAIL or "could not bind on any" in str(error):
        text = "this machine has no such address; give --host 0.0.0.0 for all that it has"
    else:
        text = error.strerror or str(error)
    return OSError(error.errno, text)


def server_settings(options: argparse.Namespace, access_format: str) -> dict[str, Any]:
    """Return the keywords of ``run_app`` for the limits and the log that ``options`` have."""
    settings = given_tuning(options)
    settings["access_log_format"] = getattr(options, "access_log_format", access_format)
    if options.no_access_log:
        settings["access_log"] = None
    return settings


def run(parser: Parser, options: argparse.Namespace, rest: list[str]) -> NoReturn:
    """Serve the application that ``options`` name, and exit."""
    check_server_arguments(parser, options)
    access_format = configure_logs(options.log, options.log_level)
    try:
        entry = find_entry(options.entry, app_folder(options.app_dir))
    except EntryError as error:
        parser.refuse_unknown(argument for argument in rest if argument.startswith("-"))
        parser.error(str(error))
    loader = Loader(parser.prog, entry, rest)
    source: object = loader
    settings = server_settings(options, access_format)
    try:
        if options.workers is None:
            source = loader.make()
        serve = functools.partial(_serve, source, options.port, settings)
        serve_with_arguments(parser, options, serve)
    except EntryError as error:
        if rest and str(error).startswith("unrecognized"):
            parser.refuse_unknown(rest)
        tell(parser.prog, error)
        parser.exit(2)
    except _NotStartedError as error:
        cause = cast("Exception", error.__cause__)
        sys.stderr.write(shown_traceback(cause))
        text = f"{type(cause).__name__}: {cause}"
        complain(parser.prog, f"{str(loader.entry)!r} did not start: {text}")
        parser.exit(1)
    parser.exit(message="Stopped\n")
