"""One request and its response: runs the handler, sends what it returns, turns errors into answers.

An :class:`Exchange` takes any function from a request to an awaitable response; it knows nothing of
applications.  A connection has one and uses it for each request in turn.  The common case, a
handler that never waits and a small response, runs from the first byte of the request to the last
of the response inside one callback of the event loop: the handler's coroutine is started eagerly as
its own task (Python 3.12+), and what it returned leaves in one write.
"""

import asyncio
import functools
import sys
import traceback
from collections.abc import Awaitable, Callable
from html import escape
from types import CoroutineType
from typing import Any, Final, final

from weft_responses import (
    HTTPBadRequest,
    HTTPException,
    Response,
    StreamResponse,
)

from ._errors import ClientConnectionResetError, RequestPayloadError
from ._request import BaseRequest
from ._shared import Shared
from ._writer import StreamWriter

__all__ = ["Exchange"]

# Which response classes may be sent without their `prepare` and `write_eof` coroutines: those that
# did not replace them.  Classes are few and live long.
_plain_classes: Final[dict[type[StreamResponse], bool]] = {}


def _is_plain(cls: type[StreamResponse]) -> bool:
    plain = _plain_classes[cls] = (
        issubclass(cls, Response)
        and cls.prepare is StreamResponse.prepare
        and cls.write_eof is Response.write_eof
        and cls.write is StreamResponse.write
    )
    return plain


async def _await(awaitable: Awaitable[StreamResponse]) -> StreamResponse:
    return await awaitable


_Task = Callable[..., "asyncio.Task[StreamResponse]"]
if sys.version_info >= (3, 12):
    # Runs the coroutine up to its first wait before it returns.
    _start_task: _Task = functools.partial(asyncio.Task, eager_start=True)
else:
    _start_task: _Task = asyncio.Task


@final
class Exchange:
    """Runs one request at a time; ``done`` is called when a response ends that had to wait."""

    __slots__ = ("_done", "_shared", "_task", "_writer", "request")

    def __init__(self, shared: Shared, writer: StreamWriter, done: Callable[[], None]) -> None:
        self._shared: Final = shared
        self._writer: Final = writer
        self._done: Final = done
        #: The request under way, None between requests.
        self.request: BaseRequest | None = None
        # The task that runs the handler or sends the response, while it waits for something.
        self._task: asyncio.Task[Any] | None = None

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
            return self._respond(request, error.with_traceback(None))
        except Exception as error:  # noqa: BLE001  # whatever it is, the client gets an answer
            return self._fail(request, error)
        coroutine = awaitable if type(awaitable) is CoroutineType else _await(awaitable)
        task = _start_task(coroutine, loop=shared.loop)
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

    # The response.  Like start(), these return whether it is written.

    def _respond(self, request: BaseRequest, response: StreamResponse) -> bool:
        if _plain_classes.get(type(response)) and not request.has_prepare_hook:
            whole = response.whole()
            if whole is not None:
                block, body = whole
                self._writer.write_whole(response._status, response._reason, block, body)
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
        if self._writer.transport is None:
            return self._abort()
        task = _start_task(self._send(request, response), loop=self._shared.loop)
        try:
            if task.done():
                return self._take_sent(request, task)
            self._task = task
            task.add_done_callback(self._sent)
            return False
        finally:
            del task  # as in start()

    async def _send(self, request: BaseRequest, response: StreamResponse) -> StreamResponse:
        if response.prepared and not self._writer.head_sent:
            response = self._sent_before(request, response)
        elif self._writer.head_sent and not response.prepared:
            raise RuntimeError(
                f"The handler of {request.method} {request.raw_path} returned {response!r} after "
                "it had begun another response"
            )
        await response.prepare(request)
        await response.write_eof()
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
        self.request = None
        return True

    def _fail(self, request: BaseRequest, error: BaseException) -> bool:
        if isinstance(error, ClientConnectionResetError):
            # Nobody's mistake, and nobody there to be told.
            return self._abort()
        answer = self._answer_to(request, error)
        if self._writer.head_sent:
            # Too late for another answer: a cut-off one is all that can tell the client.
            return self._abort()
        return self._respond(request, answer)

    def _abort(self) -> bool:
        self._writer.abort()
        self.request = None
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
        accepts_html = "text/html" in request.headers.get("Accept", "")
        detail = ""
        if self._shared.config.debug:
            detail = "".join(traceback.format_exception(error))
        response: Response
        if accepts_html:
            detail = f"<pre>{escape(detail)}</pre>" if detail else ""
            page = (
                "<!DOCTYPE html><html><head><title>500 Internal Server Error</title></head>"
                f"<body><h1>500 Internal Server Error</h1>{detail}</body></html>"
            )
            response = Response(status=500, text=page, content_type="text/html")
        else:
            detail = f"\n\n{detail}" if detail else ""
            response = Response(status=500, text=f"500: Internal Server Error{detail}")
        # What the handler left half done is unknown: the next request gets a fresh connection.
        response.force_close()
        return response

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
