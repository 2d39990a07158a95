"""Workers of gunicorn: ``gunicorn module:app -k treadle.GunicornWebWorker``.

The target is an application, or an async function that returns an application or an ``AppRunner``.
gunicorn's settings apply as with aiohttp's workers: ``keepalive``, ``graceful_timeout``,
``max_requests``, ``access_logformat`` (in the terms of ``run_app``) and those of TLS. A
worker that is replaced answers one last request of each connection.

Importing this module needs gunicorn. Without it, ``web.run_app(workers=...)`` has workers too.
"""

import asyncio
import contextlib
import inspect
import logging
import os
import re
import signal
import sys
from typing import Any, Final

from gunicorn import sock as gunicorn_sock
from gunicorn.config import AccessLogFormat
from gunicorn.workers.base import Worker

from . import web
from .web_log import AccessLogger

__all__ = ["GunicornUVLoopWebWorker", "GunicornWebWorker"]

#: A directive of gunicorn's access log, such as ``%(h)s``.
_GUNICORN_DIRECTIVE: Final = re.compile(r"%\([^)]+\)[a-zA-Z]?")
#: Seconds between two signs of life.
_BEAT: Final = 1.0
#: Seconds in which a connection of a worker that ends may have one more request.
_LAST_REQUESTS: Final = 1.0
#: The rest is for ``on_shutdown`` and the clean-up: gunicorn kills a worker after the whole time.
_SHARE_OF_GRACE: Final = 0.95


class GunicornWebWorker(Worker):  # type: ignore[misc]  # gunicorn has no types
    """Serves a treadle application on asyncio's event loop."""

    #: The format of the access log for gunicorn's own default.
    DEFAULT_AIOHTTP_LOG_FORMAT: Final = AccessLogger.LOG_FORMAT
    DEFAULT_GUNICORN_LOG_FORMAT: Final[str] = AccessLogFormat.default

    #: The status that the process of the worker ends with.
    exit_code: int
    #: False once the worker is to end.
    alive: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exit_code = 0
        self.loop: asyncio.AbstractEventLoop | None = None
        # Set when the worker is to end.
        self._ending: asyncio.Event | None = None

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.new_event_loop()

    def init_process(self) -> None:
        """Make the event loop in the process of the worker, and run it."""
        self.loop = self._new_loop()
        asyncio.set_event_loop(self.loop)
        super().init_process()

    def run(self) -> None:
        """Serve until gunicorn ends the worker; then exit."""
        loop = self.loop
        assert loop is not None
        try:
            loop.run_until_complete(self._serve())
        except Exception:
            self.log.exception("Exception in gunicorn worker")
            self.exit_code = self.exit_code or 1
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
        sys.exit(self.exit_code)

    async def _serve(self) -> None:
        ending = self._ending = asyncio.Event()
        runner = await self._make_runner()
        try:
            await runner.setup()
            context = gunicorn_sock.ssl_context(self.cfg) if self.cfg.is_ssl else None
            for each in self.sockets:
                await web.SharedSite(runner, each.sock, ssl_context=context).start()
            server = runner.server
            assert server is not None
            while self.alive and not self._is_due(server.requests_count):
                self.notify()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ending.wait(), _BEAT)
        finally:
            self.alive = False
            # Until the end, or gunicorn takes the worker for one that hangs.
            beats = asyncio.create_task(self._beat())
            try:
                await runner.retire(_LAST_REQUESTS)
            finally:
                await runner.cleanup()
                beats.cancel()

    def _is_due(self, requests: int) -> bool:
        """Return True, and say so, if the worker is to end without a signal."""
        self.nr = requests
        if requests > self.max_requests:
            self.log.info("Max requests, shutting down: %s", self)
        elif self.ppid != os.getppid():
            self.log.info("Parent changed, shutting down: %s", self)
        else:
            return False
        return True

    async def _beat(self) -> None:
        while True:
            self.notify()
            await asyncio.sleep(_BEAT)

    async def _make_runner(self) -> web.AppRunner:
        target = self.wsgi
        made: object = target
        if not isinstance(target, web.Application) and inspect.iscoroutinefunction(target):
            made = await target()
        if isinstance(made, web.AppRunner):
            return made
        if not isinstance(made, web.Application):
            raise RuntimeError(  # noqa: TRY004  # aiohttp's class
                "wsgi app should be either Application or async function returning Application, "
                f"got {made!r}"
            )
        access_log: logging.Logger | None = self.log.access_log if self.cfg.accesslog else None
        return web.AppRunner(
            made,
            logger=self.log.error_log,
            keepalive_timeout=float(self.cfg.keepalive),
            access_log=access_log,
            access_log_format=self._get_valid_log_format(self.cfg.access_log_format),
            shutdown_timeout=self.cfg.graceful_timeout * _SHARE_OF_GRACE,
        )

    def _get_valid_log_format(self, source_format: str) -> str:
        """Return the format for ``AccessLogger``.

        gunicorn's default becomes ours. Raises ``ValueError`` for another one in gunicorn's terms.
        """
        if source_format == self.DEFAULT_GUNICORN_LOG_FORMAT:
            return self.DEFAULT_AIOHTTP_LOG_FORMAT
        if found := _GUNICORN_DIRECTIVE.search(source_format):
            raise ValueError(
                f"the access log format has gunicorn's style of directive, {found[0]!r}: here it "
                "is that of run_app(), for example '%a %t \"%r\" %s %b'"
            )
        return source_format

    def init_signals(self) -> None:
        """Let the event loop take the signals: a handler may interrupt nothing else there."""
        loop = self.loop
        assert loop is not None
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        for number, handler in (
            (signal.SIGQUIT, self.handle_quit),
            (signal.SIGTERM, self.handle_exit),
            (signal.SIGINT, self.handle_quit),
            (signal.SIGWINCH, self.handle_winch),
            (signal.SIGUSR1, self.handle_usr1),
        ):
            loop.add_signal_handler(number, handler, number, None)
        # Sent to a worker that hangs: its loop would not call it.
        signal.signal(signal.SIGABRT, self.handle_abort)

    def handle_exit(self, sig: int, frame: object) -> None:
        """End in order."""
        super().handle_exit(sig, frame)
        if self._ending is not None:
            self._ending.set()

    def handle_quit(self, sig: int, frame: object) -> None:
        """End in order, and call gunicorn's hook ``worker_int``."""
        self.cfg.worker_int(self)
        self.handle_exit(sig, frame)

    def handle_abort(self, sig: int, frame: object) -> None:
        """End at once, and call gunicorn's hook ``worker_abort``."""
        self.exit_code = 1
        super().handle_abort(sig, frame)


class GunicornUVLoopWebWorker(GunicornWebWorker):
    """Serves a treadle application on uvloop, which must be installed."""

    def _new_loop(self) -> asyncio.AbstractEventLoop:
        import uvloop

        loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
        return loop
