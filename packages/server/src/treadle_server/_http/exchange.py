"""One request and its response: runs the handler, sends what it returns, turns errors into answers.

An ``Exchange`` takes any function from a request to an awaitable response; it knows nothing of
applications. A connection has one and uses it for each request in turn. The common case, a
handler that never waits and a small response, runs from the first byte of the request to the last
of the response inside one callback of the event loop: the handler's coroutine is started eagerly as
its own task (Python 3.12+), and what it returned leaves in one write.
"""

import asyncio
import traceback
import warnings
from collections.abc import Awaitable, Callable
from types import CoroutineType
from typing import Any, Final, final

from treadle_http_parser import LocalProtocolError
from treadle_responses import (
    HTTPBadRequest,
    HTTPException,
    Response,
    StreamResponse,
    add_vary,
    error_page,
)
from treadle_server._core.errors import ClientConnectionResetError, RequestPayloadError

from .request import BaseRequest
from .state import Shared
from .writer import StreamWriter

__all__ = ["Exchange"]

# Which response classes may be sent without their ``prepare`` and ``write_eof`` coroutines: those
# that did not replace them. Classes are few and live long.
_plain_classes: Final[dict[type[StreamResponse], bool]] = {}
# The same of exceptions that are raised; to return one has another meaning, so that the first table
# has none of them.
_plain_errors: Final[dict[type[HTTPException], bool]] = {}


def _has_plain_methods(cls: type[StreamResponse]) -> bool:
    return (
        issubclass(cls, Response)
        and cls.prepare is StreamResponse.prepare
        and cls.write_eof is Response.write_eof
        and cls.write is StreamResponse.write
    )


def _is_plain(cls: type[StreamResponse]) -> bool:
    plain = _plain_classes[cls] = not issubclass(cls, HTTPException) and _has_plain_methods(cls)
    return plain


def _accept(request: BaseRequest) -> str | None:
    """Return the Accept field if it prefers anything; no header object is built for it."""
    for name, value in request.raw_headers:
        if len(name) == 6 and name.lower() == b"accept":
            return None if value == b"*/*" else value.decode("latin-1")
    return None


def _nobody() -> None:
    """Be what is called when a response ends that nobody waits for."""


async def _await(awaitable: Awaitable[StreamResponse]) -> StreamResponse:
    return await awaitable


