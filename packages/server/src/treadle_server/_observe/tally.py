"""``Tally``: counts requests by their labels, as plain numbers that can be read at any time.

The numbers are those of one event loop, which alone changes them, so that no lock is needed: a
reader in another thread sees each number as it was at some moment. Counting one request is the
lookup of its labels and a few additions; all that a report needs beyond this is done by its reader.

The number of series is bounded: by the routes of the program, by the methods that are known, and
by ``MOST_SERIES`` in any case.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Sequence
from functools import partial
from time import perf_counter
from typing import Final, NamedTuple, final

from treadle_responses import Response, StreamResponse
from treadle_server._app.application import Handler, Middleware, Request
from treadle_server._app.middleware import middleware
from treadle_server._routing.interfaces import AbstractRoute
from treadle_server._routing.match_info import template_of

from .labels import KNOWN_METHODS, OTHER, error_type, status_of_error

__all__ = ["MOST_SERIES", "Group", "Labels", "Measured", "Series", "Tally"]

#: The most series that are kept; requests beyond them are counted under the route ``_OTHER``.
MOST_SERIES: Final = 2_000
#: The most shortcuts of one group: resources of other classes may make a route for each request.
_MOST_SHORTCUTS: Final = 4 * MOST_SERIES

_Shortcut = tuple[AbstractRoute | None, int]


class Labels(NamedTuple):
    """The labels of a series; those without a value are empty."""

    method: str
    status: str
    route: str
    scheme: str
    error_type: str


class Measured(NamedTuple):
    """One histogram: the number of values in each bucket, and their sum."""

    buckets: list[int]
    sum: float


@final
class Series:
    """The requests that have the same labels."""

    # Without ``__slots__``: the interpreter changes these attributes as quickly.
    def __init__(self, labels: Labels, bounds: int, size_bounds: int) -> None:
        self.labels: Final = labels
        self.durations: Final = [0] * (bounds + 1)
        self.duration_sum = 0.0
        # Only of bodies that are not empty.
        self.request_sizes: Final = [0] * (size_bounds + 1)
        self.request_sum = 0
        self.response_sizes: Final = [0] * (size_bounds + 1)
        self.response_sum = 0

    def read(self) -> tuple[Measured, Measured, Measured]:
        """Return the durations, and the sizes of the bodies of requests and of responses."""
        # First the parts: the whole is never less than them, even while a request is counted.
        requests, responses = self.request_sizes[:], self.response_sizes[:]
        durations = self.durations[:]
        count = sum(durations)
        for sizes in (requests, responses):
            sizes[0] += max(0, count - sum(sizes))
        return (
            Measured(durations, self.duration_sum),
            Measured(requests, self.request_sum),
            Measured(responses, self.response_sum),
        )


@final
class Group:
    """The requests of one method and scheme."""

    def __init__(self, method: str, scheme: str) -> None:
        self.method: Final = method
        self.scheme: Final = scheme
        #: The requests that are under way.
        self.active = 0
        #: True once a request has ended.
        self.used = False
        #: False if responses have no body.
        self.has_bodies: Final = method != "HEAD"
        #: The series of routes with the status 200 that were seen, and with other statuses.
        self.found: Final[dict[AbstractRoute | None, Series]] = {}
        self.shortcuts: Final[dict[_Shortcut, Series]] = {}


@final
class _Groups(dict[str, Group]):
    """The groups of one scheme by method; those of unknown methods share one."""

    def __init__(self, scheme: str) -> None:
        super().__init__({method: Group(method, scheme) for method in sorted(KNOWN_METHODS)})
        self.others: Final = Group(OTHER, scheme)

    def __missing__(self, method: str) -> Group:
        # Not stored: a stranger chooses it.
        return self.others


@final
class Tally:
    """Counts the requests that pass through ``middleware``.

    ``bounds`` are the upper bounds of the buckets of durations in seconds, ``size_bounds`` those of
    sizes in bytes, each in ascending order and without infinity. Requests to the templates
    ``excluded`` are not counted. ``on_change`` is called when a request begins and when it ends.
    """

    def __init__(
        self,
        bounds: Sequence[float],
        size_bounds: Sequence[float],
        *,
        excluded: Collection[str] = (),
    ) -> None:
        self.bounds: Final = tuple(bounds)
        self.size_bounds: Final = tuple(size_bounds)
        self._excluded: Final = frozenset(excluded)
        self._plain: Final = _Groups("http")
        self._tls: Final = _Groups("https")
        self._series: Final[dict[Labels, Series]] = {}
        # Counts what is not reported.
        self._dropped: Final = self._make(Labels("", "", "", "", ""))
        self.on_change: Callable[[], object] | None = None
        self.middleware: Final[Middleware] = self._make_middleware()

    def groups(self) -> list[Group]:
        """Return the groups that have been used."""
        every = [
            group
            for groups in (self._plain, self._tls)
            for group in (*groups.values(), groups.others)
        ]
        return [group for group in every if group.used or group.active]

    def series(self) -> list[Series]:
        """Return the series."""
        return list(self._series.values())

    def _make(self, labels: Labels) -> Series:
        return Series(labels, len(self.bounds), len(self.size_bounds))

    def _make_middleware(self) -> Middleware:
        plain, tls, bounds, size_bounds = self._plain, self._tls, self.bounds, self.size_bounds
        lowest, lowest_size = bounds[0], size_bounds[0]

        @middleware
        async def count(request: Request, handler: Handler) -> StreamResponse:
            # Attributes instead of properties: this is 15 % of a hello (tools/bench/observers.py).
            head = request._head  # noqa: SLF001
            if request._scheme is None and request._connection.ssl_context is None:  # noqa: SLF001
                group = plain[head.method]
            else:
                group = (tls if request.secure else plain)[head.method]
            group.active += 1
            if self.on_change is not None:
                self.on_change()
            began = perf_counter()
            try:
                response = await handler(request)
            except BaseException as error:
                self._raised(group, request, error, began)
                raise
            # The common case: a whole body, of which only the head is still to be made.
            if type(response) is Response and type(body := response.body) is bytes:
                routed = request._routed  # noqa: SLF001
                if type(routed) is tuple and request._match_info is None:  # noqa: SLF001
                    route: AbstractRoute | None = routed[1].handler
                else:
                    route = request.found_route
                status = response.status
                if status == 200:
                    series = group.found.get(route)
                else:
                    series = group.shortcuts.get((route, status))
                if series is not None and not response.compression:
                    group.active -= 1
                    seconds = perf_counter() - began
                    # Nearly all are in the first bucket, without a search.
                    index = 0 if seconds <= lowest else bisect_left(bounds, seconds)
                    series.durations[index] += 1
                    series.duration_sum += seconds
                    if head.framing.content_length != 0:
                        size = request.body_size
                        series.request_sizes[bisect_left(size_bounds, size)] += 1
                        series.request_sum += size
                    if (size := len(body)) != 0 and group.has_bodies:
                        index = 0 if size <= lowest_size else bisect_left(size_bounds, size)
                        series.response_sizes[index] += 1
                        series.response_sum += size
                    if self.on_change is not None:
                        self.on_change()
                    return response
            self._returned(group, request, response, began)
            return response

        return count

    # All other cases.

    def _returned(
        self, group: Group, request: Request, response: StreamResponse, began: float
    ) -> None:
        """Count a request when its response has been sent."""
        if isinstance(response, StreamResponse):
            request.add_cleanup(partial(self._sent, group, request, response, began))
        else:
            # A mistake that the server answers with 500.
            self._end(group, request, 500, "TypeError", began, 0)

    def _raised(self, group: Group, request: Request, error: BaseException, began: float) -> None:
        status = status_of_error(request, error)
        kind = error_type(error, status)
        if isinstance(error, StreamResponse):
            request.add_cleanup(partial(self._sent, group, request, error, began))
        else:
            self._end(group, request, status, kind, began, 0)

    def _sent(self, group: Group, request: Request, response: StreamResponse, began: float) -> None:
        status = response.status
        kind = ""
        if status >= 500:
            kind = str(status)
        elif not response.eof_sent and status != 101:
            # The client has left before the end, or the body could not be read to its end.
            kind = "incomplete"
        size = response.content_length if request.method != "HEAD" else 0
        self._end(
            group, request, status, kind, began, response.body_length if size is None else size
        )

    def _end(
        self, group: Group, request: Request, status: int | None, kind: str, began: float, size: int
    ) -> None:
        group.active -= 1
        series = self._find(group, request.found_route, status, kind)
        seconds = perf_counter() - began
        series.durations[bisect_left(self.bounds, seconds)] += 1
        series.duration_sum += seconds
        if (received := request.body_size) != 0:
            series.request_sizes[bisect_left(self.size_bounds, received)] += 1
            series.request_sum += received
        if size != 0:
            series.response_sizes[bisect_left(self.size_bounds, size)] += 1
            series.response_sum += size
        if self.on_change is not None:
            self.on_change()

    def _find(
        self, group: Group, route: AbstractRoute | None, status: int | None, kind: str
    ) -> Series:
        """Return the series of a request; at the first one, make it and its shortcut."""
        group.used = True
        template = template_of(route) or ""
        if template and template in self._excluded:
            series = self._dropped
        else:
            code = "" if status is None else str(status)
            labels = Labels(group.method, code, template, group.scheme, kind)
            found = self._series.get(labels)
            if found is None and len(self._series) >= MOST_SERIES:
                labels = labels._replace(route=OTHER, status=_class_of(code), error_type="")
                found = self._series.get(labels)
            if found is None:
                found = self._series[labels] = self._make(labels)
            series = found
        if status is not None and kind == (str(status) if status >= 500 else ""):
            if len(group.shortcuts) + len(group.found) >= _MOST_SHORTCUTS:
                group.shortcuts.clear()
                group.found.clear()
            known = route if template else None
            if status == 200:
                group.found[known] = series
            else:
                group.shortcuts[(known, status)] = series
        return series


def _class_of(code: str) -> str:
    """Return a status that stands for its class."""
    return f"{code[0]}00" if code else ""
