"""Enclosures: a prefix below which only the resources of one router answer.

A mounted router mixes its resources with those around it. An enclosed router does not: a path
below the prefix that the enclosed router does not have is not found, even if another resource
matches it. The tree implements this with the order of dispatch alone (see ``_tree``), so a path
costs the same inside an enclosure, at any depth, as outside.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Generic, TypeAlias, TypeVar, final

from ._converters import CONVERTERS, Converter
from ._resource import Resource

__all__ = ["Enclosure", "Item"]

H = TypeVar("H")

# The variable for the path below the prefix. Its value is never read.
_TAIL: Final = "_below"


@final
class Enclosure(Generic[H]):
    """A prefix that only ``items`` answer for; ``Router.enclose`` makes one.

    ``items`` is not copied, so that the live items of a router may be given. ``owner`` is any
    object that the caller wants to find again in a result (``NotFound.enclosure``). ``prefix`` is
    parsed with ``converters``. ``resource`` is the prefix as a resource without routes. The items
    are tried at its place in the order of dispatch, in their own order.
    """

    __slots__ = ("items", "owner", "resource")

    def __init__(
        self,
        prefix: str,
        items: "Sequence[Item[H]]",
        *,
        owner: object = None,
        converters: Mapping[str, Converter[object]] = CONVERTERS,
    ) -> None:
        self.resource: Final[Resource[H]] = Resource(prefix, tail=_TAIL, converters=converters)
        self.items: Final = items
        self.owner: Final = owner

    @property
    def prefix(self) -> str:
        """The prefix, together with the prefixes that were put before it."""
        return self.resource.path

    def add_prefix(
        self, prefix: str, *, converters: Mapping[str, Converter[object]] | None = None
    ) -> None:
        """Put ``prefix`` before the prefix, like ``Resource.add_prefix``; not before the items."""
        self.resource.add_prefix(prefix, converters=converters)

    def __repr__(self) -> str:
        return f"<Enclosure {self.prefix} of {len(self.items)} items>"


#: A part of a router: a resource, or an enclosure of some.
Item: TypeAlias = Resource[H] | Enclosure[H]
