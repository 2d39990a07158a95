"""Applications of one handler: every request goes to it, without routes and middlewares.

Runners, workers and test clients take an ``Application``. A package that serves something else (the
applications of ASGI) makes one here: it has the start and the end of an application, the options of
its server, and nothing in the way of a request.
"""

import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final, final

from treadle_server._core.errors import web_logger
from treadle_server._http.interfaces import DirectFactory
from treadle_server._http.request import BaseRequest
from treadle_server._http.server import Server
from treadle_server._http.state import RawHandler

from .application import Application

__all__ = ["bare_application"]


class _OwnSubclass:
    """Comes before ``Application``, whose warning about subclasses is for those of users."""

    def __init_subclass__(cls) -> None:
        """Do nothing."""


@final
class _BareApplication(_OwnSubclass, Application):
    """An application whose server calls ``handler`` for each request."""

    def __init__(
        self,
        handler: RawHandler,
        logger: logging.Logger,
        handler_args: Mapping[str, Any] | None,
    ) -> None:
        super().__init__(logger=logger, handler_args=handler_args)
        self._handler: Final = handler
        # A route or a middleware would never be called: do not take any.
        self.router.freeze()
        self.middlewares.freeze()

    def _make_server(self, options: Mapping[str, object]) -> Server:
        known: dict[str, Any] = {"loop": self._loop, **self._server_options(options)}
        return Server(self._handler, request_factory=DirectFactory(BaseRequest.received), **known)


def bare_application(
    handler: RawHandler,
    *,
    cleanup_ctx: Callable[[Application], AsyncIterator[None]] | None = None,
    logger: logging.Logger = web_logger,
    handler_args: Mapping[str, Any] | None = None,
) -> Application:
    """Return an application whose every request goes to ``handler``, for ``run_app`` and others.

    ``handler`` gets a ``BaseRequest`` and returns an awaitable response. ``cleanup_ctx`` is an
    async generator function that sets up before its ``yield``, and cleans up behind it when the
    last request has ended. ``handler_args`` are options of the server that override those of
    the runner.
    """
    app = _BareApplication(handler, logger, handler_args)
    if cleanup_ctx is not None:
        app.cleanup_ctx.append(cleanup_ctx)
    return app
