"""Traces of an application for OpenTelemetry; ``treadle.opentelemetry`` has these names too.

``Tracing`` makes a server span for each request, with the stable semantic conventions for HTTP. It
needs the API of OpenTelemetry only, which the extra ``treadle[opentelemetry]`` installs: without an
SDK, it passes the context of a request on and makes no spans.
"""

import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Final, final

from multidict import CIMultiDictProxy

from treadle_http_parser import Request as Head
from treadle_responses import Response, StreamResponse
from treadle_server._app.application import Application, Handler, Middleware, Request
from treadle_server._app.middleware import middleware
from treadle_server._http.head import decode_headers
from treadle_server._observe.labels import (
    DURATION_BUCKETS,
    KNOWN_METHODS,
    OTHER,
    error_type,
    status_of_error,
)

try:
    from opentelemetry import context as otel_context
    from opentelemetry import metrics, propagate, trace
    from opentelemetry.context import Context
    from opentelemetry.propagators.textmap import Getter, TextMapPropagator
    from opentelemetry.trace import Span, SpanKind, Status, StatusCode
except ImportError as _error:
    raise ImportError(
        "treadle.opentelemetry needs opentelemetry-api: pip install 'treadle[opentelemetry]'"
    ) from _error

__all__ = ["Tracing"]

_NAME: Final = "treadle"
_SCHEMA: Final = "https://opentelemetry.io/schemas/1.30.0"

#: The parameters of a query that the semantic conventions redact: signatures and keys of clouds.
_SECRETS: Final = (
    "AWSAccessKeyId", "Signature", "sig", "X-Goog-Signature", "X-Amz-Credential",
    "X-Amz-Security-Token", "X-Amz-Signature",
)  # fmt: skip

#: Seconds between two looks for an SDK.
_LOOK_INTERVAL: Final = 1.0

_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"\[?([^\[\]]*?)\]?(?::([0-9]{1,5}))?")

_Attributes = dict[str, "str | int | Sequence[str]"]


_Headers = CIMultiDictProxy[str]


@final
class _Fields(Getter[_Headers]):
    """Reads the fields of a request for a propagator."""

    def get(self, carrier: _Headers, key: str) -> list[str] | None:
        """Return the values of a field, None without it."""
        return carrier.getall(key, []) or None

    def keys(self, carrier: _Headers) -> list[str]:
        """Return the names of the fields."""
        return list(carrier)


_FIELDS: Final = _Fields()


@final
class _ReceivedContext(Context):
    """The context of a client, read from the fields of its request at the first look.

    Without an SDK most requests end before anybody does. It keeps the fields alone, so that a task
    which outlives its request does not keep the request.
    """

    __slots__ = ("_fields",)

    def __init__(self, request: Request) -> None:
        # A program may have replaced the headers of its request.
        self._fields: Head | _Headers | None = request._headers or request._head  # noqa: SLF001  # as in ``Tally``

    def _read(self) -> None:
        fields = self._fields
        if fields is not None:
            self._fields = None
            headers = decode_headers(fields.fields) if isinstance(fields, Head) else fields
            # A context refuses its own methods for changes.
            dict.update(self, propagate.extract(headers, Context(), getter=_FIELDS))


def _reading(name: str) -> Callable[..., object]:
    """Return the method of ``dict`` that first reads the fields."""
    method: Callable[..., object] = getattr(dict, name)

    def call(self: _ReceivedContext, *args: object) -> object:
        self._read()
        return method(self, *args)

    return call


# All that look at a dict. With ``__iter__`` among them, ``dict(context)`` calls ``keys`` too.
for _name in (
    "__contains__", "__eq__", "__getitem__", "__iter__", "__len__", "__ne__", "__or__",
    "__repr__", "__reversed__", "__ror__", "copy", "get", "items", "keys", "values",
):  # fmt: skip
    setattr(_ReceivedContext, _name, _reading(_name))


