"""The three results of a match.

Only ``Match`` is true, so ``if match := router.match(...)`` is enough if the difference between "no
such path" and "not with this method" does not matter. A result belongs to one call and shares
nothing mutable with another.
"""

from typing import Any, Final, Generic, Literal, TypeVar, final

from ._enclosure import Enclosure
from ._resource import Route

__all__ = ["NOT_FOUND", "Match", "MethodNotAllowed", "NotFound", "plain_match"]

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

    def __init__(
        self, route: Route[H], handler: H, params: dict[str, object], raw_params: dict[str, str]
    ) -> None:
        self.route: Route[H] = route
        self.handler: H = handler
        self.params: dict[str, object] = params
        self.raw_params: dict[str, str] = raw_params

    def param(self, name: str, kind: type[V], /) -> V:
        """Return the value of variable ``name``, which must be a ``kind``.

        Raises ``KeyError`` if the path has no such variable, ``TypeError`` if its value has another
        type: the path and the code that reads it disagree.
        """
        try:
            value = self.params[name]
        except KeyError:
            raise KeyError(
                f"{self.route.path!r} has no variable {name!r}, only {list(self.params)}"
            ) from None
        if not isinstance(value, kind):
            raise TypeError(
                f"{name!r} of {self.route.path!r} is {value!r}, not {kind.__name__}. "
                f"Give the variable a converter: {{{name}!...}}"
            )
        return value

    def __repr__(self) -> str:
        return f"<Match {self.route!r} {self.params}>"


def plain_match(route: Route[H], params: dict[str, str]) -> Match[H]:
    """Return the match of a route without typed variables.

    CPython (3.13) calls a class that has ``__slots__`` slowly: this takes a third less.
    """
    match: Match[H] = _new(Match)
    match.route = route
    match.handler = route.handler
    match.raw_params = params
    match.params = params  # type: ignore[assignment]  # strings are objects
    return match


@final
class NotFound:
    """No resource has this path; ``enclosure`` is the one that the path leads into, or None."""

    __slots__ = ("enclosure",)

    def __init__(self, enclosure: Enclosure[Any] | None = None) -> None:
        self.enclosure: Final = enclosure

    def __bool__(self) -> Literal[False]:
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NotFound) and other.enclosure is self.enclosure

    def __hash__(self) -> int:
        return hash((NotFound, self.enclosure))

    def __repr__(self) -> str:
        return "<NotFound>" if self.enclosure is None else f"<NotFound in {self.enclosure.prefix}>"


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


NOT_FOUND: Final = NotFound()
