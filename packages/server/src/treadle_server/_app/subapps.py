"""Applications inside applications: under a prefix, or for a host.

An application under a prefix is an enclosure of the router (see ``treadle_router``). Its resources
get the prefix and go into the matcher of the application around it. Only they answer for paths
below the prefix, even if none of them matches. An application for a host is a rule, which is asked
before all paths.

Each application has converters of its own for the variables of its paths. The prefix belongs to the
application around: ``{tenant!hex}`` in a prefix is a converter of that one.
"""

import abc
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final, NoReturn, final

from treadle_responses import HTTPMethodNotAllowed
from treadle_router import CONVERTERS, Converter, Enclosure, HostPattern
from treadle_server._core.state import AppState
from treadle_server._routing.dispatcher import Dispatcher
from treadle_server._routing.handlers import AnyMiddleware
from treadle_server._routing.interfaces import (
    AbstractMatchInfo,
    AbstractRoute,
    MatchableResource,
    RouteInfo,
)
from treadle_server._routing.options import PathValue

from .background import BackgroundTasks

__all__ = [
    "AbstractApplication",
    "AbstractRuleMatching",
    "Domain",
    "MaskDomain",
    "MatchedSubAppResource",
    "PrefixedSubAppResource",
]


class AbstractApplication(AppState, abc.ABC):
    """An application as these resources need it, and as a request does."""

    @property
    @abc.abstractmethod
    def background(self) -> BackgroundTasks:
        """The background tasks of the outermost application, which are those of all inside it."""

    @property
    @abc.abstractmethod
    def router(self) -> Dispatcher[Any, Any]:
        """The router."""

    @property
    @abc.abstractmethod
    def middlewares(self) -> Sequence[AnyMiddleware]:
        """The middlewares, the outermost first."""


class _SubAppResource(MatchableResource):
    """All resources of an application, as one resource of another application."""

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

    def add_prefix(
        self, prefix: str, *, converters: Mapping[str, Converter[object]] | None = None
    ) -> None:
        """Put ``prefix`` before all paths of the application."""
        self._app.router.add_prefix(prefix, converters=converters)

    def url_for(self, **parts: PathValue) -> NoReturn:
        """Raise ``RuntimeError``: only the resources inside have URLs."""
        raise RuntimeError(
            f".url_for() is not supported by sub-application root {self!r} (given {parts}): use "
            "the router of the sub-application, subapp.router[name].url_for()"
        )

    def raw_match(self, path: str) -> bool:  # noqa: ARG002  # the contract's
        """Return False: a path that is added later is another resource, even if it is equal."""
        return False

    def __len__(self) -> int:
        return len(self._app.router.routes())

    def __iter__(self) -> Iterator[AbstractRoute]:
        return iter(self._app.router.routes())

    def __bool__(self) -> bool:
        return True


class PrefixedSubAppResource(_SubAppResource):
    """An application that answers for a prefix and everything below it."""

    def __init__(
        self,
        prefix: str,
        app: AbstractApplication,
        *,
        converters: Mapping[str, Converter[object]] = CONVERTERS,
    ) -> None:
        """Put ``prefix``, parsed with ``converters``, before all paths of ``app``.

        Raises ``ValueError`` for a bad prefix.
        """
        super().__init__(app)
        self._enclosure: Final[Enclosure[AbstractRoute]] = Enclosure(
            prefix, app.router.matcher_items, owner=app, converters=converters
        )
        app.router.add_prefix(prefix, converters=converters)

    @property
    def canonical(self) -> str:
        """The prefix."""
        return self._enclosure.resource.canonical.rpartition("/")[0]

    def add_prefix(
        self, prefix: str, *, converters: Mapping[str, Converter[object]] | None = None
    ) -> None:
        """Put ``prefix`` before the prefix and all paths of the application."""
        super().add_prefix(prefix, converters=converters)
        self._enclosure.add_prefix(prefix, converters=converters)

    def get_info(self) -> RouteInfo:
        """Return the ``app`` and its ``prefix``."""
        return {"app": self._app, "prefix": self.canonical}

    async def resolve(self, request: Any) -> tuple[AbstractMatchInfo | None, set[str]]:
        """Return the match info of the application's router for a path below the prefix."""
        if self._enclosure.resource.match_path(request.raw_path.partition("?")[0]) is None:
            return None, set()
        return await self._resolve_inside(request)

    def matcher_item(self) -> Enclosure[AbstractRoute]:
        """Return the enclosure of the application's items."""
        return self._enclosure

    @property
    def needs_resolve(self) -> bool:
        """True if a subclass has a ``resolve`` of its own, or the application's router needs it."""
        own = type(self).resolve is not PrefixedSubAppResource.resolve
        return own or self._app.router.needs_resolve

    def __repr__(self) -> str:
        return f"<PrefixedSubAppResource {self.canonical} -> {self._app!r}>"


