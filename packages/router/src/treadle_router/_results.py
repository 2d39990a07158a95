"""The three results of a match.

Only ``Match`` is true, so ``if match := router.match(...)`` is enough if the difference between "no
such path" and "not with this method" does not matter. A result belongs to one call and shares
nothing mutable with another.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, Generic, Literal, TypeVar, final

from ._converters import CONVERTERS
from ._enclosure import Enclosure
from ._errors import ParamTypeError, UnknownParamError
from ._quoting import encode_fixed
from ._resource import Route

__all__ = ["Match", "MethodNotAllowed", "NotFound", "new_match", "not_found"]

H = TypeVar("H")
V = TypeVar("V")

_new: Final = object.__new__


@final
class Match(Generic[H]):
    """A route was found.

    ``raw_params`` has the percent-decoded text of each variable. ``params`` has the values of typed
    variables converted; without typed variables it is the same dict.
    """

    __match_args__ = ("handler", "params")
    __slots__ = ("handler", "params", "raw_params", "route")

    # Without an ``__init__``: CPython (3.13) calls such a class in half of the time. The matcher
    # sets the attributes, here declared.
    handler: H
    params: dict[str, object]
    raw_params: dict[str, str]
    route: Route[H]

    def param(self, name: str, kind: type[V], /) -> V:
        """Return the value of variable ``name``, which must be a ``kind``.

        For type checkers the value is a ``kind`` too. Raises ``UnknownParamError`` (a ``KeyError``)
        if the path has no such variable, ``ParamTypeError`` (a ``TypeError``) if its value has
        another type: the path and the code that reads it disagree.
        """
        if name not in self.params:
            raise UnknownParamError(
                f"The path {self.route.path!r} has no variable {name!r}; it has "
                f"{', '.join(map(repr, self.params)) or 'none'}.",
                name,
            )
        value = self.params[name]
        if not isinstance(value, kind):
            raise ParamTypeError(_other_type(self.route.path, name, value, kind), name, value)
        return value

    def __repr__(self) -> str:
        return f"<Match {self.route!r} {self.params}>"


def new_match(
    route: Route[H], params: Mapping[str, object], raw_params: dict[str, str]
) -> Match[H]:
    """Return the match of ``route``; without typed variables ``params`` is ``raw_params``.

    The straight walk of the matcher has these lines of its own.
    """
    match: Match[H] = Match()
    match.route = route
    match.handler = route.handler
    match.params = params  # type: ignore[assignment]  # a dict: of objects, or of str, which are
    match.raw_params = raw_params
    return match


def _other_type(path: str, name: str, value: object, kind: type) -> str:
    found, wanted = type(value).__name__, kind.__name__
    message = f"{name!r} of the path {path!r} is {value!r}, of type {found}, not {wanted}. "
    if type(value) is not str:
        return f"{message}Ask for {found}, or give the variable another converter."
    if wanted in CONVERTERS or wanted == "UUID":
        return f"{message}Write {{{name}!{wanted.lower()}}} in the path."
    return f"{message}Give the variable a converter that makes a {wanted}: {{{name}!...}}."


@final
class NotFound:
    """No resource has this path; ``enclosure`` is the one that the path leads into, or None."""

    __slots__ = ("_asked", "enclosure")

    def __init__(self, enclosure: Enclosure[Any] | None = None) -> None:
        self.enclosure: Enclosure[Any] | None = enclosure
        # For ``redirect``, which few callers read: the matcher's ``match``, the method, the path.
        self._asked: tuple[Callable[[str, str], object], str, str] | None = None

    @property
    def redirect(self) -> str | None:
        """The path with a slash more or less at its end, if it has a route for the method.

        None if it has none. The router never redirects by itself: this is the path for a caller
        that wants to, percent-encoded and without the query. It is computed when it is read. A path
        that starts with ``//`` has none, because clients read that as another host.
        """
        if self._asked is None:
            return None
        match, method, path = self._asked
        if path.startswith("//") or not path.startswith("/"):
            return None
        other = path[:-1] if path.endswith("/") else path + "/"
        try:
            other = encode_fixed(other)
        except UnicodeEncodeError:  # lone surrogates, which no URL can contain
            return None
        return other if isinstance(match(method, other), Match) else None

    def __bool__(self) -> Literal[False]:
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NotFound) and other.enclosure is self.enclosure

    def __hash__(self) -> int:
        return hash((NotFound, self.enclosure))

    def __reduce__(self) -> tuple[object, ...]:
        return NotFound, (self.enclosure,)  # without the hint, for which the matcher would go along

    def __repr__(self) -> str:
        return "<NotFound>" if self.enclosure is None else f"<NotFound in {self.enclosure.prefix}>"


def not_found(
    enclosure: Enclosure[Any] | None, match: Callable[[str, str], object], method: str, path: str
) -> NotFound:
    """Return the result for ``path``; it is created as ``NotFound(enclosure)`` is, in less time."""
    found = _new(NotFound)
    found.enclosure = enclosure
    found._asked = (match, method, path)  # noqa: SLF001  # the constructor of this module
    return found


@final
class MethodNotAllowed:
    """Resources have this path, but no route for the method.

    ``allowed`` has the methods of their routes, ``enclosure`` is the one that they are in, or None.
    """

    __match_args__ = ("allowed",)
    __slots__ = ("allowed", "enclosure")

    def __init__(self, allowed: frozenset[str], enclosure: Enclosure[Any] | None = None) -> None:
        self.allowed: Final = allowed
        self.enclosure: Final = enclosure

    def __bool__(self) -> Literal[False]:
        return False

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, MethodNotAllowed)
            and other.allowed == self.allowed
            and other.enclosure is self.enclosure
        )

    def __hash__(self) -> int:
        return hash(self.allowed)

    def __repr__(self) -> str:
        return f"<MethodNotAllowed, allowed {', '.join(sorted(self.allowed))}>"
