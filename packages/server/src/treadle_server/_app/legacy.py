"""Names of aiohttp's ``Application`` that older code and other packages use.

Those that are deprecated in aiohttp warn here as they do there. Nothing in this package uses them.
"""

import abc
import asyncio
import sys
import warnings
from collections.abc import Iterator, Mapping
from types import EllipsisType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, Unpack

from treadle_server._routing.handlers import AnyMiddleware

from .factories import is_factory
from .lifecycle import ApplicationLifecycle

if TYPE_CHECKING:
    from treadle_server._http.options import ServerOptions
    from treadle_server._http.server import Server

__all__ = ["LegacyApplication"]

A = TypeVar("A", bound=ApplicationLifecycle)  # type: ignore[type-arg]  # any application, of any requests
R = TypeVar("R")
M = TypeVar("M", bound=AnyMiddleware)


class LegacyApplication(ApplicationLifecycle[A, R, M], Generic[A, R, M]):
    """A base of ``Application``."""

    #: The attributes that aiohttp's class has; it warns of others in Python's development mode.
    ATTRS: ClassVar[frozenset[str]] = frozenset({
        "logger", "_debug", "_router", "_loop", "_handler_args", "_middlewares",
        "_middlewares_handlers", "_has_legacy_middlewares", "_run_middlewares", "_state", "_frozen",
        "_pre_frozen", "_subapps", "_on_response_prepare", "_on_startup", "_on_shutdown",
        "_on_cleanup", "_client_max_size", "_client_max_fields", "_cleanup_ctx",
    })  # fmt: skip

    # The argument ``debug`` of the constructor.
    _debug: bool | EllipsisType | None

    # Type checkers report an attribute that the class does not have.
    if not TYPE_CHECKING and sys.flags.dev_mode:

        def __setattr__(self, name: str, value: Any) -> None:
            if name not in self.ATTRS and not name.startswith("_") and not hasattr(self, name):
                warnings.warn(
                    f"Setting custom web.Application.{name} attribute is discouraged: keep the "
                    "value in the application's mapping, under a web.AppKey",
                    DeprecationWarning,
                    stacklevel=2,
                )
            super().__setattr__(name, value)

    @property
    def loop(self) -> asyncio.AbstractEventLoop | None:
        """The event loop; deprecated, use ``asyncio.get_running_loop``. None before the start."""
        warnings.warn(
            "loop property is deprecated: use asyncio.get_running_loop()",
            DeprecationWarning,
            stacklevel=2,
        )
        return self._loop

    @property
    def debug(self) -> bool:
        """True if error pages show tracebacks; deprecated, use the debug mode of the event loop."""
        warnings.warn(
            "debug property is deprecated: use asyncio.get_running_loop().get_debug()",
            DeprecationWarning,
            stacklevel=2,
        )
        return self._debug_mode

    @property
    def _debug_mode(self) -> bool:
        """The argument ``debug``, else the debug mode of the event loop."""
        if self._debug is not ...:
            return bool(self._debug)
        try:
            return asyncio.get_running_loop().get_debug()
        except RuntimeError:
            return sys.flags.dev_mode

    def _set_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Take note of the event loop, None for the current one (aiohttp's own ``TestServer``)."""
        if loop is None:
            loop = asyncio.get_event_loop()
        if self._loop is not None and self._loop is not loop:
            raise RuntimeError(
                "web.Application instance initialized with different loop: start it on that one"
            )
        self._loop = loop
        for subapp in self._subapps:
            if isinstance(subapp, LegacyApplication):
                subapp._set_loop(loop)  # noqa: SLF001  # of the same class

    def make_handler(
        self,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
        **kwargs: Unpack["ServerOptions"],
    ) -> "Server":
        """Return the server of this application; deprecated, use ``AppRunner``."""
        warnings.warn(
            "Application.make_handler(...) is deprecated, use AppRunner API instead",
            DeprecationWarning,
            stacklevel=2,
        )
        return self._make_handler(loop=loop, **kwargs)

    def _make_handler(
        self,
        *,
        loop: asyncio.AbstractEventLoop | None = None,
        **kwargs: Unpack["ServerOptions"],
    ) -> "Server":
        """Freeze the application and return its server (gunicorn's workers for aiohttp)."""
        self._set_loop(loop)
        self.freeze()
        return self._make_server(kwargs)

    @abc.abstractmethod
    def _make_server(self, options: Mapping[str, object]) -> "Server":
        """Return a server with a runner's ``options``."""

    def _prepare_middleware(self) -> Iterator[tuple[M, bool]]:
        """Return the middlewares, the innermost first, each with True if it is of the new style."""
        return ((each, not is_factory(each)) for each in reversed(self._middlewares))

    @property
    def _middlewares_handlers(self) -> tuple[tuple[M, bool], ...] | None:
        """The result of ``_prepare_middleware`` once frozen (sentry-sdk's and debuggers' look)."""
        return tuple(self._prepare_middleware()) if self._pre_frozen else None
