"""``MountingRouter``: routers on which applications of ASGI and WSGI are mounted.

The package ``treadle-asgi`` knows these applications. It stands on this one, so it is looked up
when a program mounts something: a server without mounts does not need it.
"""

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Generic, Protocol, TypeVar, Unpack, cast

from treadle_server._core.cleanup import CleanupContext
from treadle_server._core.state import AppState
from treadle_server._routing.dispatcher import Dispatcher
from treadle_server._routing.handlers import AnyHandler, AnyMiddleware
from treadle_server._routing.mounts import MountResource
from treadle_server._routing.options import MountOptions, WSGIMountOptions

from .lifecycle import ApplicationLifecycle

__all__ = ["ASGIMounted", "MountingRouter", "WSGIMounted"]

H = TypeVar("H", bound=AnyHandler)
M = TypeVar("M", bound=AnyMiddleware)

#: An application of ASGI 3, with whichever types its framework gives to scopes and messages.
ASGIMounted = Callable[..., Awaitable[None]]
#: An application of WSGI, with whichever types its framework gives to the environ.
WSGIMounted = Callable[..., Iterable[bytes]]
#: A cleanup context of an application of any class.
_Context = Callable[[object], AsyncIterator[None]]


class _Mounts(Protocol):
    """The part of ``treadle_asgi`` that this module calls."""

    def mount(
        self,
        router: "MountingRouter[H, M]",
        prefix: str,
        app: ASGIMounted,
        /,
        **options: Unpack[MountOptions[M]],
    ) -> MountResource: ...

    def mount_wsgi(
        self,
        router: "MountingRouter[H, M]",
        prefix: str,
        app: WSGIMounted,
        /,
        **options: Unpack[WSGIMountOptions[M]],
    ) -> MountResource: ...


def _mounts() -> _Mounts:
    """Return the package; raises ``ModuleNotFoundError`` with the command that installs it."""
    try:
        module: object = importlib.import_module("treadle_asgi")
    except ModuleNotFoundError as error:
        if error.name != "treadle_asgi":
            raise
        raise ModuleNotFoundError(
            "Mounting an application needs treadle-asgi: pip install treadle[asgi]",
            name=error.name,
        ) from error
    return cast("_Mounts", module)


class MountingRouter(Dispatcher[H, M], Generic[H, M]):
    """A dispatcher with mounts."""

    # The contexts of the application that owns the router; a list until there is one.
    _contexts: "CleanupContext[object] | list[_Context] | None" = None

    def post_init(self, app: AppState) -> None:
        """Take note of the application: what is mounted starts and ends with it."""
        super().post_init(app)
        if isinstance(app, ApplicationLifecycle):
            waiting, self._contexts = self._contexts, app.cleanup_ctx
            self._contexts.extend(waiting or ())

    def mount(
        self, prefix: str, app: ASGIMounted, **options: Unpack[MountOptions[M]]
    ) -> MountResource:
        """Have the ASGI application ``app`` answer for ``prefix`` and everything below it.

        Its ``root_path`` is the prefix of the request: ``prefix`` may have variables, and
        ``scope["path_params"]`` has their values. Its lifespan runs with this application. See
        ``MountOptions`` for the options. Raises ``ModuleNotFoundError`` without ``treadle-asgi``,
        ``TypeError`` for an application of another kind, ``ValueError`` for a bad prefix or name,
        and ``RuntimeError`` once the application starts.
        """
        return _mounts().mount(self, prefix, app, **options)

    def mount_wsgi(
        self, prefix: str, app: WSGIMounted, **options: Unpack[WSGIMountOptions[M]]
    ) -> MountResource:
        """Have the WSGI application ``app`` answer for ``prefix`` and everything below it.

        It runs in threads of its own. Its ``SCRIPT_NAME`` is the prefix of the request, and the
        values of the variables of ``prefix`` are in ``environ["treadle.match_info"]``. See
        ``WSGIMountOptions`` for the options. Raises as ``mount``.
        """
        return _mounts().mount_wsgi(self, prefix, app, **options)

    def register_mount(self, resource: MountResource, running: _Context | None) -> None:
        """Add a resource; ``running`` is a cleanup context for the application that has the router.

        Raises like ``register_resource``, and ``RuntimeError`` for a context once the application
        starts.
        """
        if running is None:
            self.register_resource(resource)
            return
        if self._contexts is None:
            self._contexts = []
        self._contexts.append(running)
        try:
            self.register_resource(resource)
        except BaseException:
            self._contexts.remove(running)
            raise
