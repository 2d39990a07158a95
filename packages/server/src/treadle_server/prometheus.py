"""Metrics of an application for Prometheus; ``treadle.prometheus`` has these names too.

``Metrics`` counts requests, and answers the scrapes of Prometheus with the library
``prometheus_client``, which the extra ``treadle[prometheus]`` installs. Names and labels are those
of OpenTelemetry's semantic conventions for HTTP servers, as Prometheus spells them.

Requests are counted by ``Tally`` as plain numbers, and turned into metrics when they are read: a
``Histogram`` of the library takes a lock and a walk through its buckets for each value, which is a
third of a small request. In a process of its own, a collector does that at each scrape. Workers
write what has changed to the library's files a moment after it has changed, so that any of them can
add up all.
"""

import asyncio
import itertools
import math
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol, final

from treadle_responses import Response
from treadle_server._app.application import Application, Middleware, Request
from treadle_server._core.errors import web_logger
from treadle_server._core.logs import log_warning
from treadle_server._observe.labels import DURATION_BUCKETS
from treadle_server._observe.tally import Group, Measured, Series, Tally
from treadle_server._workers.metrics_files import BEGINNINGS, Place, find_place

try:
    from prometheus_client import REGISTRY, CollectorRegistry, values
    from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.metrics_core import Metric
    from prometheus_client.multiprocess import MultiProcessCollector
    from prometheus_client.registry import Collector
    from prometheus_client.utils import floatToGoString
except ImportError as _error:
    raise ImportError(
        "treadle.prometheus needs prometheus_client: pip install 'treadle[prometheus]'"
    ) from _error

__all__ = ["DURATION_BUCKETS", "SIZE_BUCKETS", "Metrics"]

#: The upper bounds of sizes in bytes: each four times the one before.
SIZE_BUCKETS: Final = (256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304)

#: Seconds after which a worker writes what it has counted: so much is lost if it is killed.
_WRITE_DELAY: Final = 0.1

_LABELS: Final = (
    "http_request_method", "http_response_status_code", "http_route", "url_scheme", "error_type",
)  # fmt: skip
_GROUP_LABELS: Final = ("http_request_method", "url_scheme")

_ACTIVE: Final = "http_server_active_requests", "HTTP requests that are under way."
#: In the order of ``Series.read``.
_HISTOGRAMS: Final = (
    ("http_server_request_duration_seconds", "Duration of HTTP requests."),
    ("http_server_request_body_size_bytes", "Size of the bodies of HTTP requests."),
    ("http_server_response_body_size_bytes", "Size of the bodies of HTTP responses."),
)


@final
class Metrics:
    """Counts the requests of an application, and answers scrapes.

    >>> from treadle import prometheus  # doctest: +SKIP
    >>> prometheus.Metrics().setup(app)  # doctest: +SKIP

    ``buckets`` and ``size_buckets`` are the upper bounds of durations in seconds and of sizes in
    bytes. The metrics are in ``registry``, the library's default one if it is None. Requests to the
    routes ``exclude``, given by their templates, are not counted. With workers the metrics of all
    of them are in one directory instead of ``registry``: docs/observability.md.

    Raises ``ValueError`` for bounds that do not ascend.
    """

    def __init__(
        self,
        *,
        buckets: Sequence[float] = DURATION_BUCKETS,
        size_buckets: Sequence[float] = SIZE_BUCKETS,
        registry: CollectorRegistry | None = None,
        exclude: Iterable[str] = (),
    ) -> None:
        if isinstance(exclude, str):
            raise TypeError(f"exclude is a collection of templates: ({exclude!r},)")
        bounds = _bounds("buckets", buckets), _bounds("size_buckets", size_buckets)
        self._tally: Final = Tally(*bounds, excluded=frozenset(exclude))
        self._registry: Final = REGISTRY if registry is None else registry
        self._collector: _TallyCollector | None = None
        self._files: _Files | None = None

    @property
    def middleware(self) -> Middleware:
        """The middleware that counts; it should be the outermost one."""
        return self._tally.middleware

    def setup(self, app: Application, *, path: str | None = "/metrics") -> None:
        """Put the middleware around all others of ``app``, and answer scrapes at ``path``.

        None adds no route: the handler is ``expose``.
        """
        app.middlewares.insert(0, self.middleware)
        app.on_startup.append(self._start)
        app.on_cleanup.append(self._stop)
        if path is not None:
            app.router.add_get(path, self.expose)

    async def expose(self, request: Request) -> Response:
        """Answer a scrape, in the format that it asks for."""
        self._open()
        encode, content_type = choose_encoder(", ".join(request.headers.getall("Accept", ())))
        # In a thread: a registry may have thousands of samples, and collectors that read files.
        body = await asyncio.to_thread(encode, self._whole_registry())
        response = Response(body=body, headers={"Content-Type": content_type})
        response.enable_compression()
        return response

    async def _start(self, _app: Application) -> None:
        self._open()

    async def _stop(self, _app: Application) -> None:
        if self._files is not None:
            self._files.write()
        if self._collector is not None:
            self._registry.unregister(self._collector)
            self._collector = None

    def _open(self) -> None:
        """Make the metrics readable: here, because a fork must not share them."""
        place = find_place()
        if place is None:
            if self._collector is None:
                collector = _TallyCollector(self._tally)
                self._registry.register(collector)
                self._collector = collector
        elif self._files is None or self._files.pid != os.getpid():
            _adopt()
            _claim(self)
            self._files = _Files(self._tally, place)
            self._tally.on_change = self._files.schedule

    def _whole_registry(self) -> CollectorRegistry:
        if self._files is None:
            return self._registry
        self._files.write()
        registry = CollectorRegistry()
        collector: Callable[..., object] = MultiProcessCollector
        collector(registry, self._files.directory)
        return registry


