"""``serve_asgi``: serve an ASGI application until a signal ends it."""

from collections.abc import Callable
from typing import Any, Final, Unpack, cast, final

from treadle_asgi._types import AnyASGIApplication, ASGIApplication
from treadle_server import Application, run_app
from treadle_server.interfaces import RunOptions

from .check import as_application
from .hosting import HostOptions, host

__all__ = ["ServeOptions", "serve_asgi"]


class ServeOptions(RunOptions, HostOptions, total=False):
    """The options of ``serve_asgi``: those of ``run_app``, and those of ``host``."""


@final
class _Made:
    """Makes the application where it is served: in each worker, or in this process."""

    def __init__(self, factory: Callable[[], ASGIApplication], options: HostOptions) -> None:
        self._factory: Final = factory
        self._options: Final = options

    def __call__(self) -> Application:
        return host(self._factory(), **self._options)


@final
class _Given:
    """Returns the application; a class, because a worker that is not forked gets it by pickle."""

    def __init__(self, app: ASGIApplication) -> None:
        self._app: Final = app

    def __call__(self) -> ASGIApplication:
        return self._app


def serve_asgi(
    app: AnyASGIApplication | Callable[[], AnyASGIApplication],
    *,
    factory: bool = False,
    **options: Unpack[ServeOptions],
) -> None:
    """Serve ``app``, an application of ASGI 3, until a signal ends it.

    With ``factory``, ``app`` is a function that returns the application; with ``workers`` each of
    them calls it. The options are those of ``host`` and of ``run_app``, which has their defaults
    and errors. An application whose start-up fails raises ``LifespanError``. Raises ``TypeError``
    for an object that is no application of ASGI 3.
    """
    hosting: dict[str, Any] = {}
    running: dict[str, Any] = {}
    for name, value in options.items():
        (hosting if name in HostOptions.__annotations__ else running)[name] = value
    if factory:
        make = cast("Callable[[], ASGIApplication]", app)
        if not callable(make):
            raise TypeError(f"{make!r} is not callable, so it is no factory of an application")
    else:
        make = _Given(as_application(app))
        # Options that are wrong are refused here, not in a worker.
        host(make(), **cast("HostOptions", hosting))
    run_app(_Made(make, cast("HostOptions", hosting)), **running)
