"""Applications inside applications: under a prefix, or for a host.

An application under a prefix is an enclosure of the router (see ``treadle_router``): its resources
get the prefix, go into the matcher of the application around it, and answer alone for what is below
the prefix, also that nothing is there. One for a host is a rule that is asked before all paths.
"""

import abc
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn, final

from treadle_responses import HTTPMethodNotAllowed
from treadle_router import Enclosure, HostPattern
from treadle_router import Resource as RouterResource
from treadle_server._core.state import AppState
from treadle_server._routing.dispatcher import Dispatcher
from treadle_server._routing.handlers import AnyMiddleware
from treadle_server._routing.interfaces import AbstractMatchInfo, AbstractResource, AbstractRoute
from treadle_server._routing.resources import ResourceRoute

__all__ = [
    "AbstractApplication",
    "AbstractRuleMatching",
    "Domain",
    "MaskDomain",
    "MatchedSubAppResource",
    "PrefixedSubAppResource",
]


class AbstractApplication(AppState, abc.ABC):
    """What these resources need of an application."""

    @property
    @abc.abstractmethod
    def router(self) -> Dispatcher[Any, Any]:
        """The router."""

    @property
    @abc.abstractmethod
    def middlewares(self) -> Sequence[AnyMiddleware]:
        """The middlewares, the outermost first."""


class _SubAppResource(AbstractResource):
    """The resources of an application, as one of another application."""

    def __init__(self, app: AbstractApplication) -> None:
        super().__init__()
        if not isinstance(app, AbstractApplication):
            raise TypeError(f"A sub-application must be a web.Application, not {app!r}")
        self._app: Final = app

    async def _resolve_inside(self, request: Any) -> tuple[AbstractMatchInfo, set[str]]:
        info = await self._app.router.resolve(request)
        info.add_app(self._app)
        error = info.http_exception
        allowed = error.allowed_methods if isinstance(error, HTTPMethodNotAllowed) else ()
        return info, set(allowed)

    def add_prefix(self, prefix: str) -> None:
        """Put ``prefix`` before all paths of the application."""
        self._app.router.add_prefix(prefix)

    def url_for(self, **parts: object) -> NoReturn:
        """Raise ``RuntimeError``: the resources of the application have URLs."""
        raise RuntimeError(
            f".url_for() is not supported by {self!r} (given {parts}): use the router of the "
            "sub-application, subapp.router[name].url_for()"
        )

    def raw_match(self, path: str) -> bool:  # noqa: ARG002  # the contract's
        """Return False: what is added later under this path is another resource."""
        return False

    def __len__(self) -> int:
        return len(self._app.router.routes())

    def __iter__(self) -> Iterator[AbstractRoute]:
        return iter(self._app.router.routes())

    def __bool__(self) -> bool:
        return True


class PrefixedSubAppResource(_SubAppResource):
    """An application that answers for a prefix and everything below it."""

    def __init__(self, prefix: str, app: AbstractApplication) -> None:
        """Put ``prefix`` before all paths of ``app``. Raises ``ValueError`` for a bad one."""
        super().__init__(app)
        self._prefix: Final[RouterResource[ResourceRoute]] = RouterResource(prefix, tail="_below")
        app.router.add_prefix(prefix)

    @property
    def canonical(self) -> str:
        """The prefix."""
        return self._prefix.canonical.rpartition("/")[0]

    def add_prefix(self, prefix: str) -> None:
        """Put ``prefix`` before the prefix and all paths of the application."""
        super().add_prefix(prefix)
        self._prefix.add_prefix(prefix)

    def get_info(self) -> Mapping[str, object]:
        """Return the ``app`` and its ``prefix``."""
        return {"app": self._app, "prefix": self.canonical}

    async def resolve(self, request: Any) -> tuple[AbstractMatchInfo | None, set[str]]:
        """Return what the application's router finds for a path below the prefix."""
        if self._prefix.match_path(request.raw_path.partition("?")[0]) is None:
            return None, set()
        return await self._resolve_inside(request)

    def _enclosure(self) -> Enclosure[ResourceRoute] | None:
        """Return what stands for the application in a matcher, None if it must be asked itself."""
        items = self._app.router.matcher_items()
        if items is None or type(self).resolve is not PrefixedSubAppResource.resolve:
            return None
        return Enclosure(self._prefix.path, items, owner=self._app)

    def __repr__(self) -> str:
        return f"<PrefixedSubAppResource {self.canonical} -> {self._app!r}>"


class AbstractRuleMatching(abc.ABC):
    """Which requests an application answers for."""

    @abc.abstractmethod
    async def match(self, request: Any) -> bool:
        """Tell whether ``request`` is for the application."""

    @abc.abstractmethod
    def get_info(self) -> Mapping[str, object]:
        """Return what describes the rule."""

    @property
    @abc.abstractmethod
    def canonical(self) -> str:
        """The rule as text."""


class Domain(AbstractRuleMatching):
    """Requests for one host; on any port, unless the rule has one."""

    def __init__(self, domain: str) -> None:
        """Read ``domain``; raises ``TypeError`` and ``ValueError``."""
        if not isinstance(domain, str):
            raise TypeError(f"Domain must be str, not {domain!r}")
        self._pattern: Final = HostPattern(domain)
        self._check(domain)

    def _check(self, domain: str) -> None:
        if "*" in domain:
            raise ValueError(f"Domain {domain!r} not valid: `*` makes it a MaskDomain")

    @property
    def canonical(self) -> str:
        """The rule in lower case."""
        return self._pattern.canonical

    def match_domain(self, host: str) -> bool:
        """Tell whether the value of a Host field is meant."""
        return self._pattern.match(host)

    async def match(self, request: Any) -> bool:
        """Tell whether ``request`` is for this host."""
        return self.match_domain(request.host)

    def get_info(self) -> Mapping[str, object]:
        """Return the ``domain``."""
        return {"domain": self.canonical}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.canonical}>"


@final
class MaskDomain(Domain):
    """Requests for hosts in which ``*`` stands for any characters."""

    def _check(self, domain: str) -> None:
        if "*" not in domain:
            raise ValueError(f"{domain!r} has no `*`: use Domain")


class MatchedSubAppResource(_SubAppResource):
    """An application that answers for the requests of a rule, whatever their path."""

    _is_rule = True

    def __init__(self, rule: AbstractRuleMatching, app: AbstractApplication) -> None:
        super().__init__(app)
        if not isinstance(rule, AbstractRuleMatching):
            raise TypeError(f"A rule must be an AbstractRuleMatching like Domain, not {rule!r}")
        self._rule: Final = rule

    @property
    def canonical(self) -> str:
        """The rule as text."""
        return self._rule.canonical

    def get_info(self) -> Mapping[str, object]:
        """Return the ``app`` and its ``rule``."""
        return {"app": self._app, "rule": self._rule}

    async def resolve(self, request: Any) -> tuple[AbstractMatchInfo | None, set[str]]:
        """Return what the application's router finds, if the rule takes the request."""
        if not await self._rule.match(request):
            return None, set()
        return await self._resolve_inside(request)

    def __repr__(self) -> str:
        return f"<MatchedSubAppResource -> {self._app!r}>"
