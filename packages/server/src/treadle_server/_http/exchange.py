"""One request and its response: runs the handler, sends what it returns, turns errors into answers.

An ``Exchange`` takes any function from a request to an awaitable response; it knows nothing of
applications. A connection has one and uses it for each request in turn. The common case, a handler
that never waits and a small response, runs from the first byte of the request to the last of the
response inside one callback of the event loop: the handler's coroutine is started eagerly as its
own task (Python 3.12+), and what it returned leaves in one write.

**The invariant: an exchange always ends.** Whatever the handler, a hook, a signal, a response class
or the event loop raises, ``BaseException`` included, at any point:

- the exchange reaches its end exactly once: ``request`` is None, the request's cleanups have run,
  and ``start`` has returned True or ``done`` was called, not both;
- one answer is complete, or the connection is cut off or belongs to an upgraded protocol;
- a bug is logged; ``SystemExit`` and ``KeyboardInterrupt`` reach the event loop.

Three things keep it. All user code of an exchange runs in its two tasks or inside ``start`` and
``_finish``, whose last resort is ``_break_off``. (The request factory runs before it, in
``HttpConnection``, which answers its errors.) All ends go through ``_end``, but for the fast path,
which has no cleanups. And a ``Phase`` only moves forward, by the table ``_AFTER_ERROR``: an error
while an answer to an error is sent ends the exchange. ``tests/http/test_failures.py`` drives every
point of failure.
"""

import asyncio
import contextlib
import enum
import warnings
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context, copy_context
from types import CoroutineType
from typing import Any, Final, final

from treadle_http_parser import LocalProtocolError
from treadle_responses import HTTPBadRequest, HTTPException, StreamResponse
from treadle_server._core.errors import (
    BodyDiscardedError,
    ClientConnectionResetError,
    RequestPayloadError,
)
from treadle_server._core.logs import log_error, log_given

from .answers import (
    CAN_SKIP_PREPARE,
    IS_SENT_BY_ITSELF,
    SENDS_AT_ONCE,
    error_of_handler,
    is_http_exception,
    negotiate_page,
    not_a_response,
    not_all_sent,
    returned_exception,
    second_response,
    sent_before,
    server_error,
)
from .interfaces import ResponseChannel
from .request import BaseRequest
from .state import ServerState, context_of, error_of

__all__ = ["Exchange", "Phase"]


@final
class Phase(enum.IntEnum):
    """The progress of one exchange."""

    #: The handler runs.
    HANDLER = enum.auto()
    #: The response that it returned, or the ``HTTPException`` that it raised, is sent.
    RESPONSE = enum.auto()
    #: The answer to an error of the phase before is sent: if that fails, there is no other answer.
    LAST = enum.auto()


#: The phase of the answer to an error, by the phase in which it was raised; None for no answer.
_AFTER_ERROR: Final = {Phase.HANDLER: Phase.RESPONSE, Phase.RESPONSE: Phase.LAST, Phase.LAST: None}

_HANDLER: Final = Phase.HANDLER
# A subscription of a subclass of dict takes twice as long as this.
_known_at_once: Final = SENDS_AT_ONCE.get
_StartHandler = Callable[[Coroutine[Any, Any, StreamResponse]], "asyncio.Task[StreamResponse]"]


def _connection_lost() -> None:
    """Do nothing: the completion callback of a connection that is lost."""


def _raise(error: BaseException) -> None:
    raise error


async def _await(awaitable: Awaitable[StreamResponse]) -> StreamResponse:
    return await awaitable


