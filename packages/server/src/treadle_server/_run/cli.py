"""``python -m treadle.web``: serve the application that a function returns."""

import argparse
import importlib
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from treadle_server._app.application import Application

from .run_app import run_app

__all__ = ["command_line"]


def _load(parser: argparse.ArgumentParser, entry: str) -> Callable[[list[str]], Any]:
    module_name, colon, function_name = entry.partition(":")
    if not colon or not module_name or not function_name:
        parser.error(f"entry-func {entry!r} is not of the form 'package.module:function'")
    if module_name.startswith("."):
        parser.error(f"entry-func {entry!r} must not be relative: give the whole module name")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        parser.error(f"unable to import {module_name!r}: {error}")
    function = getattr(module, function_name, None)
    if function is None:
        parser.error(f"module {module_name!r} has no attribute {function_name!r}")
    if not callable(function):
        parser.error(f"{entry!r} is not a function, but {function!r}")
    loaded: Callable[[list[str]], Any] = function
    return loaded


def _application(
    parser: argparse.ArgumentParser, entry: str, result: object
) -> Application | Awaitable[Application]:
    if isinstance(result, (Application, Awaitable)):
        return result
    return parser.error(f"{entry!r} must return a web.Application, but returned {result!r}")


def command_line(arguments: Sequence[str] | None = None) -> None:
    """Serve the application that the command line names, and exit.

    ``arguments`` are those of the process by default; ``--help`` lists them. Exits with status 2
    and a sentence on standard error if they are wrong or the address cannot be used.
    """
    parser = argparse.ArgumentParser(
        prog="python -m treadle.web", description="Serve a treadle application."
    )
    parser.add_argument(
        "entry_func",
        metavar="entry-func",
        help="the function that returns the application, as 'package.module:function'; it is "
        "called with the list of the arguments that are not known here",
    )
    parser.add_argument(
        "-H", "--hostname", default=None, help="the host to listen on (default: localhost)"
    )
    parser.add_argument(
        "-P", "--port", type=int, default=8080, help="the port to listen on (default: 8080)"
    )
    parser.add_argument(
        "-U", "--path", default=None, help="a Unix socket to listen on (without -H: only there)"
    )
    options, rest = parser.parse_known_args(arguments)
    # ``-m`` puts the current directory on the path; a console script does not.
    if "" not in sys.path:
        sys.path.insert(0, "")
    function = _load(parser, options.entry_func)
    logging.basicConfig(level=logging.DEBUG)
    app = _application(parser, options.entry_func, function(rest))
    host, port = options.hostname or "localhost", options.port
    if options.path is not None and options.hostname is None:
        host = port = None
    try:
        run_app(app, host=host, port=port, path=options.path)
    except OSError as error:
        where = options.path if host is None else f"{host}:{port}"
        parser.error(f"cannot listen on {where}: {error.strerror or error}")
    parser.exit(message="Stopped\n")
