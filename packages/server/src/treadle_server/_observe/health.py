"""``Health``: tells orchestrators and balancers if the process lives, and if it wants requests.

Liveness asks for nothing but a running event loop. Readiness follows the life of the application,
and checks that the program adds: they run concurrently, each one at most once at a time, and their
results are kept for a short time, so that strangers cannot ask a database through them.
"""

import asyncio
import inspect
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, final

from treadle_http_parser.fields import parse_accept
from treadle_responses import Response, json_response
from treadle_server._app.application import Application, Request
from treadle_server._app.definitions import get
from treadle_server._core.errors import web_logger
from treadle_server._core.logs import log_error, log_event, shown
from treadle_server._routing.definitions import RouteDef

__all__ = ["Health", "HealthCheck"]

#: Returns False or raises if the application cannot serve; any other result is a good one.
HealthCheck = Callable[[Application], Awaitable[object] | bool | None]

#: Seconds between two lines of the log about a check that goes on failing.
_REPEAT: Final = 60.0

_OK: Final = "ok"
_JSON: Final = "application/json"


@final
@dataclass(frozen=True, slots=True)
class _Report:
    """The results of all checks, by name."""

    results: dict[str, str]
    #: The errors of those that raised.
    errors: dict[str, BaseException]

    @property
    def failing(self) -> list[str]:
        return [name for name, result in self.results.items() if result != _OK]


@final
class _Check:
    """One check: its function, and the task that runs it."""

    def __init__(self, name: str, function: HealthCheck, timeout: float) -> None:
        self.name: Final = name
        self._function: Final = function
        self._timeout: Final = timeout
        # A function that does not end although it was cancelled is not called again.
        self._task: asyncio.Task[object] | None = None
        # The time from which on a failure is logged, None while the check does not fail.
        self._silent_until: float | None = None

    async def run(self, app: Application) -> tuple[str, BaseException | None]:
        """Return the result, and the error if the function has raised one."""
        if self._task is None or self._task.done():
            self._task = asyncio.ensure_future(self._call(app))
            await asyncio.wait((self._task,), timeout=self._timeout)
        task = self._task
        if not task.done():
            task.cancel()
            result, error = "timed out", None
        elif task.cancelled():
            result, error = "cancelled", None
        elif (error := task.exception()) is None:
            result = "failed" if task.result() is False else _OK
        else:
            result = "failed"
        self._log(result, error)
        return result, error

    async def _call(self, app: Application) -> object:
        result = self._function(app)
        return await result if inspect.isawaitable(result) else result

    def _log(self, result: str, error: BaseException | None) -> None:
        now = asyncio.get_running_loop().time()
        if result == _OK:
            if self._silent_until is not None:
                self._silent_until = None
                log_event(
                    web_logger, logging.INFO, f"The health check {self.name!r} succeeds again"
                )
        elif self._silent_until is None or now >= self._silent_until:
            self._silent_until = now + _REPEAT
            text = "The health check %s: %s. It is logged once a minute while it fails"
            log_error(web_logger, text, self.name, result, error=error)


