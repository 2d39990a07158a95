"""An enclosure: a prefix below which other resources alone answer.

A router that is mounted mixes its resources with those around it. One that is enclosed does not:
for the prefix and everything below it, what it does not find is not found, whatever else matches
the path. The tree keeps this by the order of dispatch alone (see ``_tree``), so that a path costs
the same in an enclosure, however deep, as outside of any.
"""

from collections.abc import Sequence
from typing import Final, Generic, TypeAlias, TypeVar, final

from ._resource import Resource

__all__ = ["Enclosure", "Item"]

H = TypeVar("H")

# The variable that takes what stands below the prefix; nobody ever sees its value.
_TAIL: Final = "_below"


@final
class Enclosure(Generic[H]):
    """``items`` answer alone for ``prefix``; made by ``Router.enclose``.

    ``owner`` is what the caller wants to find again in an answer (``NotFound.enclosure``).
    ``resource`` is the prefix as a resource without routes; its place among the other resources of
    the router is where the items are asked, in their own order.
    """

    __slots__ = ("items", "owner", "resource")

    def __init__(self, prefix: str, items: "Sequence[Item[H]]", *, owner: object = None) -> None:
        self.resource: Final[Resource[H]] = Resource(prefix, tail=_TAIL)
        self.items: Final = tuple(items)
        self.owner: Final = owner

    @property
    def prefix(self) -> str:
        """The prefix, with those that were put before it."""
        return self.resource.path

    def __repr__(self) -> str:
        return f"<Enclosure {self.prefix} of {len(self.items)} items>"


Item: TypeAlias = Resource[H] | Enclosure[H]
