"""``treadle check``: look for mistakes in the wiring of an application before a request does.

Each check is a function from an application to sentences. They report what is certain: a route
that no request finds, a folder or a template that is not there, a view without methods, a handler
that is not async or does not take a request. With ``--start`` the application is started and
cleaned up once.
"""

import argparse
import asyncio
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, cast

from treadle.web import Application, AppRunner, StaticResource, View
from treadle_server.interfaces import is_not_async, wrong_signature

from .application import application
from .faults import shown_traceback
from .listing import METHODS, rows_of, target_of
from .parser import Parser
from .run import add_entry

__all__ = ["CHECKS", "QUICK_CHECKS", "add_check", "check", "problems"]


def hidden_routes(app: Application) -> Iterator[str]:
    """Routes that no request can find."""
    for row in rows_of(app):
        if row.hidden is not None:
            methods = ",".join(row.methods)
            place = "" if row.place is None else f" ({row.place})"
            yield f"no request finds {methods} {row.path}{place}: {row.hidden}"


def no_routes(app: Application) -> Iterator[str]:
    """An application that answers 404 to everything."""
    if not list(app.router.resources()):
        yield "the application has no routes: did you forget app.add_routes()?"


def views_without_methods(app: Application) -> Iterator[str]:
    """Class-based views without a method of HTTP: every request gets a 405."""
    for row in rows_of(app):
        if not row.methods:
            yield f"the view {row.handler} at {row.path} has no method such as get() or post()"


def handlers_that_are_not_async(app: Application) -> Iterator[str]:
    """Handlers that are called, and whose result nobody can wait for."""
    seen: set[object] = set()
    for route in app.router.routes():
        target = target_of(route.handler)
        if inspect.isclass(target) and issubclass(target, View):
            for name in map(str.lower, METHODS):
                method = getattr(target, name, None)
                if method is not None and is_not_async(method):
                    yield f"the method {name}() of the view {target.__qualname__} is not async"
        elif inspect.isfunction(target) and is_not_async(route.handler) and target not in seen:
            seen.add(target)
            code = target.__code__
            yield (
                f"the handler {target.__qualname__} ({code.co_filename}:{code.co_firstlineno}) is "
                "not async: begin it with `async def`"
            )


def handlers_with_other_arguments(app: Application) -> Iterator[str]:
    """Handlers that cannot be called with a request."""
    seen: set[int] = set()
    for route in app.router.routes():
        why = wrong_signature(route.handler)
        # A route of GET has one of HEAD beside it.
        if why is not None and id(route.handler) not in seen:
            seen.add(id(route.handler))
            path = "" if route.resource is None else route.resource.canonical
            yield f"the route {path or route.method}: {why}"


def static_files(app: Application) -> Iterator[str]:
    """Folders of static files that have gone or are empty."""
    for resource in app.router.resources():
        if not isinstance(resource, StaticResource):
            continue
        folder = Path(str(resource.get_info()["directory"]))
        where = f"static files at {resource.canonical or '/'}"
        if not folder.is_dir():
            yield f"{where}: there is no folder {folder}"
        elif not any(folder.iterdir()):
            yield f"{where}: the folder {folder} is empty"


def templates(app: Application) -> Iterator[str]:
    """Folders of templates that are not there, and templates that do not compile (Jinja)."""
    for environment in _values(app):
        if not (hasattr(environment, "list_templates") and hasattr(environment, "loader")):
            continue
        found: Any = environment
        for folder in getattr(found.loader, "searchpath", ()):
            if not os.path.isdir(folder):  # noqa: PTH112  # of any type of path
                yield f"there is no folder of templates {folder}"
        try:
            names = list(found.list_templates())
        except TypeError:
            # A loader that cannot list.
            continue
        for name in names:
            try:
                found.get_template(name)
            except Exception as error:  # noqa: BLE001  # whatever a template engine raises
                yield f"the template {name!r} cannot be used: {type(error).__name__}: {error}"


def _values(app: Application) -> list[object]:
    return list(cast("Mapping[Any, object]", app).values())


#: In the order of their lines.
CHECKS: Final[tuple[Callable[[Application], Iterator[str]], ...]] = (
    no_routes,
    hidden_routes,
    views_without_methods,
    handlers_that_are_not_async,
    handlers_with_other_arguments,
    static_files,
    templates,
)


#: Those that are quick, and that the table of routes does not show.
QUICK_CHECKS: Final = (
    views_without_methods,
    handlers_that_are_not_async,
    handlers_with_other_arguments,
)


def problems(
    app: Application, checks: Sequence[Callable[[Application], Iterator[str]]] = CHECKS
) -> list[str]:
    """Return what is wrong with ``app`` and its sub-applications, each once."""
    found: dict[str, None] = {}
    for run in checks:
        found |= dict.fromkeys(run(app))
    return list(found)


def add_check(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``treadle check``."""
    add_entry(parser)
    parser.add_argument(
        "--start", action="store_true",
        help="start the application and clean it up, once: its databases must be there",
    )  # fmt: skip


async def _start(app: Application) -> None:
    runner = AppRunner(app)
    try:
        await runner.setup()
    finally:
        await runner.cleanup()


def check(parser: Parser, options: argparse.Namespace) -> NoReturn:
    """Print what is wrong, and exit: with status 1 if something is."""
    app = application(parser, options)
    lines = problems(app)
    if options.start:
        try:
            asyncio.run(_start(app))
        except Exception as error:  # noqa: BLE001  # whatever it raises is the finding
            sys.stderr.write(shown_traceback(error))
            lines.append(f"it does not start: {type(error).__name__}: {error}")
    for line in lines:
        sys.stdout.write(f"! {line}\n")
    if not lines:
        number = len(rows_of(app))
        sys.stdout.write(f"no mistakes found in {number} route{'s' if number != 1 else ''}\n")
    parser.exit(1 if lines else 0)
