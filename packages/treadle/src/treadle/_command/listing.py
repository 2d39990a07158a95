"""The routes of an application as rows: methods, path, name, handler, and where it is."""

import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast, final

from treadle.web import AbstractResource, AbstractRoute, Application, StaticResource, View
from treadle_router import conflicts
from treadle_server import PrefixResource
from treadle_server.interfaces import MountResource

__all__ = ["METHODS", "Row", "rows_of", "table", "target_of"]

#: Those that a class-based view may have, in the order of a table.
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@final
@dataclass(frozen=True, slots=True)
class Row:
    """What one handler answers for one path."""

    methods: tuple[str, ...]
    path: str
    name: str | None
    #: The name of the handler, or what is served.
    handler: str
    #: File and line, None where it has none.
    place: str | None
    #: Why no request finds it, None if requests do.
    hidden: str | None


def rows_of(app: Application, base: Path | None = None) -> list[Row]:
    """Return the rows in the order of declaration; files below ``base`` have relative names."""
    found = conflicts(app.router.matcher_items)
    hidden = {id(conflict.hidden.handler): conflict.why for conflict in found}
    base = Path.cwd() if base is None else base
    return [
        row
        for resource in app.router.resources()
        for row in _rows(resource, _host_of(resource), hidden, base)
    ]


def _host_of(resource: AbstractResource) -> str:
    return resource.canonical if resource.is_rule else ""


def _rows(
    resource: AbstractResource, host: str, hidden: dict[int, str], base: Path
) -> Iterator[Row]:
    # A sub-application has the routes of many resources.
    groups: dict[tuple[int, object, str | None], list[AbstractRoute]] = {}
    for route in resource:
        key = (id(route.resource), route.handler, hidden.get(id(route)))
        groups.setdefault(key, []).append(route)
    for (_, _, why), routes in groups.items():
        first = routes[0]
        owner = first.resource if first.resource is not None else resource
        handler, place = _describe(owner, first, base)
        yield Row(
            _sorted_methods(_methods_of(first, routes)),
            host + owner.canonical + ("/*" if isinstance(owner, PrefixResource) else ""),
            owner.name,
            handler,
            place,
            why,
        )


def _methods_of(first: AbstractRoute, routes: Sequence[AbstractRoute]) -> set[str]:
    handler = first.handler
    if inspect.isclass(handler) and issubclass(handler, View):
        return {name for name in METHODS if hasattr(handler, name.lower())}
    return {route.method for route in routes}


def _sorted_methods(methods: set[str]) -> tuple[str, ...]:
    if "GET" in methods:
        # GET answers HEAD too; it is no news.
        methods = methods - {"HEAD"}
    known = [name for name in METHODS if name in methods]
    return (*known, *sorted(methods - set(known)))


def _describe(
    resource: AbstractResource, route: AbstractRoute, base: Path
) -> tuple[str, str | None]:
    if isinstance(resource, StaticResource):
        return f"files of {_short(str(resource.get_info()['directory']), base)}", None
    if isinstance(resource, MountResource):
        app = resource.app
        return f"mounted: {getattr(app, '__name__', type(app).__name__)}", None
    target = target_of(route.handler)
    name = getattr(target, "__qualname__", type(target).__qualname__)
    module = getattr(target, "__module__", None)
    full = f"{module}.{name}" if module not in (None, "__main__") else name
    code = getattr(target, "__code__", None)
    if code is not None:
        return full, f"{_short(code.co_filename, base)}:{code.co_firstlineno}"
    try:
        where = target if inspect.isclass(target) else type(target)
        file, line = inspect.getsourcefile(where), inspect.getsourcelines(where)[1]
    except (OSError, TypeError):
        return full, None
    return full, None if file is None else f"{_short(file, base)}:{line}"


def target_of(handler: object) -> Any:
    """Return the function or class inside decorators and partials."""
    target: Any = inspect.unwrap(cast("Callable[..., Any]", handler))
    while hasattr(target, "func"):
        target = target.func
    return target


def _short(path: str, base: Path) -> str:
    folder = str(base) + os.sep
    return path.removeprefix(folder)


def table(rows: Sequence[Row], width: int | None = None) -> list[str]:
    """Return the rows as lines of aligned columns; the marks of hidden rows are a line below."""
    cells = [
        (
            ",".join(row.methods),
            row.path,
            row.name or "",
            row.handler if row.place is None else f"{row.handler}  {row.place}",
        )
        for row in rows
    ]
    widths = [max((len(cell[column]) for cell in cells), default=0) for column in range(3)]
    lines = []
    for row, cell in zip(rows, cells, strict=True):
        line = "  ".join(text.ljust(size) for text, size in zip(cell[:3], widths, strict=True))
        line = f"{line}  {cell[3]}".rstrip()
        lines.append(line if width is None or len(line) <= width else line[: width - 1] + "…")
        if row.hidden is not None:
            lines.append(f"    ! no request finds it: {row.hidden}")
    return lines
