"""The lifespan conversation: tell an application of its start and its end, and keep its state."""

import asyncio
from collections.abc import MutableMapping
from typing import Any, Final, Literal, final

from treadle_asgi._types import ASGIApplication, Message
from treadle_server import server_logger
from treadle_server.interfaces import log_debug, log_error, shown

__all__ = ["Lifespan", "LifespanError", "LifespanMode"]

#: ``auto`` goes on without if the application does not support it.
LifespanMode = Literal["auto", "on", "off"]

#: Seconds for an application to return when it has told that its shutdown is complete.
_LAST: Final = 1.0


class LifespanError(RuntimeError):
    """The start-up or the shutdown of an application has failed."""


@final
class Lifespan:
    """One start and one end of an application; ``state`` is its ``scope["state"]``."""

    def __init__(
        self, app: ASGIApplication, mode: LifespanMode, state: MutableMapping[str, Any]
    ) -> None:
        self._app: Final = app
        self._mode: Final = mode
        self._state: Final = state
        self._task: asyncio.Task[None] | None = None
        # The events for the application, and the answer to the one that it has got last.
        self._events: Final[asyncio.Queue[str]] = asyncio.Queue()
        self._answer: asyncio.Future[str | None] | None = None
        # The event that the application has received and not answered.
        self._asked: Literal["startup", "shutdown"] | None = None

    async def startup(self) -> None:
        """Have the application start; raises ``LifespanError`` if that fails."""
        if self._mode == "off":
            return
        task = asyncio.get_running_loop().create_task(self._run(), name="asgi lifespan")
        self._events.put_nowait("startup")
        try:
            answered = await self._wait_answer(task)
        except BaseException:
            _drop(task)
            raise
        if answered:
            self._task = task
            return
        error = task.exception()
        if self._mode == "on":
            raise LifespanError(
                "The application does not support lifespan: it has "
                f"{_ended(error)}; use lifespan='auto' to serve it all the same"
            ) from error
        if error is None or self._asked is None:
            log_debug(
                server_logger, "The application does not support lifespan: it has %s", _ended(error)
            )
        else:
            # "If an exception is raised when calling the application callable with a
            # lifespan.startup message or a scope of type lifespan, the server must continue but
            # not send any lifespan events."
            text = "The application has failed at lifespan.startup; it is served without lifespan"
            log_error(server_logger, text, error=error)

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self._state,
        }
        await self._app(scope, self._receive, self._send)

    async def _wait_answer(self, task: "asyncio.Task[None]") -> bool:
        """Wait for an answer; False if the application has ended without one.

        Raises ``LifespanError`` for the answer that says that it has failed.
        """
        answer = self._answer = asyncio.get_running_loop().create_future()
        await asyncio.wait((answer, task), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            return False
        failure = answer.result()
        if failure is not None:
            await asyncio.wait((task,), timeout=_LAST)
            raise LifespanError(failure)
        return True

    async def shutdown(self) -> None:
        """Have the application stop; raises ``LifespanError`` if that fails."""
        task, self._task = self._task, None
        if task is None:
            return
        try:
            answered = not task.done()
            if answered:
                self._events.put_nowait("shutdown")
                answered = await self._wait_answer(task)
            if answered:
                await asyncio.wait((task,), timeout=_LAST)
                return
            error = task.exception()
            if error is not None:
                raise LifespanError(f"The application has {_ended(error)}") from error
        finally:
            _drop(task)

    # The application's ends of the messages.

    async def _receive(self) -> Message:
        event = await self._events.get()
        self._asked = "startup" if event == "startup" else "shutdown"
        return {"type": f"lifespan.{event}"}

    async def _send(self, message: Message) -> None:
        kind = message["type"]
        asked, answer = self._asked, self._answer
        if kind == "lifespan.shutdown.failed" and (answer is None or answer.done()):
            # Sent by an application that is cancelled.
            return
        if asked is None or answer is None or answer.done():
            raise RuntimeError(
                f"The application has sent {shown(repr(kind))} in its lifespan, where ASGI expects "
                "nothing: receive the next event first"
            )
        if kind == f"lifespan.{asked}.complete":
            answer.set_result(None)
        elif kind == f"lifespan.{asked}.failed":
            reason = message.get("message") or "it gives no reason"
            answer.set_result(f"The {asked} of the application has failed: {reason}")
        else:
            raise RuntimeError(
                f"The application has sent {shown(repr(kind))} in its lifespan, where ASGI expects "
                f"'lifespan.{asked}.complete' or 'lifespan.{asked}.failed'"
            )


def _drop(task: "asyncio.Task[None]") -> None:
    """End a task whose result does not matter any more."""
    if not task.cancel() and not task.cancelled():
        # Starlette raises behind its message that it has failed.
        task.exception()


def _ended(error: BaseException | None) -> str:
    return "returned" if error is None else f"raised {shown(repr(error))}"