def _bounds(name: str, given: Sequence[float]) -> list[float]:
    bounds = [float(bound) for bound in given]
    if bounds and bounds[-1] == math.inf:
        del bounds[-1]
    ascending = all(one < other for one, other in itertools.pairwise(bounds))
    if not bounds or not ascending or not all(0 <= bound < math.inf for bound in bounds):
        raise ValueError(f"{name} are ascending numbers of 0 or more, at least one; got {given!r}")
    return bounds


def _levels(bounds: Sequence[float]) -> list[str]:
    """Return the values of the label ``le``."""
    name: Callable[[float], str] = floatToGoString
    return [name(bound) for bound in (*bounds, math.inf)]


@final
class _TallyCollector(Collector):
    """The metrics of a process that keeps them to itself."""

    def __init__(self, tally: Tally) -> None:
        self._tally: Final = tally

    def describe(self) -> Iterable[Metric]:
        """Return the metrics without samples: the registry looks at their names."""
        return [family for family, _ in self._families()] + [self._active()]

    def _families(self) -> list[tuple[HistogramMetricFamily, list[str]]]:
        sizes = _levels(self._tally.size_bounds)
        levels = _levels(self._tally.bounds), sizes, sizes
        return [
            (HistogramMetricFamily(name, text, labels=_LABELS), each)
            for (name, text), each in zip(_HISTOGRAMS, levels, strict=True)
        ]

    def _active(self) -> GaugeMetricFamily:
        return GaugeMetricFamily(*_ACTIVE, labels=_GROUP_LABELS)

    def collect(self) -> Iterator[Metric]:
        """Return the metrics."""
        families = self._families()
        for series in self._tally.series():
            for (family, levels), measured in zip(families, series.read(), strict=True):
                counts = itertools.accumulate(measured.buckets)
                buckets = list(zip(levels, counts, strict=True))
                family.add_metric(series.labels, buckets, measured.sum)
        active = self._active()
        for group in self._tally.groups():
            active.add_metric((group.method, group.scheme), group.active)
        yield active
        for family, _ in families:
            yield family


# Workers.

_used: int | None = None
_writer: tuple[int, Metrics] | None = None


def _claim(metrics: Metrics) -> None:
    """Refuse a second writer of the same files: a registry would refuse its names."""
    global _writer  # noqa: PLW0603  # as below
    if _writer is not None and _writer[0] == os.getpid() and _writer[1] is not metrics:
        raise ValueError("Two Metrics have the same names: one counts the requests of a process")
    _writer = os.getpid(), metrics


