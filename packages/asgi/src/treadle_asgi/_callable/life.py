"""The start and the end of an application behind a server of ASGI.

The server says when with the lifespan protocol. One that does not speak it (the test transport of
httpx, Mangum without lifespan) has the application started by the first request, and the program
stops it with ``async with``. An application is started once, on one event loop.
"""

import asyncio
import contextlib
import enum
import traceback
from collections.abc import Mapping
from typing import Any, Final, final

from treadle_asgi._types import Receive, Send
from treadle_server import Application, AppRunner
from treadle_server.interfaces import ServerState

__all__ = ["Life"]


@final
class _Stage(enum.Enum):
    NEW = enum.auto()
    STARTING = enum.auto()
    SERVING = enum.auto()
    FAILED = enum.auto()
    STOPPED = enum.auto()


@final
class Life:
    """Starts and stops one application."""

    def __init__(self, app: Application, options: Mapping[str, Any]) -> None:
        self._app: Final = app
        self._options: Final = options
        #: The state of the application's server while it serves, else None.
        self.state: ServerState | None = None
        self._stage = _Stage.NEW
        self._runner: AppRunner | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        # The start, while it runs; the error that it has raised.
        self._starting: asyncio.Task[None] | None = None
        self._error: BaseException | None = None

    def _check_loop(self) -> None:
        try:
            running = asyncio.get_running_loop()
        except RuntimeError as error:
            raise RuntimeError(
                "A treadle application runs on asyncio: start the server with an event loop of "
                "asyncio, not with trio"
            ) from error
        if self._loop is not None and running is not self._loop:
            raise RuntimeError(
                f"{self._app!r} was started on another event loop, and an application runs on one "
                "only: make one for each loop. With starlette's TestClient, write "
                "`with TestClient(...) as client`, so that all requests have one loop"
            )

    async def ready(self) -> ServerState:
        """Return the state of the server; the first call starts the application if none has.

        Raises ``RuntimeError`` on another event loop, after a failed start and after the end.
        """
        self._check_loop()
        if self.state is None:
            if self._stage is _Stage.NEW and self._starting is None:
                self._starting = asyncio.get_running_loop().create_task(self.start())
                # Those that wait for it may all be cancelled: asyncio is not to log its error.
                self._starting.add_done_callback(_retrieve)
            if self._starting is not None and self._stage in (_Stage.NEW, _Stage.STARTING):
                await asyncio.shield(self._starting)
        if self.state is None:
            raise self._refusal()
        return self.state

    def _refusal(self) -> RuntimeError:
        app = self._app
        if self._stage is _Stage.STARTING:
            return RuntimeError(f"{app!r} is still starting: send requests when that is complete")
        if self._stage is _Stage.FAILED:
            return RuntimeError(f"{app!r} has not started, because of {self._error!r}")
        return RuntimeError(
            f"{app!r} was stopped, and an application is started once: make a new one"
        )

    async def start(self) -> None:
        """Start the application.

        Raises the error of its start, and ``RuntimeError`` the second time. What a failed
        start has begun is cleaned up.
        """
        self._check_loop()
        if self._stage is not _Stage.NEW:
            raise self._refusal()
        self._stage = _Stage.STARTING
        self._loop = asyncio.get_running_loop()
        runner = self._runner = AppRunner(self._app, **self._options)
        try:
            await runner.setup()
        except BaseException as error:
            self._stage, self._error = _Stage.FAILED, error
            with contextlib.suppress(Exception):
                # The error of the start is the one to see.
                await runner.cleanup()
            raise
        assert runner.server is not None
        self.state = runner.server.state
        self._stage = _Stage.SERVING

    async def enter(self) -> None:
        """Start the application, unless a request has started it."""
        self._check_loop()
        if self._stage is _Stage.NEW and self._starting is None:
            await self.start()
        else:
            await self.ready()

    async def stop(self) -> None:
        """Stop the application in order; a second call does nothing."""
        if self._stage is _Stage.SERVING and self._runner is not None:
            self._stage = _Stage.STOPPED
            self.state = None
            await self._runner.cleanup()

    async def serve(self, receive: Receive, send: Send) -> None:
        """Speak the lifespan protocol."""
        await receive()
        try:
            await self.enter()
        except Exception as error:  # noqa: BLE001  # the server reports it
            await send({"type": "lifespan.startup.failed", "message": _describe(error)})
            return
        try:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        except BaseException:
            await self.stop()
            raise
        try:
            await self.stop()
        except Exception as error:  # noqa: BLE001  # as above
            await send({"type": "lifespan.shutdown.failed", "message": _describe(error)})
        else:
            await send({"type": "lifespan.shutdown.complete"})


def _retrieve(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.exception()


def _describe(error: Exception) -> str:
    return "".join(traceback.format_exception(error)).rstrip()
