"""The price of middlewares that observe requests: instructions of the processor for a hello.

    python tools/dev.py hatch run bench:observers [NAME ...]

A request goes to a connection in memory, as in ``steps.py``, whose options ``--native`` counts with
valgrind (Linux, half a minute for each name). The ratio is that to the hello of the same framework
without a middleware; ``empty`` is a middleware that does nothing. The peers are the instrumentation
of OpenTelemetry for aiohttp's server and aioprometheus, on aiohttp.
"""

import argparse
import asyncio
import gc
import importlib
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.steps import Sink, count_native


class WaitingSink(Sink):
    """A sink that tells of a write: aiohttp answers in a later turn of the event loop."""

    _waiter: asyncio.Future[None] | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take ``data``."""
        super().write(data)
        if self._waiter is not None:
            self._waiter.set_result(None)
            self._waiter = None

    async def wait_written(self) -> None:
        """Wait for a write."""
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter


REQUEST: Final = (
    b"GET / HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: bench\r\nAccept: */*\r\n"
    b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n\r\n"
)
#: Without the field of tracing.
PLAIN: Final = REQUEST[: REQUEST.index(b"traceparent")] + b"\r\n"


def _empty(web: Any) -> Any:
    async def empty(request: Any, handler: Any) -> Any:
        return await handler(request)

    return web.middleware(empty)


def _application(web: Any, *middlewares: Any) -> Any:
    async def hello(request: Any) -> Any:  # noqa: ARG001  # a handler
        return web.Response(text="Hello, world!")

    app = web.Application(middlewares=middlewares)
    app.router.add_get("/", hello)
    return app


def _treadle() -> Any:
    return importlib.import_module("treadle.web")


def _aiohttp() -> Any:
    return importlib.import_module("aiohttp.web")


def _prometheus() -> Any:
    metrics = importlib.import_module("treadle.prometheus").Metrics()
    app = _application(_treadle())
    metrics.setup(app)
    return app


def _sdk(sampler: str) -> None:
    """Set up the SDK with an exporter that drops all spans."""
    trace = importlib.import_module("opentelemetry.trace")
    sdk = importlib.import_module("opentelemetry.sdk.trace")
    sampling = importlib.import_module("opentelemetry.sdk.trace.sampling")
    trace.set_tracer_provider(sdk.TracerProvider(sampler=getattr(sampling, sampler)))


def _tracing(sampler: str | None) -> Any:
    if sampler is not None:
        _sdk(sampler)
    app = _application(_treadle())
    importlib.import_module("treadle.opentelemetry").Tracing().setup(app)
    return app


def _contrib(sampler: str | None) -> Any:
    if sampler is not None:
        _sdk(sampler)
    name = "opentelemetry.instrumentation.aiohttp_server"
    return _application(_aiohttp(), importlib.import_module(name).middleware)


def _aioprometheus() -> Any:
    counter = importlib.import_module("aioprometheus").Counter("requests", "Requests.")
    histogram = importlib.import_module("aioprometheus").Histogram("seconds", "Seconds.")
    web = _aiohttp()

    async def count(request: Any, handler: Any) -> Any:
        loop = asyncio.get_running_loop()
        began = loop.time()
        response = await handler(request)
        labels = {"method": request.method, "path": "/", "status": str(response.status)}
        counter.inc(labels)
        histogram.observe(labels, loop.time() - began)
        return response

    return _application(web, web.middleware(count))


#: Names, the name that each is compared with, and its application.
OBSERVERS: Final[dict[str, tuple[str, Callable[[], Any]]]] = {
    "hello": ("hello", lambda: _application(_treadle())),
    "empty": ("hello", lambda: _application(_treadle(), _empty(_treadle()))),
    "prometheus": ("hello", _prometheus),
    "request-ids": (
        "hello", lambda: _application(_treadle(), _treadle().request_id_middleware()),
    ),
    "slow-log": ("hello", lambda: _application(_treadle())),
    "tracing-api": ("hello", lambda: _tracing(None)),
    "tracing-off": ("hello", lambda: _tracing("ALWAYS_OFF")),
    "tracing-on": ("hello", lambda: _tracing("ALWAYS_ON")),
    "aiohttp": ("aiohttp", lambda: _application(_aiohttp())),
    "aiohttp-empty": ("aiohttp", lambda: _application(_aiohttp(), _empty(_aiohttp()))),
    "aiohttp-aioprometheus": ("aiohttp", _aioprometheus),
    "aiohttp-tracing-api": ("aiohttp", lambda: _contrib(None)),
    "aiohttp-tracing-off": ("aiohttp", lambda: _contrib("ALWAYS_OFF")),
    "aiohttp-tracing-on": ("aiohttp", lambda: _contrib("ALWAYS_ON")),
}  # fmt: skip


async def send(name: str, number: int) -> None:
    """Send ``number`` requests to the application of a name, one behind the other."""
    app = OBSERVERS[name][1]()
    web = _aiohttp() if name.startswith("aiohttp") else _treadle()
    options: dict[str, Any] = {"slow_request_time": 5.0} if name == "slow-log" else {}
    runner = web.AppRunner(app, access_log=None, **options)
    await runner.setup()
    connection = runner.server()
    transport = WaitingSink()
    connection.connection_made(transport)
    request = REQUEST if "tracing" in name else PLAIN
    for _ in range(number):
        written = transport.written
        connection.data_received(request)
        if transport.written == written:
            await transport.wait_written()
    connection.connection_lost(None)
    await runner.cleanup()


def main(arguments: list[str]) -> int:
    """Count and print."""
    parser = argparse.ArgumentParser(prog="observers")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(OBSERVERS))
    parser.add_argument("--alone", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {*OBSERVERS}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(OBSERVERS)}")
    if options.alone is not None:
        logging.disable()
        gc.disable()
        asyncio.run(send(options.names[0], options.alone))
        return 0
    wanted = options.names or [*OBSERVERS]
    bases = dict.fromkeys(OBSERVERS[name][0] for name in wanted)
    found: dict[str, float] = {}
    for name in dict.fromkeys([*bases, *wanted]):
        try:
            found[name] = count_native(name, __file__)
        except LookupError as error:
            print(f"{name:<24}left out: {error}", flush=True)
            continue
        base = found.get(OBSERVERS[name][0])
        ratio = "" if base is None else f"{found[name] / base:8.2f}"
        print(f"{name:<24}{found[name]:>12,.0f}{ratio}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
