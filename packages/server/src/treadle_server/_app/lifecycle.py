"""The parts of an application that are fixed when it starts, and its start and end.

Middlewares, signals, cleanup contexts and sub-applications can be added until
``ApplicationLifecycle.pre_freeze``, which freezes a whole tree of applications at once. Signals go
through the tree in the order in which receivers and applications were added.

Generic in the types of application, request and middleware, which are defined above this module.
"""

import asyncio
import logging
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from typing import Any, Generic, Literal, TypeVar, cast

from treadle_responses import StreamResponse
from treadle_server._core.cleanup import CleanupContext
from treadle_server._core.misuse import WrongValueError
from treadle_server._core.signals import FrozenList, Signal
from treadle_server._core.teardown import run_all
from treadle_server._routing.dispatcher import Dispatcher
from treadle_server._routing.handlers import AnyMiddleware, check_middlewares

from .background import BackgroundTasks
from .factories import is_factory
from .subapps import (
    AbstractApplication,
    Domain,
    MaskDomain,
    MatchedSubAppResource,
    PrefixedSubAppResource,
)

__all__ = ["ApplicationLifecycle", "Progress"]

Progress = Literal["starting", "serving", "stopping"]

A = TypeVar("A", bound="ApplicationLifecycle")  # type: ignore[type-arg]  # any application, of any requests
R = TypeVar("R")
M = TypeVar("M", bound=AnyMiddleware)
T = TypeVar("T")


