"""A report of an exception: its traceback with sources and variables, the request and its route.

Facts only, as values; ``pages`` makes HTML, JSON and text of them.
"""

import inspect
import linecache
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Any, Final, final

from treadle.web import BaseRequest, Request
from treadle_server import __version__

from .masking import HIDDEN, is_secret, masked_repr, masked_source, masked_text

__all__ = ["Failure", "Frame", "Report", "SourceLine", "make_report", "request_facts"]

#: Lines of source above and below the one that runs.
_AROUND: Final = 5
#: The most variables of a frame, and frames of a traceback: of a recursion the ends are shown.
_MOST_VARIABLES: Final = 40
_MOST_FRAMES: Final = 60
_MOST_FAILURES: Final = 10
#: The folder of this module.
_FOLDER: Final = __file__.removesuffix("report.py")


@final
@dataclass(frozen=True, slots=True)
class SourceLine:
    """One line of source."""

    number: int
    text: str


@final
@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a traceback."""

    file: str
    line: int
    function: str
    #: True for the user's own code, as ``is_users`` tells.
    own: bool
    source: tuple[SourceLine, ...]
    #: Names and values; without those of modules, and secrets hidden.
    variables: tuple[tuple[str, str], ...]


@final
@dataclass(frozen=True, slots=True)
class Failure:
    """One exception of a chain."""

    #: The class with its module, and the message.
    kind: str
    message: str
    notes: tuple[str, ...]
    frames: tuple[Frame, ...]
    #: How it belongs to the next one of the chain, None for the last.
    link: str | None


@final
@dataclass(frozen=True, slots=True)
class Report:
    """All that an error page shows."""

    #: The exception that was raised last comes first.
    failures: tuple[Failure, ...]
    request: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    route: tuple[tuple[str, str], ...]
    versions: str


def make_report(
    request: BaseRequest, error: BaseException, is_users: Callable[[str], bool]
) -> Report:
    """Return the report of ``error``, which a handler of ``request`` raised."""
    return Report(
        failures=tuple(_failures(error, is_users)),
        request=request_facts(request),
        headers=tuple(_headers(request)),
        route=tuple(_route(request)),
        versions=_versions(),
    )


def _failures(error: BaseException, is_users: Callable[[str], bool]) -> Iterator[Failure]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < _MOST_FAILURES:
        seen.add(id(current))
        following, link = _next(current)
        cls = type(current)
        module = "" if cls.__module__ in ("builtins", "__main__") else f"{cls.__module__}."
        yield Failure(
            kind=module + cls.__qualname__,
            message=masked_text(_message(current), 2000),
            notes=tuple(masked_text(str(note)) for note in getattr(current, "__notes__", ())),
            frames=tuple(_frames(current.__traceback__, is_users)),
            link=link,
        )
        current = following


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001  # a page must not fail by what it shows
        return f"<its message cannot be shown: {type(error).__qualname__}.__str__ raises>"


def _next(error: BaseException) -> tuple[BaseException | None, str | None]:
    if error.__cause__ is not None:
        return error.__cause__, "It was caused by this exception:"
    if error.__context__ is not None and not error.__suppress_context__:
        return error.__context__, "While this exception was handled, it was raised:"
    if isinstance(error, BaseExceptionGroup) and error.exceptions:
        number = len(error.exceptions)
        return error.exceptions[0], f"It is a group of {number}, of which this is the first:"
    return None, None


def _frames(traceback: TracebackType | None, is_users: Callable[[str], bool]) -> Iterator[Frame]:
    places = []
    while traceback is not None:
        # Not the middleware that lists routes.
        if not traceback.tb_frame.f_code.co_filename.startswith(_FOLDER):
            places.append(traceback)
        traceback = traceback.tb_next
    if len(places) > _MOST_FRAMES:
        places = places[: _MOST_FRAMES // 2] + places[-_MOST_FRAMES // 2 :]
    for place in places:
        code = place.tb_frame.f_code
        own = is_users(code.co_filename)
        yield Frame(
            file=code.co_filename,
            line=place.tb_lineno,
            function=code.co_qualname,
            own=own,
            source=_source(code.co_filename, place.tb_lineno, place.tb_frame.f_globals),
            variables=tuple(_variables(place.tb_frame.f_locals)) if own else (),
        )


def _source(file: str, line: int, names: dict[str, Any]) -> tuple[SourceLine, ...]:
    linecache.checkcache(file)
    lines = linecache.getlines(file, names)
    first = max(1, line - _AROUND)
    return tuple(
        SourceLine(number, masked_source(lines[number - 1].rstrip("\n")))
        for number in range(first, min(len(lines), line + _AROUND) + 1)
    )


def _variables(names: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for number, (name, value) in enumerate(names.items()):
        if number == _MOST_VARIABLES:
            yield "...", f"{len(names) - number} more"
            return
        if name.startswith("__"):
            continue
        yield name, HIDDEN if is_secret(name) else masked_repr(value)


# The request.


def request_facts(request: BaseRequest) -> tuple[tuple[str, str], ...]:
    """Return what was asked for, and by whom."""
    facts = [
        ("Request", masked_text(f"{request.method} {request.raw_path}")),
        ("Host", masked_text(request.host)),
        ("Client", masked_text(str(request.remote))),
        ("Protocol", f"{request.scheme}, HTTP/{request.version.major}.{request.version.minor}"),
    ]
    return tuple(facts)


def _headers(request: BaseRequest) -> Iterator[tuple[str, str]]:
    for name, value in request.headers.items():
        yield name, HIDDEN if is_secret(name) else masked_text(value)


def _route(request: BaseRequest) -> Iterator[tuple[str, str]]:
    if not isinstance(request, Request):
        return
    info = request.match_info
    route = info.route
    resource = route.resource
    if resource is not None:
        name = "" if resource.name is None else f" (named {resource.name!r})"
        yield "Route", f"{route.method} {resource.canonical}{name}"
        yield "Handler", _named(route.handler)
    if len(info) > 0:
        yield "Variables", masked_repr(dict(info))
    for app in reversed(info.apps):
        names = [
            _named(middleware)
            for middleware in app.middlewares
            if not getattr(middleware, "__module__", "").startswith(__package__)
        ]
        if names:
            yield "Middlewares", ", ".join(names)


def _named(value: object) -> str:
    name = getattr(value, "__qualname__", type(value).__qualname__)
    code = getattr(inspect.unwrap(value), "__code__", None) if callable(value) else None
    place = "" if code is None else f" ({code.co_filename}:{code.co_firstlineno})"
    return f"{getattr(value, '__module__', '?')}.{name}{place}"


def _versions() -> str:
    text = f"treadle-server {__version__}, Python {platform.python_version()}"
    try:
        return f"{text}, uvloop {version('uvloop')}"
    except PackageNotFoundError:
        return text
