"""Exchanges that log each answer, for connections of a server with an access log.

``LoggedExchange`` stands on the invariant of ``Exchange``: each exchange ends once, so there is one
place for the line. A connection without an access log has the plain ``Exchange``, which pays
nothing for it. The line belongs to the response that was sent, or the last one that was begun; a
handler that was cancelled before it had one leaves no line.
"""

from collections.abc import Callable, Coroutine
from contextvars import Context, copy_context
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, final

from treadle_http_parser import Request as Head
from treadle_http_parser import ServerConnection
from treadle_responses import Response, StreamResponse
from treadle_server._body.stream import EMPTY_PAYLOAD
from treadle_server._core.logs import log_error
from treadle_server._core.types import ConnectionInfo

from .access_log import AbstractAccessLogger, AbstractAsyncAccessLogger, reads_fields
from .exchange import Exchange
from .interfaces import ResponseChannel
from .request import BaseRequest
from .state import ServerState

if TYPE_CHECKING:
    import asyncio

__all__ = ["log_refusal", "make_exchange"]

_AccessLogger = AbstractAccessLogger | AbstractAsyncAccessLogger

_FAILED: Final = "Error in the access logger"


def make_exchange(
    state: ServerState, channel: ResponseChannel, done: Callable[[], None]
) -> Exchange:
    """Return the exchange of a new connection: one that logs if the access log is enabled now."""
    access = _enabled(state)
    if access is None:
        return Exchange(state, channel, done)
    return LoggedExchange(state, channel, done, access)


def _enabled(state: ServerState) -> _AccessLogger | None:
    access = state.access_logger
    if access is not None:
        try:
            return access if access.enabled else None
        except Exception as error:  # noqa: BLE001  # the logger's class is the application's
            log_error(state.config.logger, _FAILED, error=error)
    return None


@final
class LoggedExchange(Exchange):
    """An exchange that logs its answer when it ends."""

    __slots__ = ("_access", "_answer", "_began", "_context", "_fields_are_read")

    def __init__(
        self,
        state: ServerState,
        channel: ResponseChannel,
        done: Callable[[], None],
        access: _AccessLogger,
    ) -> None:
        super().__init__(state, channel, done)
        self._access: Final = access
        self._fields_are_read: Final = reads_fields(access)
        self._start_handler = self._start_in_context
        # The response to the current request, the time at its beginning, and its handler's context.
        self._answer: StreamResponse | None = None
        self._began = 0.0
        self._context: Context | None = None

    def release(self) -> None:
        """Let go of the connection, which is lost, unless a request is under way."""
        super().release()
        if self.request is None:
            self._start_handler = self._state.start_task

    def forget(self) -> None:
        """Give up a task that does not end; log the answer that it has begun."""
        request = self.request
        super().forget()
        self._start_handler = self._state.start_task
        if request is not None and isinstance(self._access, AbstractAccessLogger):
            # The context may be in use: the handler may be the caller of all this.
            self._context = None
            self._log_answer(request)

    def start(self, request: BaseRequest) -> bool:
        """Run the handler for ``request``, answer it, and log the answer."""
        self._answer = self._context = None
        self._began = monotonic()
        return super().start(request) and self._log_answer(request)

    def _start_in_context(
        self, coroutine: Coroutine[Any, Any, StreamResponse]
    ) -> "asyncio.Task[StreamResponse]":
        """Start the handler in a context that the logger gets too."""
        self._context = context = copy_context()
        return self._state.start_task(coroutine, context=context)

    def _finished(self, request: BaseRequest) -> None:
        if self._log_answer(request):
            super()._finished(request)

    # The answer: the last response that this request was given.

    def _write_at_once(self, response: StreamResponse) -> bool:
        if self._fields_are_read:
            # Only ``prepare`` puts all of them into the response.
            return False
        self._answer = response
        return super()._write_at_once(response)

    def _accept_sent(self, request: BaseRequest, response: StreamResponse) -> bool:
        self._answer = response
        return super()._accept_sent(request, response)

    def _start_sending(
        self,
        request: BaseRequest,
        response: StreamResponse,
        context: Context | None,
        *,
        returned: bool,
    ) -> bool:
        self._answer = response
        return super()._start_sending(request, response, context, returned=returned)

    def _end(self, request: BaseRequest) -> bool:
        if self._answer is None:
            # Begun by the handler, and not sent by this exchange: the client has left, for example.
            self._answer = request.answer
        answer = self._answer
        if answer is not None and not answer.eof_sent:
            # It was broken off: of the bytes that were written, count those that were sent.
            answer.count_body(self._channel.output_size - answer.body_length)
        return super()._end(request)

    def _log_answer(self, request: BaseRequest) -> bool:
        """Log the answer to a request that has ended; False if the logger has to wait."""
        answer, self._answer = self._answer, None
        context, self._context = self._context, None
        if answer is None or not request.access_log:
            return True
        if context is None:
            context = copy_context()
        access = self._access
        try:
            if isinstance(access, AbstractAccessLogger):
                context.run(access.log, request, answer, monotonic() - self._began)
                return True
            task = self._state.start_task(
                _log(self._state, access, request, answer, self._began), context=context
            )
        except BaseException as error:  # noqa: BLE001  # the answer is sent, whatever the logger does
            self._report(_FAILED, error)
            return True
        if task.done():
            return True
        # The connection stays busy, so that a stopping server waits for the line too.
        self.request = request
        self._task = task
        task.add_done_callback(self._logged)
        return False

    def _logged(self, task: "asyncio.Task[None]") -> None:
        request = self.request
        if request is None or self._task is not task:
            # Given up by ``forget``.
            return
        self.request = self._task = None
        super()._finished(request)


async def _log(
    state: ServerState,
    access: AbstractAsyncAccessLogger,
    request: BaseRequest,
    answer: StreamResponse,
    began: float,
) -> None:
    """Log an answer; raises only what ends the event loop, or a cancel."""
    try:
        await access.log(request, answer, began)
    except Exception as error:  # noqa: BLE001  # as in ``_log_answer``
        log_error(state.config.logger, _FAILED, error=error)


def _unknown() -> Head:
    # llhttp does not know the method.
    head = ServerConnection().receive_data(b"GET / HTTP/1.0\r\n\r\n")[0]
    assert isinstance(head, Head)
    return Head("UNKNOWN", head.target, "", head.version, (), head.framing)


#: The head in the line of a refused request, which has none that could be read; aiohttp's words.
_UNKNOWN: Final = _unknown()


def log_refusal(
    state: ServerState,
    channel: ResponseChannel,
    info: ConnectionInfo,
    status: int,
    reason: str,
    size: int,
) -> None:
    """Log the answer to a request that no handler has seen, of ``StreamWriter.write_error``."""
    access = _enabled(state)
    if access is None:
        return
    request = BaseRequest.received(_UNKNOWN, EMPTY_PAYLOAD, channel, info)
    answer = Response(status=status, text=f"{status}: {reason}")
    answer.headers["Content-Length"] = str(answer.content_length)
    answer.mark_sent(size)
    began = monotonic()
    try:
        if isinstance(access, AbstractAccessLogger):
            access.log(request, answer, 0.0)
            return
    except Exception as error:  # noqa: BLE001  # as above
        log_error(state.config.logger, _FAILED, error=error)
        return
    task = state.start_task(_log(state, access, request, answer, began))
    if not task.done():
        # The connection ends and waits for nothing more: the server does.
        state.log_tasks.add(task)
        task.add_done_callback(state.log_tasks.discard)
