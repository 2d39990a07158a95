"""``python -m treadle.asgi``: serve the ASGI application that the command line names."""

import argparse
import functools
import importlib
import logging
import sys
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, Final, NoReturn, final

from treadle_asgi._types import ASGIApplication
from treadle_server import Application
from treadle_server.interfaces import (
    UnusableError,
    add_server_arguments,
    check_server_arguments,
    serve_with_arguments,
    shown,
)

from .check import as_application
from .hosting import HostOptions, host
from .lifespan import LifespanError

__all__ = ["command_line"]


class _EntryError(Exception):
    """The entry cannot be served; the text is a sentence for the user."""


def _load(entry: str, folder: str) -> object:
    """Return the object that ``package.module:name`` names."""
    module_name, colon, path = entry.partition(":")
    if not colon or not module_name or not path:
        raise _EntryError(f"{entry!r} is not of the form 'package.module:name'")
    if module_name.startswith("."):
        raise _EntryError(f"{module_name!r} is a relative name of a module: give its full name")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        found: object = importlib.import_module(module_name)
    except ImportError as error:
        hint = ""
        if isinstance(error, ModuleNotFoundError) and error.name == module_name.partition(".")[0]:
            hint = f"; it is looked for in {folder or 'this directory'}, see --app-dir"
        raise _EntryError(f"unable to import {module_name}: {error}{hint}") from None
    where = f"module {module_name!r}"
    for name in path.split("."):
        try:
            found = getattr(found, name)
        except AttributeError:
            near = get_close_matches(name, dir(found), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise _EntryError(f"{where} has no attribute {name!r}{hint}") from None
        where = f"{name!r}"
    return found


@final
class _Entry:
    """Makes the application where it is served, so that a new worker has the code of today."""

    def __init__(self, entry: str, folder: str, factory: bool, options: HostOptions) -> None:
        self._entry: Final = entry
        self._folder: Final = folder
        self._factory: Final = factory
        self._options: Final = options

    def make(self) -> Application:
        """Return the application; raises ``_EntryError``."""
        found = _load(self._entry, self._folder)
        if self._factory:
            if not callable(found):
                raise _EntryError(f"{self._entry!r} is no function, but {shown(repr(found))}")
            found = found()
        try:
            app: ASGIApplication = as_application(found)
        except TypeError as error:
            raise _EntryError(f"cannot serve {self._entry!r}: {error}") from None
        return host(app, **self._options)

    def __call__(self) -> Application:
        """Return the application, in a worker."""
        try:
            return self.make()
        except _EntryError as error:
            # Another worker would say the same.
            _complain(str(error))
            raise UnusableError(2) from error


def _complain(text: str) -> None:
    sys.stderr.write(f"{_PROGRAM}: error: {text}\n")


_PROGRAM: Final = "python -m treadle.asgi"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_PROGRAM, description="Serve an ASGI application.")
    parser.add_argument(
        "app",
        metavar="module:name",
        help="the application (ASGI 3), such as 'package.module:app'",
    )
    parser.add_argument(
        "--factory", action="store_true",
        help="the name is that of a function that returns the application",
    )  # fmt: skip
    parser.add_argument(
        "--app-dir", default="", metavar="DIR",
        help="where the module is looked for first (default: the current directory)",
    )  # fmt: skip
    parser.add_argument(
        "--lifespan", choices=("auto", "on", "off"), default="auto",
        help="'on' refuses to serve an application that does not support lifespan (default: auto)",
    )  # fmt: skip
    parser.add_argument(
        "--root-path", default="", metavar="PATH",
        help="where a proxy has put the application, if it takes this part of the path away",
    )  # fmt: skip
    parser.add_argument(
        "--no-access-log", dest="access_log", action="store_false", help="write no access log"
    )
    add_server_arguments(parser)
    return parser


def command_line(
    arguments: Sequence[str] | None = None, *, run_app: Callable[..., None] | None = None
) -> NoReturn:
    """Serve the application that the command line names, and exit.

    ``arguments`` are those of the process by default; ``--help`` lists them. Exits with status 2
    and a sentence on standard error if they are wrong or the address cannot be used, and with
    status 1 if the application does not start. ``run_app`` is the function of that name by default.
    """
    if run_app is None:
        from treadle_server import run_app as given

        run_app = given
    parser = _parser()
    options = parser.parse_args(arguments)
    check_server_arguments(parser, options)
    root_path: str = options.root_path
    if root_path and not root_path.startswith("/"):
        parser.error(f"--root-path starts with `/`: '/{root_path}', not {root_path!r}")
    logging.basicConfig(level=logging.INFO)
    hosting: HostOptions = {"lifespan": options.lifespan, "root_path": root_path}
    entry = _Entry(options.app, options.app_dir, options.factory, hosting)
    source: Application | _Entry = entry
    if options.workers is None:
        try:
            source = entry.make()
        except _EntryError as error:
            parser.error(str(error))
    given_options: dict[str, Any] = {} if options.access_log else {"access_log": None}
    try:
        serve_with_arguments(parser, options, functools.partial(run_app, source, **given_options))
    except LifespanError as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    parser.exit(message="Stopped\n")