@final
class Exchange:
    """Runs one request at a time; ``done`` is called when a response ends that had to wait."""

    __slots__ = ("_done", "_shared", "_task", "_writer", "request")

    def __init__(self, shared: Shared, writer: StreamWriter, done: Callable[[], None]) -> None:
        self._shared: Final = shared
        self._writer: Final = writer
        self._done = done
        #: The request under way, None between requests.
        self.request: BaseRequest | None = None
        # The task that runs the handler or sends the response, while it waits for something.
        self._task: asyncio.Task[Any] | None = None

    def release(self) -> None:
        """Let go of the connection, which is lost, as soon as nothing is running.

        They know each other: without this only the garbage collector could end them.
        """
        if self.request is None:
            self._done = _nobody

    def cancel(self) -> None:
        """Cancel what is running; the connection ends with it."""
        if self._task is not None:
            self._task.cancel()

    def start(self, request: BaseRequest) -> bool:
        """Run the handler for ``request`` and answer it.

        True means that the response is written; otherwise ``done`` is called when it is.
        """
        self.request = request
        shared = self._shared
        shared.requests_count += 1
        try:
            awaitable = shared.handler(request)
        except HTTPException as error:
            return self._respond_error(request, error)
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer
            return self._fail(request, error)
        coroutine = awaitable if type(awaitable) is CoroutineType else _await(awaitable)
        task = shared.start_task(coroutine)
        try:
            if task.done():
                # What _take_result does, for the case that all the speed is for.
                if not task.cancelled() and task.exception() is None:
                    return self._respond(request, task.result())
                return self._take_result(request, task)
            self._task = request._task = task
            task.add_done_callback(self._handler_done)
            return False
        finally:
            # A task keeps the traceback of what it raised; started eagerly, that leads back to this
            # frame, which must not lead to the task: nothing but the collector would end it.
            del task

    def _handler_done(self, task: "asyncio.Task[StreamResponse]") -> None:
        request = self.request
        assert request is not None
        self._task = request._task = None
        if self._take_result(request, task):
            self._done()

    def _take_result(self, request: BaseRequest, task: "asyncio.Task[StreamResponse]") -> bool:
        if task.cancelled():
            # The server is stopping or the client has left: there is nobody to answer.
            return self._abort()
        error = task.exception()
        if error is not None:
            return self._fail(request, error)
        return self._respond(request, task.result())

    # The response. Like start(), these return whether it is written.

    def _respond(self, request: BaseRequest, response: StreamResponse) -> bool:
        if _plain_classes.get(type(response)) and not request.has_prepare_hook:
            whole = response.as_single_write()
            if whole is not None:
                status, reason, block, body = whole
                try:
                    self._writer.write_whole(status, reason, block, body)
                except LocalProtocolError:
                    return self._fail(request, self._second_response(request, response))
                response.mark_sent(len(body))
                self.request = None
                return True
        return self._respond_in_task(request, response)

    def _respond_in_task(self, request: BaseRequest, response: StreamResponse) -> bool:
        if type(response) not in _plain_classes:
            if not isinstance(response, StreamResponse):
                response = self._not_a_response(request, response)
            if _is_plain(type(response)):
                return self._respond(request, response)
        return self._start_sending(request, response, returned=True)

    def _respond_error(self, request: BaseRequest, error: HTTPException) -> bool:
        """Answer with an exception that was raised."""
        # Its traceback leads to frames that lead to it.
        error.__traceback__ = None
        accept = _accept(request)
        page = None if accept is None else error.default_page(accept)
        if page is not None:
            error.content_type = page.content_type
            error.text = page.text
            add_vary(error.headers, "Accept")
        cls = type(error)
        plain = _plain_errors.get(cls)
        if plain is None:
            plain = _plain_errors[cls] = _has_plain_methods(cls)
        whole = error.as_single_write() if plain and not request.has_prepare_hook else None
        if whole is None or self._writer.head_sent:
            return self._start_sending(request, error, returned=False)
        status, reason, block, body = whole
        self._writer.write_whole(status, reason, block, body)
        error.mark_sent(len(body))
        self.request = None
        return True

    def _start_sending(
        self, request: BaseRequest, response: StreamResponse, *, returned: bool
    ) -> bool:
        if self._writer.transport is None:
            response.release_body()
            return self._abort()
        task = self._shared.start_task(self._send(request, response, returned=returned))
        try:
            if task.done():
                return self._take_sent(request, task)
            self._task = task
            task.add_done_callback(self._sent)
            return False
        finally:
            del task  # as in start()

    async def _send(
        self, request: BaseRequest, response: StreamResponse, *, returned: bool
    ) -> StreamResponse:
        if returned and isinstance(response, HTTPException):
            warnings.warn(
                f"The handler of {request.method} {request.raw_path} returned {response!r}: "
                "raise an HTTPException, or return a Response",
                DeprecationWarning,
                stacklevel=1,
            )
        if response.prepared and not self._writer.head_sent:
            if self._writer.response_ended:
                # The handler has sent all of it.
                return response
            response = self._sent_before(request, response)
        elif not response.prepared and (self._writer.head_sent or self._writer.response_ended):
            raise self._second_response(request, response)
        try:
            await response.prepare(request)
            await response.write_eof()
        except BaseException:
            response.release_body()
            raise
        return response

    def _sent(self, task: "asyncio.Task[StreamResponse]") -> None:
        self._task = None
        request = self.request
        assert request is not None
        if self._take_sent(request, task):
            self._done()

    def _take_sent(self, request: BaseRequest, task: "asyncio.Task[StreamResponse]") -> bool:
        if task.cancelled():
            return self._abort()
        error = task.exception()
        if error is not None:
            return self._fail(request, error)
        self._end(request)
        return True

    def _end(self, request: BaseRequest | None) -> None:
        """Let go of the request and of its files; one that has any never takes the short way."""
        self.request = None
        if request is not None and request._uploads is not None:
            request._uploads.close_soon()

    def _fail(self, request: BaseRequest, error: BaseException) -> bool:
        if isinstance(error, ClientConnectionResetError):
            # Nobody's mistake, and nobody there to be told.
            return self._abort(error)
        answer = self._answer_to(request, error)
        if self._writer.head_sent or self._writer.response_ended:
            # Too late for another answer: a cut-off one is all that can tell the client.
            return self._abort(error)
        if isinstance(answer, HTTPException):
            return self._respond_error(request, answer)
        return self._respond(request, answer)

    def _abort(self, error: BaseException | None = None) -> bool:
        upgraded = self._writer.upgraded
        if upgraded is None:
            self._writer.abort()
        else:
            upgraded.handler_failed(error)
        self._end(self.request)
        return True

    # Errors.

    def _answer_to(self, request: BaseRequest, error: BaseException) -> StreamResponse:
        """Return the response to an exception that left the handler; logs what is a bug."""
        if isinstance(error, HTTPException):
            return error.with_traceback(None)
        if isinstance(error, RequestPayloadError):
            return HTTPBadRequest(text=f"400: {error}")
        self._shared.config.logger.error(
            "Error handling request %s %s", request.method, request.raw_path, exc_info=error
        )
        return self._server_error(request, error)

    def _server_error(self, request: BaseRequest, error: BaseException) -> Response:
        detail = ""
        if self._shared.config.debug:
            detail = "".join(traceback.format_exception(error))
        page = error_page(500, _accept(request), detail=detail)
        response = Response(status=500, text=page.text, content_type=page.content_type)
        # What the handler left half done is unknown: the next request gets a fresh connection.
        response.force_close()
        return response

    def _second_response(self, request: BaseRequest, response: StreamResponse) -> RuntimeError:
        return RuntimeError(
            f"The handler of {request.method} {request.raw_path} returned {response!r} after "
            "it had begun another response"
        )

    def _not_a_response(self, request: BaseRequest, result: object) -> StreamResponse:
        return self._misuse(
            request,
            f"returned {result!r}, but a handler must return a StreamResponse"
            + (": is a return statement missing?" if result is None else ""),
        )

    def _sent_before(self, request: BaseRequest, response: StreamResponse) -> StreamResponse:
        return self._misuse(
            request, f"returned {response!r}, which was sent before: make a new one per request"
        )

    def _misuse(self, request: BaseRequest, what: str) -> StreamResponse:
        error = RuntimeError(f"The handler of {request.method} {request.raw_path} {what}")
        self._shared.config.logger.error("Error handling request", exc_info=error)
        return self._server_error(request, error)
