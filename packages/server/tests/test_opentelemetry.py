"""Traces: the spans that the SDK's in-memory exporter gets, by the semantic conventions."""

import asyncio
import re
import sys
import weakref
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
from opentelemetry import propagate, trace
from opentelemetry.context import Context, set_value
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from testkit import CONNECTION, FakeChannel, Peer, Run, each_loop, request_head, upgrade_request
from treadle_responses import HTTPNotFound, HTTPServiceUnavailable, Response, StreamResponse
from treadle_server import Application, AppRunner, Request, TCPSite, WebSocketResponse, route
from treadle_server.interfaces import EMPTY_PAYLOAD
from treadle_server.opentelemetry import Tracing, _ReceivedContext

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def current() -> str:
    return f"{trace.get_current_span().get_span_context().span_id:016x}"


async def text(request: Request) -> Response:
    async def in_task() -> str:
        return current()

    return Response(text=f"{current()} {await asyncio.create_task(in_task())}")


async def raises(request: Request) -> Response:
    raise ValueError("why")


async def raises_404(request: Request) -> Response:
    raise HTTPNotFound


async def raises_503(request: Request) -> Response:
    raise HTTPServiceUnavailable


async def returns_502(request: Request) -> Response:
    return Response(status=502)


async def nothing(request: Request) -> None:
    return None


async def iterates(request: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"1234"

    return Response(body=parts(), headers={"X-Own": "1"})


async def breaks_off(request: Request) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    raise ValueError


async def talks(request: Request) -> WebSocketResponse:
    ws = WebSocketResponse()
    await ws.prepare(request)
    async for _message in ws:
        pass
    return ws


HANDLERS: dict[str, Any] = {
    "/users/{id}": text, "/raises": raises, "/404": raises_404, "/503": raises_503,
    "/502": returns_502, "/nothing": nothing, "/iterates": iterates, "/breaks_off": breaks_off,
    "/ws": talks,
}  # fmt: skip


class Site:
    """A server whose spans are kept."""

    def __init__(self, sampler: Any = None, **options: Any) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(sampler=sampler)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.provider = provider
        app, inner = Application(), Application()
        Tracing(**{"tracer_provider": provider, **options}).setup(app)
        app.add_routes([route("*", path, handler) for path, handler in HANDLERS.items()])
        inner.router.add_get("/items/{id!int}", text)
        app.add_subapp("/api", inner)
        self.runner = AppRunner(app, access_log=None)
        self.port = 0

    async def __aenter__(self) -> "Site":  # noqa: PYI034  # a test's own class
        await self.runner.setup()
        site = TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.port = site.port
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runner.cleanup()

    async def ask(self, line: str, fields: str = "") -> str:
        peer = Peer(*await asyncio.open_connection("127.0.0.1", self.port))
        head = f"{line} HTTP/1.1\r\nHost: example.org:8080\r\nConnection: close\r\n{fields}\r\n"
        await peer.send(head.encode())
        answer = (await peer.rest()).decode()
        peer.writer.close()
        return answer

    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())


# A request line; the name, the status code, the type of failure, and the status of the span.
CASES: dict[str, tuple[str, int | None, str | None, StatusCode]] = {
    "GET /users/7": ("GET /users/{id}", 200, None, StatusCode.UNSET),
    "HEAD /users/7": ("HEAD /users/{id}", 200, None, StatusCode.UNSET),
    "PROPFIND /users/7": ("HTTP /users/{id}", 200, None, StatusCode.UNSET),
    "GET /api/items/7": ("GET /api/items/{id}", 200, None, StatusCode.UNSET),
    "GET /nowhere/7": ("GET", 404, None, StatusCode.UNSET),
    "GET /404": ("GET /404", 404, None, StatusCode.UNSET),
    "GET /503": ("GET /503", 503, "503", StatusCode.ERROR),
    "GET /502": ("GET /502", 502, "502", StatusCode.ERROR),
    "GET /raises": ("GET /raises", 500, "ValueError", StatusCode.ERROR),
    "GET /nothing": ("GET /nothing", 500, "TypeError", StatusCode.ERROR),
    "GET /iterates": ("GET /iterates", 200, None, StatusCode.UNSET),
    "GET /breaks_off": ("GET /breaks_off", 200, "ValueError", StatusCode.ERROR),
}


@pytest.mark.parametrize("line", CASES)
@pytest.mark.filterwarnings("ignore")
def test_a_span(run: Run, line: str) -> None:
    name, status, kind, state = CASES[line]

    async def main() -> None:
        async with Site() as site:
            await site.ask(line)
            [span] = site.spans()
            assert (span.name, span.kind, span.status.status_code) == (
                name, SpanKind.SERVER, state,
            )  # fmt: skip
            attributes = span.attributes or {}
            assert attributes.get("http.response.status_code") == status
            assert attributes.get("error.type") == kind
            assert attributes.get("http.route") == (name.partition(" ")[2] or None)
            events = [event.name for event in span.events]
            assert events == (["exception"] if kind == "ValueError" else [])
            assert span.parent is None

    run(main())