@final
class Tracing:
    """Makes a span for each request.

    >>> from treadle import opentelemetry  # doctest: +SKIP
    >>> opentelemetry.Tracing().setup(app)  # doctest: +SKIP

    The span is the current one in the handler and in the tasks that it starts. It ends when the
    response has been sent, or for a whole body when the handler has returned it. ``exclude`` are
    the templates of routes without spans, ``request_headers`` and ``response_headers`` the names of
    fields that spans have, and ``redact_query`` the names of query parameters whose values they do
    not have, beside those of the semantic conventions. With ``metrics`` the duration of requests
    and the number of those under way are metrics too. The providers are the global ones if they are
    None.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
        metrics: bool = False,
        exclude: Iterable[str] = (),
        request_headers: Iterable[str] = (),
        response_headers: Iterable[str] = (),
        redact_query: Iterable[str] = (),
    ) -> None:
        for name, given in (
            ("exclude", exclude), ("request_headers", request_headers),
            ("response_headers", response_headers), ("redact_query", redact_query),
        ):  # fmt: skip
            if isinstance(given, str):
                raise TypeError(f"{name} is a collection of texts: ({given!r},)")
        self._provider: Final = tracer_provider
        self._tracer: Final = trace.get_tracer(_NAME, None, tracer_provider, _SCHEMA)
        self._excluded: Final = frozenset(exclude)
        self._request_fields: Final = _captured("request", request_headers)
        self._response_fields: Final = _captured("response", response_headers)
        names = "|".join(re.escape(name) for name in (*_SECRETS, *redact_query))
        self._secrets: Final = re.compile(f"(?:^|(?<=&))({names})=[^&]*")
        self._instruments: Final = _Instruments(meter_provider) if metrics else None
        self.middleware: Final[Middleware] = self._make_middleware()

    def setup(self, app: Application) -> None:
        """Put the middleware around all others of ``app``."""
        app.middlewares.insert(0, self.middleware)

    def _make_middleware(self) -> Middleware:
        start_span, excluded = self._tracer.start_span, self._excluded
        needs_sdk = self._provider is None and self._instruments is None

        @middleware
        async def trace_request(request: Request, handler: Handler) -> StreamResponse:
            if excluded and request.route_template in excluded:
                return await handler(request)
            if needs_sdk and _has_no_sdk():
                otel_context.attach(_ReceivedContext(request))
                return await handler(request)
            template = request.route_template
            outside = _context_of(request)
            method = request.method if request.method in KNOWN_METHODS else OTHER
            verb = "HTTP" if method == OTHER else method
            span = start_span(
                verb if template is None else f"{verb} {template}",
                # Not that of the server's start: a request without a parent is a root.
                Context() if outside is None else outside,
                SpanKind.SERVER,
                self._describe(request, method, template),
            )
            # Not detached: the context ends with the request, and the lines of its errors and of
            # the access log, which come behind the handler, belong to the span.
            otel_context.attach(trace.set_span_in_context(span, outside))
            if self._instruments is None and not span.is_recording():
                return await handler(request)
            record = _Record(self, span, request, method, template)
            try:
                response = await handler(request)
            except BaseException as error:
                record.failed(error)
                raise
            if type(response) is Response and type(response.body) is bytes:
                record.sent(response)
            elif isinstance(response, StreamResponse):
                request.add_cleanup(partial(record.sent, response))
            else:
                # A mistake that the server answers with 500.
                record.end(500, "TypeError")
            return response

        return trace_request

    def _describe(self, request: Request, method: str, template: str | None) -> _Attributes:
        """Return the attributes that a sampler sees."""
        scheme = request.scheme
        head = request._head  # noqa: SLF001  # as in ``Tally``
        path, _, query = head.target.partition("?")
        if not path.startswith("/"):
            path, query = request.rel_url.raw_path, request.rel_url.raw_query_string
        major, minor = head.version
        attributes: _Attributes = {
            "http.request.method": method,
            "url.path": path,
            "url.scheme": scheme,
            "network.protocol.version": f"{major}.{minor}",
        }
        if template is not None:
            attributes["http.route"] = template
        if method == OTHER:
            attributes["http.request.method_original"] = request.method
        if query:
            attributes["url.query"] = self._secrets.sub(r"\1=REDACTED", query)
        if request.remote is not None:
            attributes["client.address"] = request.remote
        if agent := request.first_field("User-Agent", ""):
            attributes["user_agent.original"] = agent
        if (found := _HOST.fullmatch(request.host)) is not None and found[1]:
            attributes["server.address"] = found[1]
            attributes["server.port"] = int(found[2]) if found[2] else _PORTS.get(scheme, 80)
        for name, attribute in self._request_fields.items():
            if values := request.headers.getall(name, ()):
                attributes[attribute] = list(values)
        return attributes


def _captured(kind: str, names: Iterable[str]) -> dict[str, str]:
    return {name: f"http.{kind}.header.{name.lower()}" for name in names}


#: The time at which it is looked for an SDK again; infinite once there is one, which stays.
_next_look = 0.0


def _has_no_sdk() -> bool:
    """Return True without an SDK; one that is set up after the first request is seen in a second.

    The library looks into the environment each time, which is 10 % of a hello.
    """
    global _next_look  # noqa: PLW0603  # the SDK is one of the process too
    now = perf_counter()
    if now >= _next_look:
        missing = isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        _next_look = now + _LOOK_INTERVAL if missing else math.inf
    return _next_look != math.inf


@functools.lru_cache(maxsize=8)
def _names_of(propagator: TextMapPropagator) -> tuple[str, ...]:
    """Return the names of the fields of a propagator, which makes a set at each call."""
    return tuple(sorted(propagator.fields))


def _context_of(request: Request) -> Context | None:
    """Return the context that the client has sent, None without one."""
    propagator = propagate.get_global_textmap()
    for name in _names_of(propagator):
        if request.first_field(name, ""):
            return propagator.extract(request.headers, Context(), getter=_FIELDS)
    return None


@final
class _Record:
    """One request that is traced or measured, until it has ended."""

    __slots__ = ("_began", "_method", "_request", "_span", "_template", "_tracing")

    def __init__(
        self, tracing: Tracing, span: Span, request: Request, method: str, template: str | None
    ) -> None:
        self._tracing: Final = tracing
        self._span: Final = span
        self._request: Final = request
        self._method: Final = method
        self._template: Final = template
        self._began: Final = perf_counter()
        if tracing._instruments is not None:  # noqa: SLF001  # of this module
            tracing._instruments.begin(method, request.scheme)  # noqa: SLF001

    def failed(self, error: BaseException) -> None:
        """End the span of a request whose handler has raised."""
        if isinstance(error, StreamResponse):
            self._request.add_cleanup(partial(self.sent, error))
            return
        status = status_of_error(self._request, error)
        kind = error_type(error, status)
        if kind and isinstance(error, Exception):
            self._span.record_exception(error)
        self.end(status, kind)

    def sent(self, response: StreamResponse) -> None:
        """End the span of a request whose response has been sent."""
        status = response.status
        if self._span.is_recording():
            for name, attribute in self._tracing._response_fields.items():  # noqa: SLF001
                if values := response.headers.getall(name, ()):
                    self._span.set_attribute(attribute, list(values))
        self.end(status, str(status) if status >= 500 else "")

    def end(self, status: int | None, kind: str) -> None:
        """End the span; ``kind`` is the type of a failure, or empty."""
        span = self._span
        if span.is_recording():
            if status is not None:
                span.set_attribute("http.response.status_code", status)
            if kind:
                span.set_attribute("error.type", kind)
                # Not for 4xx, which is an error of the client.
                span.set_status(Status(StatusCode.ERROR))
            span.end()
        instruments = self._tracing._instruments  # noqa: SLF001
        if instruments is not None:
            attributes: _Attributes = {
                "http.request.method": self._method,
                "url.scheme": self._request.scheme,
            }
            if self._template is not None:
                attributes["http.route"] = self._template
            if status is not None:
                attributes["http.response.status_code"] = status
            if kind:
                attributes["error.type"] = kind
            instruments.end(self._method, attributes, perf_counter() - self._began)


@final
class _Instruments:
    """The metrics of the semantic conventions that Prometheus's ``Metrics`` has too."""

    def __init__(self, provider: metrics.MeterProvider | None) -> None:
        meter = metrics.get_meter(_NAME, meter_provider=provider, schema_url=_SCHEMA)
        self._durations: Final = meter.create_histogram(
            "http.server.request.duration", "s", "Duration of HTTP requests.",
            explicit_bucket_boundaries_advisory=DURATION_BUCKETS,
        )  # fmt: skip
        self._active: Final = meter.create_up_down_counter(
            "http.server.active_requests", "{request}", "HTTP requests that are under way."
        )

    def begin(self, method: str, scheme: str) -> None:
        """Count a request in."""
        self._active.add(1, {"http.request.method": method, "url.scheme": scheme})

    def end(
        self, method: str, attributes: Mapping[str, "str | int | Sequence[str]"], seconds: float
    ) -> None:
        """Count a request out."""
        scheme = attributes["url.scheme"]
        self._active.add(-1, {"http.request.method": method, "url.scheme": scheme})
        self._durations.record(seconds, attributes)