class ApplicationLifecycle(AbstractApplication, Generic[A, R, M]):
    """An application without the handling of requests."""

    def __init__(
        self, middlewares: Iterable[M], logger: logging.Logger, max_background_tasks: int
    ) -> None:
        super().__init__()
        #: The application's logger.
        self.logger = logger
        self._background = BackgroundTasks(max_background_tasks, logger)
        self._middlewares: FrozenList[M] = FrozenList(
            cast("tuple[M, ...]", check_middlewares(middlewares, "the application")),
            what="middlewares",
            check=_check_middleware,
        )
        self._parent: A | None = None
        self._subapps: list[A] = []
        self._pre_frozen = False
        # How far its life has come; ``Health`` reads it.
        self._progress: Progress = "starting"
        # The event loop that the application was started on, or was told of by older code.
        self._loop: asyncio.AbstractEventLoop | None = None
        # True if handlers are called directly: no middlewares and no sub-applications.
        self._calls_directly = False
        self._run_middlewares = True
        self._has_prepare_hook = True
        self._on_response_prepare: Signal[[R, StreamResponse]] = Signal(what="on_response_prepare")
        self._on_startup: Signal[[A]] = Signal(what="on_startup")
        self._on_shutdown: Signal[[A]] = Signal(what="on_shutdown")
        self._on_cleanup: Signal[[A]] = Signal(what="on_cleanup")
        self._cleanup_ctx: CleanupContext[A] = CleanupContext()
        self._on_startup.append(self._cleanup_ctx.enter)
        self._on_cleanup.append(self._cleanup_ctx.leave)

    @property
    def middlewares(self) -> FrozenList[M]:
        """The middlewares, the outermost first."""
        return self._middlewares

    @property
    def on_response_prepare(self) -> Signal[[R, StreamResponse]]:
        """Awaited with request and response before a response's head is sent."""
        return self._on_response_prepare

    @property
    def on_startup(self) -> Signal[[A]]:
        """Awaited with the application before it serves."""
        return self._on_startup

    @property
    def on_shutdown(self) -> Signal[[A]]:
        """Awaited with the application when it stops, before its handlers are waited for."""
        return self._on_shutdown

    @property
    def on_cleanup(self) -> Signal[[A]]:
        """Awaited with the application when the last handler has ended."""
        return self._on_cleanup

    @property
    def cleanup_ctx(self) -> CleanupContext[A]:
        """Async generator functions that set up before their ``yield`` and clean up behind it."""
        return self._cleanup_ctx

    @property
    def _self(self) -> A:
        """This application, as the type that receivers are called with."""
        return cast("A", self)

    # Background tasks.

    @property
    def background(self) -> BackgroundTasks:
        """The background tasks of the outermost application, which are those of all inside it."""
        app: ApplicationLifecycle[A, R, M] = self
        while app._parent is not None:
            app = app._parent
        return app._background

    def spawn(
        self,
        coroutine: Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        at_stop: Literal["wait", "cancel"] = "wait",
    ) -> asyncio.Task[T]:
        """Run ``coroutine`` as a background task: it goes on behind the response to a request.

        The task has the context variables of the caller, and starts in the next turn of the event
        loop. Its errors are logged with its ``name``, by default that of the coroutine. When the
        application stops, the task may end, behind the last request and before the application
        cleans up; what has not ended when the runner's ``shutdown_timeout`` is over is cancelled.
        ``at_stop="cancel"`` cancels it at once there, for tasks that never end.

        Raises ``TooManyTasksError`` if ``max_background_tasks`` run already, ``RuntimeError``
        before the start, after the stop and outside of the event loop, and ``TypeError`` for
        anything but a coroutine. A coroutine that is refused is closed.
        """
        return self.background.spawn(coroutine, name=name, at_stop=at_stop)

    # Applications inside.

    def add_subapp(self, prefix: str, subapp: A) -> PrefixedSubAppResource:
        """Let ``subapp`` answer for ``prefix`` and everything below it.

        Its middlewares run inside the middlewares of this application. Its signals take their place
        among the receivers of this application in the order of this call. Its routes get the
        prefix, which is parsed with the converters of this application, and no more routes can be
        added. Raises ``TypeError`` and ``ValueError`` for a bad prefix or application, and
        ``RuntimeError`` if either is frozen or ``subapp`` is inside another application.
        """
        if not isinstance(prefix, str):
            raise TypeError(f"Prefix must be str, not {prefix!r}")
        stripped = prefix.rstrip("/")
        if not stripped:
            raise ValueError(
                f"Prefix cannot be empty, as {prefix!r} is: give one like '/api', or add the "
                "routes to this application"
            )
        if not stripped.startswith("/"):
            raise WrongValueError(f"A prefix starts with `/`: '/{stripped}', not {prefix!r}")
        self._check_subapp(subapp)
        resource = PrefixedSubAppResource(stripped, subapp, converters=self.router.converters)
        self._adopt(resource, subapp)
        return resource

    def add_domain(self, domain: str, subapp: A) -> MatchedSubAppResource:
        """Let only ``subapp`` answer for a host; ``*`` in ``domain`` matches any characters.

        A port in ``domain`` must equal the port of the request; without one any port matches.
        Raises like ``add_subapp``.
        """
        if not isinstance(domain, str):
            raise TypeError(f"Domain must be str, not {domain!r}")
        rule = MaskDomain(domain) if "*" in domain else Domain(domain)
        # No prefix is put before its paths, so that it may answer for several hosts.
        self._check_subapp(subapp, may_be_inside=True)
        resource = MatchedSubAppResource(rule, subapp)
        self._adopt(resource, subapp)
        return resource

    def _check_subapp(self, subapp: A, *, may_be_inside: bool = False) -> None:
        if not isinstance(subapp, ApplicationLifecycle):
            raise TypeError(f"A sub-application must be a web.Application, not {subapp!r}")
        if self._pre_frozen:
            raise RuntimeError(
                f"Cannot add sub application to frozen application: add {subapp!r} before "
                f"{self!r} starts or becomes part of another"
            )
        app: ApplicationLifecycle[A, R, M] | None = self
        while app is not None:
            if app is subapp:
                raise RuntimeError(f"Cannot add {subapp!r} to itself, or into what it contains")
            app = app._parent
        if subapp._parent is not None and not (may_be_inside and subapp._parent is self):
            raise RuntimeError(
                f"{subapp!r} is part of {subapp._parent!r} already: make a second application, for "
                "example with the function that made this one"
            )
        if subapp.frozen:
            raise RuntimeError(f"Cannot add frozen application {subapp!r}: it has been started")

    def _adopt(self, resource: PrefixedSubAppResource | MatchedSubAppResource, subapp: A) -> None:
        self.router.register_resource(resource)
        if subapp._parent is not None:
            return
        self._subapps.append(subapp)
        subapp._parent = self
        subapp.router.on_change.append(self.router.changed)

        self._on_startup.append(_forward(subapp._start))
        self._on_shutdown.append(_forward(subapp.shutdown))
        self._on_cleanup.append(_forward(subapp.cleanup))
        subapp.pre_freeze()

    # Start and end.

    @property
    def pre_frozen(self) -> bool:
        """True if routes, middlewares and signals can no longer be changed."""
        return self._pre_frozen

    def pre_freeze(self) -> None:
        """Refuse further routes, middlewares and signal receivers, here and in sub-applications."""
        if self._pre_frozen:
            return
        check_middlewares(self._middlewares, "the application")
        for middleware in self._middlewares:
            if is_factory(middleware):
                warnings.warn(
                    # The words of aiohttp's warning, by which programs silence it.
                    f'old-style middleware "{middleware!r}" deprecated, see #2252',
                    DeprecationWarning,
                    stacklevel=2,
                )
        self._pre_frozen = True
        self.router.freeze()
        self._middlewares.freeze()
        for signal in (self._on_startup, self._on_shutdown, self._on_cleanup):
            signal.freeze()
        self._on_response_prepare.freeze()
        self._cleanup_ctx.freeze()
        for subapp in self._subapps:
            subapp.pre_freeze()
        subapps = self._subapps
        self._run_middlewares = bool(self._middlewares) or any(
            subapp._run_middlewares for subapp in subapps
        )
        self._has_prepare_hook = bool(self._on_response_prepare) or any(
            subapp._has_prepare_hook for subapp in subapps
        )
        # With ``router.freeze`` replaced (Home Assistant), routes of any kind may come later.
        self._calls_directly = (
            isinstance(self.router, Dispatcher)
            and self.router.frozen
            and not (
                subapps
                or self._run_middlewares
                or any(route.middlewares for route in self.router.routes())
            )
        )

    @property
    def frozen(self) -> bool:
        """True if the application, with those inside, is ready to serve."""
        return self._frozen

    def freeze(self) -> None:
        """Refuse further changes to routes, middlewares and signals, and compile the router."""
        if self._frozen:
            return
        self.pre_freeze()
        self._frozen = True
        for subapp in self._subapps:
            subapp.freeze()
        if self._parent is None and isinstance(self.router, Dispatcher):
            self.router.compile()

    async def startup(self) -> None:
        """Enter the cleanup contexts, then send ``on_startup``."""
        self._progress = "starting"
        await self._start()
        self.freeze()
        self._progress = "serving"

    def _begin_stop(self) -> None:
        """Note that a stop has begun; runners call it before anything else."""
        self._progress = "stopping"

    async def _start(self) -> None:
        # Start-up itself may still add routes and middlewares.
        self._loop = asyncio.get_running_loop()
        if self._parent is None:
            self._background.open()
        self._on_startup.freeze()
        self._cleanup_ctx.freeze()
        await self._on_startup.send(self._self)

    async def shutdown(self) -> None:
        """Send ``on_shutdown``."""
        self._on_shutdown.freeze()
        await self._on_shutdown.send_all(self._self)

    async def cleanup(self) -> None:
        """Leave the cleanup contexts that were entered, then call the receivers of ``on_cleanup``.

        All of them run, whatever the others raise. After a start-up that has failed, the contexts
        are left only: the receivers expect what it would have made. Before that, the background
        tasks end, if the runner has not waited for them.
        """
        await run_all((self._finish_tasks, self._clean_up))

    async def _finish_tasks(self) -> None:
        if self._frozen:
            await self._background.finish()
        else:
            await self._background.finish(0)

    async def _clean_up(self) -> None:
        if self._on_cleanup.frozen and self._frozen:
            await self._on_cleanup.send_all(self._self)
        else:
            await run_all(self._contexts_to_leave())

    def _contexts_to_leave(self) -> Iterator[Callable[[], Awaitable[None]]]:
        yield self._cleanup_ctx.leave
        for subapp in self._subapps:
            yield from subapp._contexts_to_leave()


def _check_middleware(middleware: object) -> None:
    check_middlewares(cast("list[AnyMiddleware]", [middleware]), "the application")


def _forward(call: Callable[[], Awaitable[None]]) -> Callable[[A], Awaitable[None]]:
    """Return a receiver of a signal that calls a sub-application's part instead."""

    async def receive(app: A) -> None:  # noqa: ARG001  # a receiver's signature
        await call()

    return receive
