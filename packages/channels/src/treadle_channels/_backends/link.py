"""Keep one engine connected: a session after the other, the topics, and what waits to be sent.

``Link`` owns one task, which opens a session, subscribes to all topics, and runs the session's
tasks as its children until one of them fails; then it closes the session and, after a delay, begins
again. Callers never touch a connection: they change the set of topics or append to the queue of
calls, and wait. So a caller that is cancelled leaves no half-written command, and ``stop`` is the
end of one task.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Collection
from typing import Final, Generic, NoReturn, TypeVar, final

from treadle_channels._core.backoff import Backoff
from treadle_channels._core.errors import (
    BackendError,
    BackendUnavailableError,
    PublishQueueFullError,
)

from .session import Call, LinkOptions, Session

__all__ = ["Link", "logger"]

logger: Final = logging.getLogger("treadle.channels")

W = TypeVar("W")

#: Calls that are sent together at most: enough to share the cost of a round trip, and few enough
#: for the first one not to wait for the others.
_BATCH: Final = 256
#: The bytes after which a batch is long enough.
_BATCH_BYTES: Final = 1 << 18
#: Topics that are subscribed to by one command at most.
_TOPICS: Final = 500


@final
class Link(Generic[W]):
    """The connection to one engine over its losses.

    ``make`` returns a new session. ``up`` is called each time when the engine is connected and all
    topics are subscribed to; its argument is True if messages may have been missed before.
    """

    def __init__(
        self,
        make: Callable[[], Session[W]],
        up: Callable[[bool], None],
        options: LinkOptions,
        description: str,
    ) -> None:
        self._make = make
        self._up = up
        self._options = options
        self._description = description
        self._backoff = Backoff()
        # The life: the task, and the future of the first attempt, which ``start`` waits for.
        self._task: asyncio.Task[None] | None = None
        self._first: asyncio.Future[Exception | None] | None = None
        self.connected = False
        #: True if messages may have been missed since the subscribers were told.
        self._missed = False
        #: True if the log says that the engine is gone.
        self._told = False
        # The topics: those that are wanted, those that the session has, those to compare.
        self._topics: set[str] = set()
        self._actual: set[str] = set()
        self._dirty: set[str] = set()
        self._changed = asyncio.Event()
        self._waiters: list[asyncio.Future[None]] = []
        # What is to be sent, in order.
        self._calls: deque[Call[W]] = deque()
        self._wake = asyncio.Event()

    # Start and stop

    async def start(self) -> None:
        """Connect; raises ``BackendError`` if that fails and the engine is required."""
        if self._task is not None:
            raise RuntimeError(f"{self._description} was started already: stop it first")
        # Events belong to the loop that waits for them first.
        self._changed, self._wake = asyncio.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()
        self._first = loop.create_future()
        self._task = loop.create_task(self._run(), name=f"treadle-channels {self._description}")
        try:
            error = await asyncio.shield(self._first)
            if error is not None and self._options.required:
                raise self._unreachable(error)  # noqa: TRY301  # stopped below like any other
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End the session, and forget the topics and what was to be sent."""
        task = self._task
        if task is not None:
            task.cancel()
            # Not ``await task``: its cancellation is not the caller's.
            await asyncio.wait([task])
            if not task.cancelled():
                logger.error("%s: ended by itself", self._description, exc_info=task.exception())
            if self._task is not task:
                return  # another call has cleaned up, and a start may have followed
            self._task = None
        waiting = sum(call.future is None for call in self._calls)
        if waiting:
            logger.warning("%s: stopped with %d messages unsent", self._description, waiting)
        self._refuse(keep=False)
        self._calls.clear()
        self._release()
        self._topics.clear()
        self._dirty.clear()
        self._actual.clear()
        self._missed = self._told = False
        self._backoff.reset()

    # Topics

    async def subscribe(self, topics: Collection[str]) -> None:
        """Return when the topics are subscribed to, or at once while the link is down."""
        self._topics.update(topics)
        self._dirty.update(topics)
        if not self.connected:
            # Others may publish before the link is up.
            self._missed = True
            return
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._changed.set()
        try:
            await waiter
        except asyncio.CancelledError:
            self.unsubscribe(topics)
            raise

    def unsubscribe(self, topics: Collection[str]) -> None:
        """Let the engine be told soon."""
        self._topics.difference_update(topics)
        self._dirty.update(topics)
        self._changed.set()

    def wants(self, topic: str) -> bool:
        """Return True if ``topic`` is subscribed to, or will be when the link is up."""
        return topic in self._topics

    # Calls

    async def call(self, work: W, size: int = 0, *, keep: bool = False) -> object:
        """Return the engine's answer; the calls of one task after the other keep their order.

        With ``keep`` the call may wait for the engine's return, if the options say so; then the
        answer is None. Raises ``BackendUnavailableError`` if the link is or goes down.
        """
        if not self.connected:
            if not keep or self._task is None or self._options.when_down == "fail":
                raise self._down()
            if len(self._calls) >= self._options.queue_limit:
                raise PublishQueueFullError(
                    f"{self._description} is not connected, and {len(self._calls)} messages wait "
                    "for its return already: raise queue_limit= or publish less"
                )
            self._calls.append(Call(work, size, None, keep=True))
            return None
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._calls.append(Call(work, size, future, keep=keep))
        self._wake.set()
        return await future

    def _down(self) -> BackendUnavailableError:
        what = "is not connected" if self._task is not None else "is not started"
        return BackendUnavailableError(f"{self._description} {what}: the message was not published")

    # The task

    async def _run(self) -> NoReturn:
        while True:
            error = await self._session()
            if self._first is not None and not self._first.done():
                self._first.set_result(error)
                if self._options.required:
                    # ``start`` raises it and stops; no second attempt meanwhile.
                    await asyncio.get_running_loop().create_future()
            if not self._told:
                self._told = True
                logger.warning(
                    "%s: not connected: %s; trying again until it is",
                    self._description,
                    _reason(error),
                )
            logger.debug("%s: an attempt failed", self._description, exc_info=error)
            await asyncio.sleep(self._backoff.delay())

    async def _session(self) -> Exception:
        """Run one session to its end; return the reason of the end."""
        session: Session[W] | None = None
        try:
            session = self._make()
            async with asyncio.timeout(self._options.timeout):
                await session.open()
            self._actual.clear()
            self._dirty = set(self._topics)
            async with asyncio.TaskGroup() as group:
                group.create_task(session.listen())
                await self._change(session)
                self._connect()
                group.create_task(self._changing(session))
                group.create_task(self._sending(session))
                group.create_task(self._checking(session))
        except Exception as error:  # noqa: BLE001  # whatever ends a session, the next one follows
            return _cause(error)
        finally:
            if self.connected:
                self.connected = False
                self._missed = True
            self._refuse(keep=self._options.when_down == "queue")
            self._release()
            if session is not None:
                await session.close()
        raise AssertionError("a session has ended without an error")

    def _connect(self) -> None:
        self._backoff.reset()
        if self._told:
            self._told = False
            logger.warning("%s: connected again", self._description)
        missed, self._missed = self._missed, False
        # First the subscribers are told, then others may publish.
        self._up(missed)
        self.connected = True
        self._wake.set()
        if self._first is not None and not self._first.done():
            self._first.set_result(None)

    async def _changing(self, session: Session[W]) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._change(session)

    async def _change(self, session: Session[W]) -> None:
        """Make the topics of the session those that are wanted, and tell the callers."""
        while self._dirty or self._waiters:
            waiters, self._waiters = self._waiters, []
            dirty, self._dirty = self._dirty, set()
            add = [topic for topic in dirty if topic in self._topics and topic not in self._actual]
            drop = [topic for topic in dirty if topic not in self._topics and topic in self._actual]
            try:
                for start in range(0, max(len(add), len(drop)), _TOPICS):
                    some = slice(start, start + _TOPICS)
                    await session.change(add[some], drop[some])
                self._actual.update(add)
                self._actual.difference_update(drop)
            finally:
                # After a failure the topics are subscribed to by the next session.
                for waiter in waiters:
                    if not waiter.done():
                        waiter.set_result(None)

    async def _sending(self, session: Session[W]) -> None:
        calls = self._calls
        while True:
            while not calls:
                self._wake.clear()
                await self._wake.wait()
            batch, size = [calls.popleft()], 0
            size = batch[0].size
            while calls and len(batch) < _BATCH and size < _BATCH_BYTES:
                size += calls[0].size
                batch.append(calls.popleft())
            try:
                async with asyncio.timeout(self._options.timeout):
                    answers = await session.send([call.work for call in batch])
            except BaseException:
                self._fail(batch)
                raise
            for call, answer in zip(batch, answers, strict=True):
                if call.future is None:
                    if isinstance(answer, BackendError):
                        logger.warning("%s: a message was refused: %s", self._description, answer)
                elif not call.future.done():
                    if isinstance(answer, BackendError):
                        call.future.set_exception(answer)
                    else:
                        call.future.set_result(answer)

    async def _checking(self, session: Session[W]) -> None:
        while True:
            await asyncio.sleep(self._options.heartbeat)
            await session.check()
            await self.call(session.ping)

    # The ends of waiting

    def _refuse(self, *, keep: bool) -> None:
        """End the calls that wait; with ``keep``, messages stay for the next session."""
        kept: deque[Call[W]] = deque()
        for call in self._calls:
            if call.future is None:
                kept.append(call)
            elif not call.future.done():
                if keep and call.keep:
                    call.future.set_result(None)
                    call.future = None
                    kept.append(call)
                else:
                    call.future.set_exception(self._down())
        self._calls = kept

    def _fail(self, batch: list[Call[W]]) -> None:
        """End the calls that were sent and not answered.

        They are not sent again: a message comes once or, where it is told, not at all.
        """
        for call in batch:
            if call.future is not None and not call.future.done():
                call.future.set_exception(self._unanswered())
        unknown = sum(call.future is None for call in batch)
        if unknown:
            logger.warning(
                "%s: the link was lost while %d kept messages were sent; they may be lost",
                self._description,
                unknown,
            )

    def _release(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _unanswered(self) -> BackendUnavailableError:
        return BackendUnavailableError(
            f"The connection to {self._description} was lost before it answered: the message may "
            "have been published or not"
        )

    def _unreachable(self, error: Exception) -> BackendError:
        if isinstance(error, BackendError) and not isinstance(error, BackendUnavailableError):
            return error
        found = BackendUnavailableError(
            f"{self._description} cannot be reached ({_reason(error)}): start it, or start without "
            "it by required=False"
        )
        found.__cause__ = error
        return found


def _cause(error: Exception) -> Exception:
    """Return the first error of a group of them."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError) and not str(error):
        return "no answer in time"
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
