"""``asgi``: a treadle application as an ASGI application."""

import logging
from asyncio import get_running_loop
from collections.abc import Iterable
from typing import Any, Final, Self, TypedDict, Unpack, final

from treadle_asgi._types import Receive, Scope, Send
from treadle_server import AccessLogger, Application
from treadle_server.interfaces import AccessLogClass, ProxyAddress, TrustedProxies

from .channel import ScopeChannel
from .conversation import begin_http, converse_websocket
from .life import Life

__all__ = ["ASGIOptions", "ApplicationCallable", "asgi"]


class ASGIOptions(TypedDict, total=False):
    """The options of ``asgi``: those of treadle's server that a server in front leaves to it."""

    #: The logger of the access log; None, the default, because the server in front has one.
    access_log: logging.Logger | None
    access_log_class: AccessLogClass
    access_log_format: str
    #: True to cancel a handler when its client leaves.
    handler_cancellation: bool
    #: The seconds that handlers and background tasks get when the application stops (60).
    shutdown_timeout: float
    max_concurrent_requests: int
    slow_request_time: float
    #: The bytes of a body that may wait for the handler.
    read_bufsize: int
    auto_decompress: bool
    max_expansion: int
    trusted_proxies: TrustedProxies | Iterable[ProxyAddress] | int | None
    debug: bool
    logger: logging.Logger


_OPTIONS: Final = frozenset(ASGIOptions.__annotations__)


@final
class ApplicationCallable:
    """An ASGI 3 application that is a treadle application; ``asgi`` makes it.

    With a server that speaks the lifespan protocol there is nothing else to do. Without one the
    first request starts the application; ``async with`` starts and stops it.
    """

    __slots__ = ("_life", "app")

    def __init__(self, app: Application, options: ASGIOptions) -> None:
        #: The treadle application.
        self.app: Final = app
        self._life: Final = Life(app, options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one scope: ``http``, ``websocket`` or ``lifespan``."""
        kind = scope["type"]
        if kind == "lifespan":
            await self._life.serve(receive, send)
            return
        if kind not in ("http", "websocket"):
            raise ValueError(f"A treadle application serves no scope of the type {kind!r}")
        state = self._life.state
        if state is None or state.loop is not get_running_loop():
            state = await self._life.ready()
        if kind == "http":
            begun = begin_http(state, scope, receive, send)
            if not isinstance(begun, ScopeChannel):
                await begun
                return
            for message in begun.whole or ():
                try:
                    await send(message)
                except Exception as error:  # noqa: BLE001  # whatever it is, the client gets no more
                    begun.refused(message, error)
                    return
        else:
            await converse_websocket(state, scope, receive, send)

    async def __aenter__(self) -> Self:
        """Start the application, if it has not started."""
        await self._life.enter()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop the application in order: handlers, background tasks, clean-up."""
        await self._life.stop()

    def __repr__(self) -> str:
        return f"<ASGI application of {self.app!r}>"


def asgi(app: Application, **options: Unpack[ASGIOptions]) -> ApplicationCallable:
    """Return ``app`` as an ASGI 3 application, for any server of ASGI that runs on asyncio.

    ``options`` are those of ``run_app`` that concern an application behind another server; the
    deadlines, limits and the access log of connections are that server's. Raises ``TypeError`` for
    anything but an ``Application``, and for an unknown option.
    """
    if not isinstance(app, Application):
        hint = "call it" if callable(app) else "make one with web.Application()"
        raise TypeError(f"asgi() takes an Application, not {app!r}: {hint}")
    if unknown := options.keys() - _OPTIONS:
        names = ", ".join(sorted(_OPTIONS))
        raise TypeError(f"asgi() has no option {min(unknown)!r}: it has {names}")
    given: Any = {"access_log": None, "access_log_class": AccessLogger, **options}
    return ApplicationCallable(app, given)
