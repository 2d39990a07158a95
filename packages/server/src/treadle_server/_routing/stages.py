"""The order of dispatch where a resource must be asked: matchers, and such resources between them.

A resource with a ``resolve`` of its own cuts the order in two: the resources before it are one
matcher, those behind it another.
"""

from collections.abc import Iterable, Iterator
from typing import Final, final

from treadle_router import Enclosure, Item, Matcher, decode_safe

from .interfaces import AbstractResource, AbstractRoute, MatchableResource

__all__ = ["ResolveStage", "cut_at_resolves"]


@final
class ResolveStage:
    """A resource that is asked with its ``resolve``, for paths at or below its fixed part."""

    __slots__ = ("_prefix", "depth", "resource")

    def __init__(self, resource: AbstractResource) -> None:
        self.resource: Final = resource
        fixed = resource.canonical
        if "{" in fixed:
            fixed = fixed.partition("{")[0].rpartition("/")[0]
        self._prefix: Final = decode_safe(fixed).rstrip("/")
        self.depth: Final = self._prefix.count("/")

    def takes(self, path: str) -> bool:
        """Return True if the safe-decoded ``path`` is the fixed part or below it."""
        return path.startswith(self._prefix + "/") or path == self._prefix


def cut_at_resolves(
    resources: Iterable[AbstractResource],
) -> Iterator[Matcher[AbstractRoute] | ResolveStage]:
    """Yield the stages of ``resources``, which are in the order of registration; no rules."""
    ordered: list[tuple[int, int, Item[AbstractRoute] | ResolveStage]] = []
    for index, resource in enumerate(resources):
        if resource.is_rule:
            continue
        item = None
        if isinstance(resource, MatchableResource) and not resource.needs_resolve:
            item = resource.matcher_item()
        if item is None:
            stage = ResolveStage(resource)
            ordered.append((-stage.depth, index, stage))
        else:
            inner = item.resource if isinstance(item, Enclosure) else item
            ordered.append((-inner.path_pattern.depth, index, item))
    ordered.sort(key=lambda entry: entry[:2])
    run: list[tuple[int, Item[AbstractRoute]]] = []
    for _, index, entry in ordered:
        if not isinstance(entry, ResolveStage):
            run.append((index, entry))
            continue
        if run:
            yield _matcher_of(run)
            run = []
        yield entry
    if run:
        yield _matcher_of(run)


def _matcher_of(run: list[tuple[int, Item[AbstractRoute]]]) -> Matcher[AbstractRoute]:
    """Return the matcher of numbered items; it expects them in the order of registration."""
    return Matcher([item for _, item in sorted(run, key=lambda pair: pair[0])])