def _adopt() -> None:
    """In a worker, have the library keep the metrics that are made from now on in its files."""
    global _used  # noqa: PLW0603  # the library's choice is one of the process too
    place = find_place()
    if place is None or place.slot is None or _used == os.getpid():
        return
    own, slot = os.getpid(), place.slot

    def identify() -> str | int:
        # A process that the worker forks must not write to its files.
        pid = os.getpid()
        return slot if pid == own else pid

    if values.ValueClass is values.MutexValue:
        _warn_of_metrics()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = place.directory
    make: Callable[[Callable[[], str | int]], type[values.MutexValue]] = values.MultiProcessValue
    values.ValueClass = make(identify)
    _used = own


def _warn_of_metrics() -> None:
    """Name the program's own metrics that were made too early to be in files."""
    # Those that the library has by itself.
    default = ("python_", "process_", "http_server_")
    names = [metric.name for metric in REGISTRY.collect() if not metric.name.startswith(default)]
    if names:
        log_warning(
            web_logger,
            "These metrics were made before the worker started, so that scrapes do not have them: "
            "%s. Give run_app() a function that imports and makes the application, or set "
            "PROMETHEUS_MULTIPROC_DIR",
            ", ".join(names),
        )


class _Value(Protocol):
    """One number in a file; the library's class has no types."""

    def inc(self, amount: float) -> None: ...

    def set(self, value: float) -> None: ...


_MakeValue = Callable[..., _Value]


@final
class _Files:
    """Writes what a tally has counted to the library's files."""

    def __init__(self, tally: Tally, place: Place) -> None:
        Path(place.directory).mkdir(parents=True, exist_ok=True)
        self.directory: Final = place.directory
        self.pid: Final = os.getpid()
        self._tally: Final = tally
        self._make_value: Final[_MakeValue] = values.ValueClass
        self._histograms: Final[dict[Series, list[_FileHistogram]]] = {}
        self._gauges: Final[dict[Group, _Value]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def schedule(self) -> None:
        """Write soon; called for each request."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_WRITE_DELAY, self.write)

    def write(self) -> None:
        """Write what has changed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for series in self._tally.series():
            histograms = self._histograms.get(series)
            if histograms is None:
                histograms = self._histograms[series] = self._make_histograms(series)
            if histograms[0].sum != series.duration_sum:
                for histogram, measured in zip(histograms, series.read(), strict=True):
                    histogram.write(measured)
        for group in self._tally.groups():
            gauge = self._gauges.get(group)
            if gauge is None:
                gauge = self._gauges[group] = self._make_gauge(group)
            gauge.set(group.active)

    def _make_histograms(self, series: Series) -> "list[_FileHistogram]":
        sizes = _levels(self._tally.size_bounds)
        levels = _levels(self._tally.bounds), sizes, sizes
        return [
            _FileHistogram(self._make_value, name, text, series.labels, each)
            for (name, text), each in zip(_HISTOGRAMS, levels, strict=True)
        ]

    def _make_gauge(self, group: Group) -> _Value:
        name, text = _ACTIVE
        labels = [group.method, group.scheme]
        # ``livesum``: the sum of the processes that live.
        return self._make_value(
            "gauge", name, name, list(_GROUP_LABELS), labels, text, multiprocess_mode="livesum"
        )


@final
class _FileHistogram:
    """One histogram of one series in the files, and what was written to it."""

    def __init__(
        self,
        make_value: _MakeValue,
        name: str,
        text: str,
        labels: Sequence[str],
        levels: Sequence[str],
    ) -> None:
        self.sum = 0.0
        self._counts: Final = [0] * len(levels)
        self._sum: Final = make_value(
            "histogram", name, f"{name}_sum", list(_LABELS), list(labels), text
        )
        self._buckets: Final = [
            make_value(
                "histogram", name, f"{name}_bucket", [*_LABELS, "le"], [*labels, level], text
            )
            for level in levels
        ]

    def write(self, measured: Measured) -> None:
        """Add what is new: the file may have the numbers of a worker before this one."""
        if measured.sum != self.sum:
            self._sum.inc(measured.sum - self.sum)
            self.sum = measured.sum
        for index, count in enumerate(measured.buckets):
            if count != self._counts[index]:
                self._buckets[index].inc(count - self._counts[index])
                self._counts[index] = count


# As early as the program can make metrics of its own: in a worker that imports this module, and in
# one that was forked behind the import.
_adopt()
BEGINNINGS.append(_adopt)
