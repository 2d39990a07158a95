"""The messages of one client: the body of its request, and the news that it has left.

A task calls ``receive`` only while that is of use: the handler reads the body, or waits for
the client to leave, or streams a response. It stops at the end of a body if nothing else is wanted.
So most requests have no such task.
"""

import asyncio
from collections.abc import Callable
from typing import Final, final

from treadle_asgi._types import Message, Receive
from treadle_server import ClientConnectionResetError
from treadle_server.interfaces import RequestBody

__all__ = ["Intake", "end_of"]


@final
class Intake:
    """Feeds ``body``, and calls ``left`` once the client is gone."""

    __slots__ = (
        "_left", "_loop", "_receive", "_resumed", "_task", "_waiters", "_watching", "body",
        "is_left",
    )  # fmt: skip

    def __init__(
        self,
        receive: Receive,
        loop: asyncio.AbstractEventLoop,
        left: Callable[[BaseException | None], None],
    ) -> None:
        self._receive: Final = receive
        self._loop: Final = loop
        self._left: Final = left
        #: The body, until its end has arrived.
        self.body: RequestBody | None = None
        #: True once the client is gone.
        self.is_left = False
        self._task: asyncio.Task[None] | None = None
        # Set while the body is full: the task waits for it.
        self._resumed: asyncio.Future[None] | None = None
        self._watching = False
        self._waiters: list[asyncio.Future[None]] = []

    def open(self, size: int) -> RequestBody:
        """Return a body that is received when it is first read."""
        self.body = RequestBody(self, size, self.start)
        return self.body

    def start(self) -> None:
        """Begin to receive, unless that has begun."""
        if self._task is None and not self.is_left:
            self._task = self._loop.create_task(self._run())

    def watch(self) -> None:
        """Receive until the client leaves."""
        if not self._watching:
            self._watching = True
            self.start()

    async def wait_left(self) -> None:
        """Wait until the client leaves."""
        self.watch()
        if not self.is_left:
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            finally:
                self._waiters.remove(waiter)

    # The flow of the body.

    def pause_reading(self) -> None:
        """Receive no more until ``resume_reading``."""
        if self._resumed is None:
            self._resumed = self._loop.create_future()

    def resume_reading(self) -> None:
        """Receive on."""
        resumed, self._resumed = self._resumed, None
        if resumed is not None and not resumed.done():
            resumed.set_result(None)

    # The task.

    async def _run(self) -> None:
        try:
            while self.body is not None or self._watching:
                if self._resumed is not None:
                    await self._resumed
                    continue
                message = await self._receive()
                if self.is_left:
                    break
                self.take(message)
                if self.is_left:
                    break
        except Exception as error:  # noqa: BLE001  # a server that gives nothing has no client
            self._left(error)
        finally:
            self._task = None

    def take(self, message: Message) -> None:
        """Act on a message of the server."""
        kind = message["type"]
        if kind == "http.request":
            body = self.body
            if body is not None:
                if data := message.get("body"):
                    body.feed(bytes(data))
                if not message.get("more_body"):
                    self.body = None
                    body.end()
                    self.resume_reading()
        elif kind == "http.disconnect":
            self._left(None)

    def leave(self, error: BaseException | None) -> None:
        """Tell the body and those that wait that the client is gone."""
        self.is_left = True
        body, self.body = self.body, None
        if body is not None:
            gone = ClientConnectionResetError("The client has closed the connection")
            gone.__cause__ = error
            body.fail(gone)
        self.resume_reading()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def stop(self) -> None:
        """End the task, and wait for it."""
        task = self._task
        if task is not None:
            task.cancel()
            await end_of(task)
        body, self.body = self.body, None
        if body is not None:
            body.discard()


async def end_of(task: "asyncio.Task[None]") -> None:
    """Wait for a task that was cancelled; a cancellation of the caller is raised behind its end."""
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