def test_attributes(run: Run) -> None:
    async def main() -> None:
        async with Site() as site:
            await site.ask("GET /users/7?a=1&sig=secret&Signature=s", "User-Agent: me\r\n")
            [span] = site.spans()
            assert dict(span.attributes or {}) == {
                "http.request.method": "GET",
                "http.response.status_code": 200,
                "http.route": "/users/{id}",
                "url.path": "/users/7",
                "url.scheme": "http",
                "url.query": "a=1&sig=REDACTED&Signature=REDACTED",
                "network.protocol.version": "1.1",
                "client.address": "127.0.0.1",
                "user_agent.original": "me",
                "server.address": "example.org",
                "server.port": 8080,
            }
            await site.ask("PROPFIND http://other.org/users/7?b")
            attributes = site.spans()[1].attributes or {}
            assert attributes["http.request.method"] == "_OTHER"
            assert attributes["http.request.method_original"] == "PROPFIND"
            assert attributes["url.path"] == "/users/7"
            assert attributes["url.query"] == "b"

    run(main())


QUERIES = {
    "sig=a": "sig=REDACTED",
    "sig=": "sig=REDACTED",
    "sig": "sig",
    "mysig=a&sig=b": "mysig=a&sig=REDACTED",
    "token=a&X-Goog-Signature=b&c=d": "token=REDACTED&X-Goog-Signature=REDACTED&c=d",
    "a=sig=b": "a=sig=b",
}


@pytest.mark.parametrize("query", QUERIES)
def test_redaction(run: Run, query: str) -> None:
    async def main() -> None:
        async with Site(redact_query=["token"]) as site:
            await site.ask(f"GET /users/7?{query}")
            assert (site.spans()[0].attributes or {})["url.query"] == QUERIES[query]

    run(main())


@each_loop
def test_the_context(run: Run) -> None:
    async def main() -> None:
        async with Site() as site:
            answer = await site.ask("GET /users/7", f"traceparent: {PARENT}\r\n")
            await site.ask("GET /users/7", "traceparent: nonsense\r\n")
            first, second = site.spans()
            assert f"{first.context.trace_id:032x}" == PARENT.split("-")[1]
            assert first.parent is not None
            assert f"{first.parent.span_id:016x}" == PARENT.split("-")[2]
            assert second.parent is None
            # The handler and its task have the span.
            own = f"{first.context.span_id:016x}"
            assert answer.endswith(f"\r\n\r\n{own} {own}")

    run(main())


def test_without_an_sdk_the_context_is_passed_on(run: Run) -> None:
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)

    async def main() -> None:
        async with Site(tracer_provider=None) as site:
            answer = await site.ask("GET /users/7", f"traceparent: {PARENT}\r\n")
            remote = PARENT.split("-")[2]
            assert answer.endswith(f"\r\n\r\n{remote} {remote}")
            assert (await site.ask("GET /users/7")).endswith(f"{'0' * 16} {'0' * 16}")
            assert site.spans() == []

    run(main())


LOOKS: dict[str, Callable[[Context], object]] = {
    "bool": bool,
    "contains": lambda context: [key in context for key in extracted()],
    "copy": lambda context: described(context.copy()),
    "dict": lambda context: described(dict(context)),
    "equal": lambda context: context == Context() or extracted().keys() == context.keys(),
    "get": lambda context: described({key: context.get(key) for key in extracted()}),
    "item": lambda context: described({key: context[key] for key in extracted()}),
    "items": lambda context: described(dict(context.items())),
    "iter": list,
    "keys": lambda context: list(context.keys()),
    "len": len,
    "or": lambda context: described(context | {}),
    "reversed": lambda context: list(reversed(context)),
    "ror": lambda context: described({} | context),
    "set_value": lambda context: described(set_value("own", "1", context)),
    "span": lambda context: trace.get_current_span(context).get_span_context(),
    "star": lambda context: described({**context}),
    "unequal": lambda context: context != Context(),
    "values": lambda context: [str(value) for value in context.values()],
}
FIELDS = {"traceparent": PARENT, "tracestate": "a=1", "baggage": "user=Ada"}


def extracted() -> Context:
    return propagate.extract(FIELDS, Context())


def described(context: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(key, str(value)) for key, value in context.items()]


def received() -> Context:
    fields = "".join(f"{name}: {value}\r\n" for name, value in FIELDS.items())
    head = request_head("GET", "/", fields)
    return _ReceivedContext(Request.received(head, EMPTY_PAYLOAD, FakeChannel(), CONNECTION))


@pytest.mark.parametrize("name", LOOKS)
def test_whoever_looks_at_a_received_context_sees_it(name: str) -> None:
    look = LOOKS[name]
    assert look(received()) == look(extracted())
    # A second look reads nothing again.
    context = received()
    look(context)
    assert look(context) == look(extracted())


