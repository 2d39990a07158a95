"""Private names of aiohttp's resources and dispatcher that other packages use.

Each has its user beside it. They are views of this package's own parts, which do not use them.
"""

import abc
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from treadle_router import Resource as RouterResource
from treadle_router import decode_safe

from .interfaces import AbstractResource, AbstractRoute
from .match_info import UrlMappingMatchInfo

__all__ = ["LegacyDispatcher", "LegacyResource"]


class LegacyResource(AbstractResource):
    """A mixin for ``Resource``."""

    pattern: RouterResource[AbstractRoute]
    #: True if a subclass has a ``_match`` of its own.
    _matches_itself: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "_match" in vars(cls):
            cls._matches_itself = True

    @property
    def _routes(self) -> dict[str, AbstractRoute]:
        """The routes by method (aiohttp-cors)."""
        return {route.method: route for route in self}

    def _match(self, path: str) -> dict[str, str] | None:
        """Return the variables of a safe-decoded path, None if it is another path (ComfyUI).

        A subclass without a path overrides it; its ``canonical`` tells where in the order it is
        asked.
        """
        found = self.pattern.match_path(path)
        if found is None:
            return None
        # All other characters are decoded already.
        return {name: text.replace("%2F", "/").replace("%25", "%") for name, text in found.items()}

    def _resolve_by_match(self, request: Any) -> tuple[UrlMappingMatchInfo | None, set[str]]:
        found = self._match(decode_safe(request.raw_path.partition("?")[0]))
        if found is None:
            return None, set()
        routes = self._routes
        route = routes.get(request.method) or routes.get("*")
        return (None if route is None else UrlMappingMatchInfo(found, route)), set(routes)


class LegacyDispatcher(abc.ABC):
    """A mixin for ``Dispatcher``."""

    _registered: list[AbstractResource]
    _named: dict[str, AbstractResource]

    @abc.abstractmethod
    def reset(
        self, resources: Iterable[AbstractResource], names: Mapping[str, AbstractResource]
    ) -> None:
        """Have these resources and names instead of all others."""

    @property
    def _resources(self) -> list[AbstractResource]:
        """The resources in the order of registration; maubot sets it to ``[]``."""
        return self._registered

    @_resources.setter
    def _resources(self, resources: Iterable[AbstractResource]) -> None:
        self.reset(resources, self._named)

    @property
    def _named_resources(self) -> dict[str, AbstractResource]:
        """The resources that have a name; maubot sets it to ``{}``."""
        return self._named

    @_named_resources.setter
    def _named_resources(self, names: Mapping[str, AbstractResource]) -> None:
        self.reset(self._registered, names)
