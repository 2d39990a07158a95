"""``WSGIHandler``: a WSGI application as the handler of requests of the server.

A request takes this way: its body is stored, a thread of the application's pool calls it, and the
handler returns a response when the head is final. The server then sends the body while the thread
makes it.
"""

import asyncio
import functools
from collections.abc import Mapping
from typing import Final, final
from wsgiref.types import WSGIApplication, WSGIEnvironment

from treadle_multipart import SpoolPolicy
from treadle_responses import HTTPServiceUnavailable, StreamResponse
from treadle_server import BaseRequest

from .body import StoredBody, store_body
from .call import Answer, Call
from .environ import base_environ
from .errors import ErrorStream
from .files import FileWrapper
from .head import has_no_body
from .pool import ThreadPool
from .response import FileBody, StreamedBody, whole_response

__all__ = ["DEFAULT_MAX_WAITING", "DEFAULT_THREADS", "WSGIHandler"]

#: As in waitress. An application that waits for a database more than it computes may use more.
DEFAULT_THREADS: Final = 4
#: A request that waits costs little but its client's patience: 25 for each of the threads.
DEFAULT_MAX_WAITING: Final = 100

#: Seconds for threads to end behind the server's own ``shutdown_timeout``, in which handlers end.
_LAST_WAIT: Final = 1.0


@final
class WSGIHandler:
    """Answers requests with ``app``, in ``threads`` threads of its own.

    ``max_waiting`` more requests wait for a thread; those beyond get 503. ``spool`` says where
    bodies are stored. ``name`` is for the names of the threads.
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        name: str = "wsgi",
        threads: int = DEFAULT_THREADS,
        max_waiting: int = DEFAULT_MAX_WAITING,
        spool: SpoolPolicy | None = None,
    ) -> None:
        """Raises ``TypeError`` and ``ValueError`` for numbers that cannot be meant."""
        for number, what, least in ((threads, "threads", 1), (max_waiting, "max_waiting", 0)):
            if not isinstance(number, int) or isinstance(number, bool):
                raise TypeError(f"{what} is a number, not {number!r}")
            if number < least:
                raise ValueError(f"{what} is {number}: give at least {least}")
        if spool is not None and not isinstance(spool, SpoolPolicy):
            raise TypeError(f"spool is a treadle_multipart.SpoolPolicy, not {spool!r}")
        self._app: Final = app
        self._name: Final = name
        self._threads: Final = threads
        self._max_waiting: Final = max_waiting
        self._spool: Final = spool or SpoolPolicy()
        # Made with the first request: a process that is forked takes no threads along.
        self._pool: ThreadPool | None = None

    async def close(self) -> None:
        """End the threads; those that do not end are named in the log."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close(_LAST_WAIT)

    async def handle(
        self, request: BaseRequest, prefix: str, rest: str, match_info: Mapping[str, str]
    ) -> StreamResponse:
        """Return the response of the application.

        ``prefix`` and ``rest`` are the parts of the path as sent: ``SCRIPT_NAME`` and ``PATH_INFO``
        before they are decoded. Raises what the application raises, ``HTTPServiceUnavailable``
        if too many requests wait, and ``HTTPRequestEntityTooLarge``.
        """
        pool = self._pool
        if pool is None:
            pool = self._pool = ThreadPool(self._name, self._threads, self._max_waiting)
        if pool.is_full:
            raise _busy()
        body = await store_body(request, self._spool)
        call = self._call(request, prefix, rest, match_info, body)
        if not pool.add(call):
            call.drop()
            raise _busy()
        try:
            answer = await call.answer
        except BaseException:
            # The server stops, or a middleware has lost its patience.
            call.abandon()
            raise
        return self._response(request, pool, call, answer)

    def _call(
        self,
        request: BaseRequest,
        prefix: str,
        rest: str,
        match_info: Mapping[str, str],
        body: StoredBody,
    ) -> Call:
        environ = base_environ(
            request,
            prefix=prefix,
            rest=rest,
            match_info=match_info,
            body_size=body.spool.size if request.body_exists else None,
            decoded=body.was_decoded,
        )
        environ |= self._own_keys(request, body)
        return Call(
            self._app,
            environ,
            body.spool,
            loop=asyncio.get_running_loop(),
            what=f"{request.method} {request.raw_path}",
        )

    def _own_keys(self, request: BaseRequest, body: StoredBody) -> WSGIEnvironment:
        return {
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": request.scheme,
            "wsgi.input": body.spool.file,
            # It ends by itself: an application need not count.
            "wsgi.input_terminated": True,
            "wsgi.errors": ErrorStream(),
            "wsgi.multithread": self._threads > 1,
            # It may: a server has any number of workers.
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
        }

    def _response(
        self, request: BaseRequest, pool: ThreadPool, call: Call, answer: Answer
    ) -> StreamResponse:
        if answer.body is not None:
            return whole_response(answer.head, answer.body)
        response: StreamedBody | FileBody
        if answer.file is None:
            response = StreamedBody(answer.head, call.pipe)
        else:
            file, wrapper = answer.file
            close = functools.partial(_close_in_thread, pool, wrapper, call.describe())
            bodiless = has_no_body(request.method, answer.head.status)
            response = FileBody(answer.head, file, wrapper, close, bodiless=bodiless)
        # Also if a middleware sends another response in its place.
        request.add_cleanup(response.release_body)
        return response


@final
class _Closing:
    """A job: close a file that was sent."""

    def __init__(self, wrapper: FileWrapper, what: str) -> None:
        self._wrapper: Final = wrapper
        self._what: Final = what

    def run(self) -> None:
        """Close the file."""
        close = getattr(self._wrapper, "close", None)
        if close is not None:
            close()

    def drop(self) -> None:
        """Close the file, although it may block: there are no threads any more."""
        self.run()

    def describe(self) -> str:
        """Return the request for a log line."""
        return self._what


def _close_in_thread(pool: ThreadPool, wrapper: FileWrapper, what: str) -> None:
    job = _Closing(wrapper, what)
    if not pool.add(job, must=True):
        job.drop()


def _busy() -> HTTPServiceUnavailable:
    return HTTPServiceUnavailable(
        headers={"Retry-After": "1"},
        text="503: Too many requests wait for this application, try again",
    )