class Exchange:
    """Runs one request at a time; calls ``done`` when a response ends that had to wait."""

    __slots__ = (
        "_cancelled", "_channel", "_done", "_phase", "_start_handler", "_state", "_task", "request",
    )  # fmt: skip

    def __init__(
        self, state: ServerState, channel: ResponseChannel, done: Callable[[], None]
    ) -> None:
        self._state: Final = state
        self._channel: Final = channel
        self._done = done
        self._start_handler: _StartHandler = state.start_task
        #: The request under way, None between requests.
        self.request: BaseRequest | None = None
        self._phase = _HANDLER
        # The task that runs the handler or sends the response, while it waits for something.
        self._task: asyncio.Task[Any] | None = None
        # True if the server has cancelled that task.
        self._cancelled = False

    @property
    def task(self) -> "asyncio.Task[StreamResponse] | None":
        """The task that runs the handler or sends the response, while it waits for something."""
        return self._task

    def release(self) -> None:
        """Let go of the connection, which is lost, unless a request is under way.

        The two reference each other; without this only the garbage collector would free them.
        """
        if self.request is None:
            self._done = _connection_lost

    def cancel(self) -> None:
        """Cancel the task that is running; the connection ends with it."""
        if self._task is not None:
            self._cancelled = True
            self._task.cancel()

    def forget(self) -> None:
        """Give up a task that does not end although it was cancelled; the connection is lost.

        It may run on, but nothing waits for it any more.
        """
        if self.request is not None:
            self._channel.fail(None)
            self.request.bind_task(None)
            self._end(self.request)
        self._done = _connection_lost

    def start(self, request: BaseRequest) -> bool:
        """Run the handler for ``request`` and answer it.

        True means that the exchange has ended; otherwise ``done`` is called when it ends.
        """
        self.request = request
        self._phase = _HANDLER
        state = self._state
        state.requests_count += 1
        task: asyncio.Task[StreamResponse] | None = None
        try:
            try:
                awaitable = state.handler(request)
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001  # the client gets an answer
                return self._failed(request, error)
            task = self._start_handler(
                awaitable if type(awaitable) is CoroutineType else _await(awaitable)
            )
            if task.done():
                return self._take_result(request, task)
            self._task = task
            request.bind_task(task)
            task.add_done_callback(self._handler_done)
            return False  # noqa: TRY300  # the fast path above has no else either
        except BaseException as error:  # noqa: BLE001  # the invariant above
            return self._break_off(error)
        finally:
            # A task keeps the traceback of what it raised. If it was started eagerly, that leads
            # back to this frame, which must not lead to the task: only the garbage collector
            # would end the circle.
            task = None

    # The ends of tasks. Like ``start``, ``_take_*`` and all below return True at the end.

    def _handler_done(self, task: "asyncio.Task[StreamResponse]") -> None:
        self._finish(self._take_result, task)

    def _response_done(self, task: "asyncio.Task[StreamResponse]") -> None:
        self._finish(self._take_sent, task)

    def _finish(
        self,
        take: "Callable[[BaseRequest, asyncio.Task[StreamResponse]], bool]",
        task: "asyncio.Task[StreamResponse]",
    ) -> None:
        request = self.request
        if request is None or self._task is not task:
            # Given up by ``forget``.
            return
        self._task = None
        request.bind_task(None)
        try:
            ended = take(request, task)
        except BaseException as error:  # noqa: BLE001  # the invariant above
            ended = self._break_off(error)
        if ended:
            self._finished(request)

    def _finished(self, _request: BaseRequest) -> None:
        """Tell the connection about the end of an exchange that had to wait."""
        self._cancelled = False
        self._done()

    def _take_result(self, request: BaseRequest, task: "asyncio.Task[StreamResponse]") -> bool:
        if task.cancelled() or task.exception() is not None:
            return self._failed(request, error_of(task), context_of(task))
        response = task.result()
        kind = type(response)
        at_once = _known_at_once(kind)
        if at_once is None:
            at_once = SENDS_AT_ONCE[kind]
        if at_once and request.hooks is None:
            # Fast path of hello in tools/bench/compare.py: one write, no task, no cleanups.
            try:
                if self._write_at_once(response):
                    self.request = None
                    return True
            except LocalProtocolError:
                return self._failed(request, second_response(request, response))
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException as error:  # noqa: BLE001  # a response class may override methods
                return self._failed(request, error)
        elif IS_SENT_BY_ITSELF[kind]:
            if response.eof_sent and self._channel.response_ended:
                # Fast path of treadle-asgi in tools/bench/compare.py: no task for nothing.
                return self._accept_sent(request, response)
        elif not isinstance(response, StreamResponse):
            return self._failed(request, not_a_response(request, response), context_of(task))
        return self._start_sending(request, response, context_of(task), returned=True)

    def _take_sent(self, request: BaseRequest, task: "asyncio.Task[StreamResponse]") -> bool:
        if task.cancelled() or task.exception() is not None:
            return self._failed(request, error_of(task), context_of(task))
        channel = self._channel
        if not channel.response_ended and not channel.is_lost:
            # Its class replaces ``prepare`` or ``write_eof``: the client would wait for ever.
            error = not_all_sent(request, task.result())
            return self._failed(request, error, context_of(task))
        return self._end(request)

    # The response.

    def _write_at_once(self, response: StreamResponse) -> bool:
        """Write a response of field lines and a body in one write; False for others."""
        whole = response.as_single_write()
        if whole is None:
            return False
        status, reason, block, body = whole
        if not body and self.request is not None and self.request.method == "HEAD":
            # Without a body it says nothing of the length of the response to GET.
            return False
        response.mark_sent(self._channel.write_whole(status, reason, block, body))
        return True

    def _accept_sent(
        self,
        request: BaseRequest,
        response: StreamResponse,  # noqa: ARG002  # for the access log
    ) -> bool:
        """End with a response that the handler itself has sent to its end."""
        return self._end(request)

    def _start_sending(
        self,
        request: BaseRequest,
        response: StreamResponse,
        context: Context | None,
        *,
        returned: bool,
    ) -> bool:
        """Send a response by its own coroutines, with the context variables of the handler."""
        self._phase = Phase.RESPONSE if self._phase is _HANDLER else self._phase
        if self._channel.is_lost:
            response.release_body()
            return self._cut(request, None)
        task: asyncio.Task[StreamResponse] | None = None
        try:
            sending = self._send(request, response, returned=returned)
            task = self._state.start_task(sending, context=context)
            if task.done():
                return self._take_sent(request, task)
            self._task = task
            request.bind_task(task)
            task.add_done_callback(self._response_done)
            return False
        finally:
            task = None  # as in ``start``

    async def _send(
        self, request: BaseRequest, response: StreamResponse, *, returned: bool
    ) -> StreamResponse:
        channel = self._channel
        try:
            if returned and isinstance(response, HTTPException):
                warnings.warn(returned_exception(response), DeprecationWarning, stacklevel=1)
            if response.prepared and channel.response_ended and not channel.head_sent:
                # The handler has sent all of it.
                return response
            self._check_unsent(request, response)
            await response.prepare(request)
            await response.write_eof()
        except BaseException:
            response.release_body()
            raise
        return response

    def _check_unsent(self, request: BaseRequest, response: StreamResponse) -> None:
        """Refuse a response of another request, and one behind another response."""
        channel = self._channel
        if response.prepared and not channel.head_sent:
            raise sent_before(request, response)
        if not response.prepared and not channel.withdraw():
            raise second_response(request, response)

    # Errors.

    def _failed(
        self, request: BaseRequest, error: BaseException, context: Context | None = None
    ) -> bool:
        """Answer an exception that left the handler, a hook or the response."""
        if isinstance(error, BodyDiscardedError):
            # The client has its answer; only the handler's stream has been stopped.
            if not self._channel.response_ended:
                self._channel.end_bodiless()
            return self._end(request)
        phase = _AFTER_ERROR[self._phase]
        too_late = phase is None or not self._channel.withdraw()
        answer: StreamResponse
        if is_http_exception(error):
            answer = error
            # Its traceback leads to frames that lead to it.
            error.__traceback__ = None
            negotiate_page(request, error)
        elif self._is_no_bug(error, too_late=too_late):
            return self._cut(request, error)
        else:
            answer = (context or copy_context()).run(self._answer_to, request, error)
        if phase is None or too_late:
            # A connection that is cut off tells the client.
            return self._cut(request, error)
        self._phase = phase
        hooks = request.hooks
        if (
            (hooks is None or hooks.prepare is None)
            and CAN_SKIP_PREPARE[type(answer)]
            and self._write_at_once(answer)
        ):
            return self._end(request)
        return self._start_sending(request, answer, context, returned=False)

    def _is_no_bug(self, error: BaseException, *, too_late: bool) -> bool:
        """Return True for an error that ends the exchange without an answer and a log line."""
        if isinstance(error, asyncio.CancelledError):
            # The server stops, or the client has left; or it is too late for an answer. Otherwise
            # the handler awaited something that was cancelled, which is a bug like others.
            return self._cancelled or self._channel.is_lost or too_late
        # The client has left; or the event loop, which runs the task, has the error already.
        return isinstance(error, (ClientConnectionResetError, SystemExit, KeyboardInterrupt))

    def _answer_to(self, request: BaseRequest, error: BaseException) -> StreamResponse:
        """Answer an exception that is no ``HTTPException``, in the handler's context; log a bug."""
        if isinstance(error, RequestPayloadError):
            return HTTPBadRequest(text=f"400: {error}")
        config = self._state.config
        if isinstance(error, TimeoutError) and config.debug:
            log_given(config.logger.debug, ["Request handler timed out."], {"exc_info": error})
        error_of_handler(config.logger, request, error)
        return server_error(request, error, debug=config.debug, make=config.error_page)

    # The end.

    def _cut(self, request: BaseRequest, error: BaseException | None) -> bool:
        """End without a complete answer."""
        self._channel.fail(None if isinstance(error, asyncio.CancelledError) else error)
        return self._end(request)

    def _end(self, request: BaseRequest) -> bool:
        """End the exchange and run the request's cleanups."""
        self.request = self._task = None
        if request.answer is not None:
            request.answer = None  # It leads back to the request while it is sent.
        hooks = request.hooks
        if hooks is not None:
            for cleanup in hooks.cleanups:
                try:
                    cleanup()
                except Exception as error:  # noqa: BLE001  # the other cleanups must run too
                    log_error(
                        self._state.config.logger, "Error cleaning up after %s %s",
                        request.method, request.raw_path, error=error,
                    )  # fmt: skip
            hooks.cleanups.clear()
        return True

    def _break_off(self, error: BaseException) -> bool:
        """End the exchange after an error that could not be answered; the last resort."""
        self._report("Error answering a request", error)
        with contextlib.suppress(Exception):
            self._channel.fail(error)
        request = self.request
        return True if request is None else self._end(request)

    def _report(self, text: str, error: BaseException) -> None:
        """Log an error that has no answer, or have the event loop end."""
        if isinstance(error, (SystemExit, KeyboardInterrupt)):
            # The task was started eagerly: the event loop has not got this yet.
            self._state.loop.call_soon(_raise, error)
        else:
            log_error(self._state.config.logger, text, error=error)