def test_every_method_that_looks_at_a_dict_reads_first() -> None:
    changes = {
        "__delitem__", "__ior__", "__setitem__", "clear", "pop", "popitem", "setdefault", "update",
    }  # fmt: skip
    inherited = {
        name for name, value in vars(dict).items()
        if callable(value) and getattr(_ReceivedContext, name) is value
    }  # fmt: skip
    # What is left compares nothing and makes no copy.
    assert inherited - changes <= {
        "__ge__",
        "__getattribute__",
        "__gt__",
        "__le__",
        "__lt__",
        "__new__",
        "__sizeof__",
    }


def test_a_received_context_keeps_no_request() -> None:
    head = request_head("GET", "/", "")
    request = Request.received(head, EMPTY_PAYLOAD, FakeChannel(), CONNECTION)
    kept = weakref.ref(request)
    context = _ReceivedContext(request)
    del request
    assert kept() is None
    assert not context


def test_an_sdk_that_comes_late_is_seen_in_a_second(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("treadle_server.opentelemetry.perf_counter", lambda: clock[0])
    monkeypatch.setattr("treadle_server.opentelemetry._next_look", 0.0)

    async def main() -> None:
        async with Site(tracer_provider=None) as site:
            ask = "GET /users/7", f"traceparent: {PARENT}\r\n"
            remote = PARENT.split("-")[2]
            assert (await site.ask(*ask)).endswith(f"{remote} {remote}")
            # As ``trace.set_tracer_provider`` does, which can be called once in a process.
            monkeypatch.setattr(trace, "_TRACER_PROVIDER", site.provider)
            assert (await site.ask(*ask)).endswith(f"{remote} {remote}")
            clock[0] += 1.5
            await site.ask(*ask)
            [span] = site.spans()
            assert span.parent is not None
            clock[0] += 0.1
            await site.ask(*ask)
            assert len(site.spans()) == 2

    run(main())


def test_no_span_is_sampled(run: Run) -> None:
    async def main() -> None:
        async with Site(sampler=ALWAYS_OFF) as site:
            for path in ("/users/7", "/iterates", "/raises"):
                await site.ask(f"GET {path}")
            assert site.spans() == []

    run(main())


def test_options(run: Run) -> None:
    async def main() -> None:
        async with Site(
            exclude=["/404"], request_headers=["X-Mine", "X-Other"], response_headers=["X-Own"]
        ) as site:
            await site.ask("GET /404")
            await site.ask("GET /iterates", "X-Mine: a\r\nx-mine: b\r\n")
            [span] = site.spans()
            attributes = span.attributes or {}
            assert attributes["http.request.header.x-mine"] == ("a", "b")
            assert "http.request.header.x-other" not in attributes
            assert attributes["http.response.header.x-own"] == ("1",)

    run(main())


def test_a_websocket_is_one_span(run: Run) -> None:
    async def main() -> None:
        async with Site() as site:
            reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
            writer.write(upgrade_request("/ws"))
            assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
            assert site.spans() == []
            writer.close()
        [span] = site.spans()
        assert (span.attributes or {})["http.response.status_code"] == 101

    run(main())


def test_metrics(run: Run) -> None:
    reader = InMemoryMetricReader()

    async def main() -> None:
        async with Site(metrics=True, meter_provider=MeterProvider([reader])) as site:
            for line in ("GET /users/7", "GET /raises", "GET /nowhere"):
                await site.ask(line)

    run(main())
    data = reader.get_metrics_data()
    assert data is not None
    [resource] = data.resource_metrics
    [scope] = resource.scope_metrics
    points: dict[str, list[Any]] = {
        metric.name: list(metric.data.data_points) for metric in scope.metrics
    }
    assert [point.value for point in points["http.server.active_requests"]] == [0]
    assert [dict(point.attributes or {}) for point in points["http.server.request.duration"]] == [
        {"http.request.method": "GET", "url.scheme": "http", **rest}
        for rest in (
            {"http.route": "/users/{id}", "http.response.status_code": 200},
            {
                "http.route": "/raises", "http.response.status_code": 500,
                "error.type": "ValueError",
            },
            {"http.response.status_code": 404},
        )
    ]  # fmt: skip


def test_mistakes() -> None:
    for name in ("exclude", "request_headers", "response_headers", "redact_query"):
        with pytest.raises(TypeError, match=re.escape(f"{name} is a collection of texts: ('a',)")):
            Tracing(**{name: "a"})  # type: ignore[arg-type]  # what is tested


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.delitem(sys.modules, "treadle_server.opentelemetry")
    with pytest.raises(ImportError, match=r"pip install 'treadle\[opentelemetry\]'"):
        import treadle_server.opentelemetry  # noqa: F401  # the import is what is tested