@final
class Health:
    """The handlers of health checks.

    >>> from treadle import web  # doctest: +SKIP
    >>> health = web.Health()  # doctest: +SKIP
    >>> health.add_check("database", ask_database, timeout=2.0)  # doctest: +SKIP
    >>> app.add_routes(health.routes())  # doctest: +SKIP

    The results of the checks are kept for ``cache_time`` seconds. Answers name the checks that
    fail; with ``details`` they have the texts of exceptions too, which are not for strangers. The
    answers are not in the access log unless ``access_log`` is true.
    """

    def __init__(
        self, *, cache_time: float = 1.0, details: bool = False, access_log: bool = False
    ) -> None:
        _check_seconds("cache_time", cache_time, may_be_0=True)
        self._cache_time: Final = cache_time
        self._details: Final = details
        self._access_log: Final = access_log
        self._checks: Final[dict[str, _Check]] = {}
        # The last report, the time to which it counts, and the task that makes the next one. They
        # are those of one event loop.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._report: _Report | None = None
        self._fresh_until = 0.0
        self._running: asyncio.Task[_Report] | None = None

    def add_check(self, name: str, check: HealthCheck, *, timeout: float = 2.0) -> None:
        """Add a condition of readiness under a name that answers show.

        ``check`` is called with the application of the request, and is an async function or one
        that returns at once. It fails if it returns False, raises, or takes more than ``timeout``
        seconds. Raises ``ValueError`` for a name that is taken or not printable, or a bad timeout,
        and ``TypeError`` for a check that cannot be called.
        """
        if not name or not name.isprintable():
            raise ValueError(f"The name of a health check is printable text, not {name!r}")
        if name in self._checks:
            raise ValueError(f"There is a health check {name!r} already: give another name")
        if not callable(check):
            raise TypeError(f"The health check {name!r} is a function, not {check!r}")
        _check_seconds(f"timeout of the health check {name!r}", timeout)
        self._checks[name] = _Check(name, check, timeout)
        self._fresh_until = 0.0

    def routes(self, *, live: str = "/livez", ready: str = "/readyz") -> list[RouteDef]:
        """Return the routes of both handlers, for ``app.add_routes``."""
        return [get(live, self.live), get(ready, self.ready)]

    async def live(self, request: Request) -> Response:
        """Answer 200: the event loop runs."""
        return self._answer(request, "live", {}, status=200)

    async def ready(self, request: Request) -> Response:
        """Answer 200 if the application has started, does not stop, and all checks succeed."""
        progress = request.progress
        if progress != "serving":
            return self._answer(request, progress, {}, status=503)
        if not self._checks:
            return self._answer(request, "ready", {}, status=200)
        report = await self._ask(request.app)
        # A stop may have begun meanwhile.
        progress = request.progress
        if progress != "serving":
            return self._answer(request, progress, {}, status=503)
        results = report.results
        if self._details:
            results = results | {
                name: f"{results[name]}: {shown(f'{type(error).__name__}: {error}')}"
                for name, error in report.errors.items()
            }
        if report.failing:
            return self._answer(request, "not ready", results, status=503)
        return self._answer(request, "ready", results, status=200)

    async def _ask(self, app: Application) -> _Report:
        """Return a report that is fresh enough; requests at one time share it."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._report, self._running = loop, None, None
        if self._report is not None and loop.time() < self._fresh_until:
            return self._report
        if self._running is None or self._running.done():
            self._running = loop.create_task(self._run_all(app))
        # It goes on if one of its clients leaves.
        return await asyncio.shield(self._running)

    async def _run_all(self, app: Application) -> _Report:
        checks = list(self._checks.values())
        results = await asyncio.gather(*(check.run(app) for check in checks))
        named = [(check.name, *result) for check, result in zip(checks, results, strict=True)]
        self._report = report = _Report(
            {name: result for name, result, _ in named},
            {name: error for name, _, error in named if error is not None},
        )
        self._fresh_until = asyncio.get_running_loop().time() + self._cache_time
        return report

    def _answer(
        self, request: Request, state: str, results: dict[str, str], *, status: int
    ) -> Response:
        request.access_log = self._access_log
        headers = {"Cache-Control": "no-store", "Vary": "Accept"}
        accept = ", ".join(request.headers.getall("Accept", ()))
        if accept and parse_accept(accept).best(("text/plain", _JSON)) == _JSON:
            content: dict[str, object] = {"status": state}
            if results:
                content["checks"] = results
            return json_response(content, status=status, headers=headers)
        lines = [state, *(f"{name}: {result}" for name, result in results.items())]
        return Response(text="\n".join(lines) + "\n", status=status, headers=headers)


def _check_seconds(name: str, value: float, *, may_be_0: bool = False) -> None:
    if not 0 <= value < math.inf or (value == 0 and not may_be_0):
        least = "0 or more" if may_be_0 else "more than 0"
        raise ValueError(f"{name} is a number of seconds, {least}, not {value!r}")
