"""The price of a rate limit by the client's address: instructions of the processor for a hello.

    python tools/dev.py hatch run bench:limits [NAME ...]

A request goes to a connection in memory, as in ``observers.py``; the peers, slowapi on Starlette
and the rate limits of Litestar, are called as ASGI applications without a server. Each limit is in
memory, lets all requests pass, and tells clients what remains. The last column is what the limit
adds to the hello of the same framework (valgrind; Linux, half a minute for each name).
"""

import argparse
import asyncio
import gc
import importlib
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.observers import PLAIN, WaitingSink
from bench.steps import count_native

#: No request of a run is refused.
RATE: Final = "1000000/minute"


class AddressedSink(WaitingSink):
    """A sink whose peer has an address."""

    def get_extra_info(self, name: str, default: object = None) -> Any:
        """Return the address of a client."""
        return ("192.0.2.7", 50_000) if name == "peername" else default


def _treadle(limit: str) -> Any:
    web = importlib.import_module("treadle.web")
    limits = importlib.import_module("treadle.limits")

    async def hello(request: Any) -> Any:  # noqa: ARG001  # a handler
        return web.Response(text="Hello, world!")

    app = web.Application(middlewares=[limits.rate_limit(RATE)] if limit == "middleware" else [])
    app.router.add_get("/", limits.limited(RATE)(hello) if limit == "decorator" else hello)
    return app


def _starlette(limit: str) -> Any:
    starlette = importlib.import_module("starlette.applications")
    responses = importlib.import_module("starlette.responses")
    routing = importlib.import_module("starlette.routing")

    async def hello(request: Any) -> Any:  # noqa: ARG001  # a handler
        return responses.PlainTextResponse("Hello, world!")

    if not limit:
        return starlette.Starlette(routes=[routing.Route("/", hello)])
    slowapi = importlib.import_module("slowapi")
    address = importlib.import_module("slowapi.util").get_remote_address
    middleware = importlib.import_module("slowapi.middleware").SlowAPIASGIMiddleware
    limiter = slowapi.Limiter(address, default_limits=[RATE], headers_enabled=True)
    app = starlette.Starlette(routes=[routing.Route("/", hello)])
    app.state.limiter = limiter
    app.add_middleware(middleware)
    return app


def _litestar(limit: str) -> Any:
    litestar = importlib.import_module("litestar")

    async def hello() -> str:
        return "Hello, world!"

    route = litestar.get("/", media_type="text/plain")(hello)
    config = importlib.import_module("litestar.middleware.rate_limit").RateLimitConfig
    middleware = [config(rate_limit=("minute", 1_000_000)).middleware] if limit else []
    return litestar.Litestar([route], middleware=middleware, logging_config=None)


#: Names, the name that each is compared with, and its application.
SUBJECTS: Final[dict[str, tuple[str, Callable[[], Any]]]] = {
    "treadle": ("treadle", lambda: _treadle("")),
    "treadle-middleware": ("treadle", lambda: _treadle("middleware")),
    "treadle-decorator": ("treadle", lambda: _treadle("decorator")),
    "starlette": ("starlette", lambda: _starlette("")),
    "starlette-slowapi": ("starlette", lambda: _starlette("slowapi")),
    "litestar": ("litestar", lambda: _litestar("")),
    "litestar-rate-limit": ("litestar", lambda: _litestar("rate-limit")),
}


async def send(app: Any, number: int) -> None:
    """Send ``number`` requests to an application of treadle."""
    runner = importlib.import_module("treadle.web").AppRunner(app, access_log=None)
    await runner.setup()
    connection = runner.server()
    transport = AddressedSink()
    connection.connection_made(transport)
    for _ in range(number):
        written = transport.written
        connection.data_received(PLAIN)
        if transport.written == written:
            await transport.wait_written()
    connection.connection_lost(None)
    await runner.cleanup()


async def call(app: Callable[..., Awaitable[None]], number: int) -> None:
    """Call an ASGI application for ``number`` requests."""
    answers = 0

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def take(message: dict[str, Any]) -> None:
        nonlocal answers
        answers += message.get("status") == 200

    fields = [line.split(b": ", 1) for line in PLAIN.split(b"\r\n")[1:-2]]
    for _ in range(number):
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": "/", "raw_path": b"/", "query_string": b"", "root_path": "",
            "headers": [(name.lower(), value) for name, value in fields],
            "client": ("192.0.2.7", 50_000), "server": ("localhost", 8080), "state": {},
        }  # fmt: skip
        await app(scope, receive, take)
    if answers != number:
        raise SystemExit(f"only {answers} of {number} answers were 200")


def main(arguments: list[str]) -> int:
    """Count and print."""
    parser = argparse.ArgumentParser(prog="rate_limits")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(SUBJECTS))
    parser.add_argument("--alone", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {*SUBJECTS}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(SUBJECTS)}")
    if options.alone is not None:
        logging.disable()
        gc.disable()
        name = options.names[0]
        run = send if name.startswith("treadle") else call
        asyncio.run(run(SUBJECTS[name][1](), options.alone))
        return 0
    wanted = options.names or [*SUBJECTS]
    found: dict[str, float] = {}
    for name in dict.fromkeys([*(SUBJECTS[name][0] for name in wanted), *wanted]):
        try:
            found[name] = count_native(name, __file__)
        except LookupError as error:
            print(f"{name:<24}left out: {error}", flush=True)
            continue
        base = SUBJECTS[name][0]
        added = "" if base == name or base not in found else f"{found[name] - found[base]:>+12,.0f}"
        print(f"{name:<24}{found[name]:>12,.0f}{added}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
