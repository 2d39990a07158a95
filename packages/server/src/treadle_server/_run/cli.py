"""``python -m treadle.web``: serve an application, or the one that a function returns."""

import argparse
import functools
import importlib
import inspect
import logging
import sys
from collections.abc import Awaitable, Callable, Sequence
from difflib import get_close_matches
from typing import Final, final

from treadle_server._app.application import Application
from treadle_server._core.logs import shown

from .arguments import add_server_arguments, check_server_arguments, serve_with_arguments
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
    add_server_arguments(parser)
    return parser


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
    check_server_arguments(parser, options)
    app: AppSource
    if options.workers is None:
        _prepare()
        found = _load(parser, options.entry_func, import_module)
        app = _application(parser, options.entry_func, found, rest)
    else:
        logging.basicConfig(level=logging.DEBUG)
        app = _Entry(options.entry_func, rest)
    try:
        serve_with_arguments(parser, options, functools.partial(run_app, app))
    except NotAnApplicationError as error:
        parser.error(
            "the entry-func must return a web.Application, but returned " + shown(error.given)
        )
    parser.exit(message="Stopped\n")