class AbstractRuleMatching(abc.ABC):
    """A rule that selects the requests that an application answers."""

    @abc.abstractmethod
    async def match(self, request: Any) -> bool:
        """Return True if ``request`` is for the application."""

    @abc.abstractmethod
    def get_info(self) -> RouteInfo:
        """Return a description of the rule."""

    @property
    @abc.abstractmethod
    def canonical(self) -> str:
        """The rule as text."""


class Domain(AbstractRuleMatching):
    """Requests for one host; on any port, unless the rule has one."""

    def __init__(self, domain: str) -> None:
        """Parse ``domain``; raises ``TypeError`` and ``ValueError``."""
        if not isinstance(domain, str):
            raise TypeError(f"Domain must be str, not {domain!r}")
        if not domain.rstrip("."):
            raise ValueError(f"Domain cannot be empty, as {domain!r} is: give one like example.com")
        if "://" in domain:
            raise ValueError(f"Scheme not supported: give the host of {domain!r} only")
        try:
            self._pattern: Final = HostPattern(domain)
        except ValueError as error:
            raise ValueError(f"Domain not valid: {error}") from error
        if self._pattern.variables:
            raise ValueError(f"Domain not valid: {domain!r} has variables, use MaskDomain and `*`")
        self._check(domain)

    def _check(self, domain: str) -> None:
        if "*" in domain:
            raise ValueError(f"Domain not valid: {domain!r} has a `*`, use MaskDomain")

    @property
    def canonical(self) -> str:
        """The rule in lower case."""
        return self._pattern.canonical

    def match_domain(self, host: str) -> bool:
        """Return True if the rule matches the value of a Host field."""
        return self._pattern.match(host)

    async def match(self, request: Any) -> bool:
        """Return True if ``request`` is for this host."""
        return self.match_domain(request.host)

    def get_info(self) -> RouteInfo:
        """Return the ``domain``."""
        return {"domain": self._pattern.canonical}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._pattern.canonical}>"


@final
class MaskDomain(Domain):
    """Requests for hosts that match a mask, in which ``*`` matches any characters."""

    def _check(self, domain: str) -> None:
        """Accept every pattern: a mask without ``*`` matches one host."""

    @property
    def canonical(self) -> str:
        """The rule as a regular expression for the value of a Host field, as in aiohttp."""
        return self._pattern.canonical.replace(".", r"\.").replace("*", "[^:]*") + "(:.*)?"


class MatchedSubAppResource(_SubAppResource):
    """An application that answers for the requests that a rule matches, whatever their path."""

    is_rule: ClassVar[bool] = True

    def __init__(self, rule: AbstractRuleMatching, app: AbstractApplication) -> None:
        super().__init__(app)
        if not isinstance(rule, AbstractRuleMatching):
            raise TypeError(f"A rule must be an AbstractRuleMatching like Domain, not {rule!r}")
        self._rule: Final = rule

    @property
    def canonical(self) -> str:
        """The rule as text."""
        return self._rule.canonical

    def get_info(self) -> RouteInfo:
        """Return the ``app`` and its ``rule``."""
        return {"app": self._app, "rule": self._rule}

    def matcher_item(self) -> None:
        """Return None: a matcher knows no rules."""

    @property
    def needs_resolve(self) -> bool:
        """True: a rule looks at the request."""
        return True

    async def resolve(self, request: Any) -> tuple[AbstractMatchInfo | None, set[str]]:
        """Return the match info of the application's router, if the rule matches the request."""
        if not await self._rule.match(request):
            return None, set()
        return await self._resolve_inside(request)

    def __repr__(self) -> str:
        return f"<MatchedSubAppResource -> {self._app!r}>"


# Programs that look for sub-applications ask for the class with a prefix, which is aiohttp's base.
PrefixedSubAppResource.register(MatchedSubAppResource)
