"""Responses beside their peers: microseconds to make a response and to send it, in one run.

    python tools/bench/bench_responses.py [--number 20000] [--repeat 15] [workload ...]

Each library makes a new response and sends it through an adapter to a server that does nothing:
ASGI beside Starlette, WSGI beside Werkzeug. Rivals that are not installed are left out. Before the
measurement the answers are compared. The rounds of both alternate, in an order that changes; the
time is that of the best round, the ratio is the median over the rounds of the rival's time to
treadle's: above 1, treadle is faster.
"""

import argparse
import asyncio
import importlib
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from treadle_responses import Response, json_response

SCOPE: dict[str, Any] = {
    "type": "http", "http_version": "1.1", "method": "GET", "path": "/", "headers": [],
}  # fmt: skip
ENVIRON: dict[str, Any] = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "wsgi.url_scheme": "http"}
VALUE = {"message": "Hello, World!", "items": [1, 2, 3]}
#: Both sides have the same text, whatever separators their own JSON has.
DUMPS = json.JSONEncoder(separators=(",", ":")).encode
BODY = b"x" * 1000

#: Makes a response and sends it; returns its body.
Once = Callable[[], bytes]


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Drive a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits")


def asgi(make: Callable[[], Any]) -> Once:
    bodies: list[bytes] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("no response reads the request")

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.body":
            bodies.append(message["body"])

    def once() -> bytes:
        bodies.clear()
        run(make()(SCOPE, receive, send))
        return b"".join(bodies)

    return once


def wsgi(make: Callable[[], Callable[..., Iterable[bytes]]]) -> Once:
    def start_response(status: str, headers: list[tuple[str, str]]) -> None:
        """Be a server that sends nothing."""

    def once() -> bytes:
        result = make()(ENVIRON, start_response)
        body = b"".join(result)
        close = getattr(result, "close", None)
        if close is not None:
            close()
        return body

    return once


def wsgi_of(make: Callable[[], Response]) -> Callable[[], Callable[..., Iterable[bytes]]]:
    """Return a maker of WSGI applications."""
    return lambda: make().wsgi


def with_cookie(response: Any) -> Any:
    response.set_cookie("session", "0123456789abcdef", path="/", httponly=True)
    return response


def pieces() -> Iterable[bytes]:
    return iter([b"piece"] * 20)


def workloads() -> dict[str, dict[str, Once]]:
    """Return the ways to do each piece of work: treadle's, and the rival's if it is installed."""
    makers: dict[str, Callable[[], Response]] = {
        "text": lambda: Response(text="Hello, World!"),
        "json": lambda: json_response(VALUE, dumps=DUMPS),
        "bytes": lambda: Response(body=BODY, headers={"X-A": "1"}),
        "cookie": lambda: with_cookie(Response(text="Hello")),
        "pieces": lambda: Response(body=iter([b"piece"] * 20)),
    }
    found: dict[str, dict[str, Once]] = {}
    for name, make in makers.items():
        found[f"asgi {name}"] = {"treadle": asgi(make)}
        found[f"wsgi {name}"] = {"treadle": wsgi(wsgi_of(make))}
    rivals = (("starlette", starlette, "asgi"), ("werkzeug", werkzeug, "wsgi"))
    for rival, maker, protocol in rivals:
        try:
            theirs = maker()
        except ImportError:
            print(f"{rival} is not installed", file=sys.stderr)
            continue
        for name, made in theirs.items():
            found[f"{protocol} {name}"][rival] = (asgi if protocol == "asgi" else wsgi)(made)
    return found


def starlette() -> dict[str, Callable[[], Any]]:
    responses: Any = importlib.import_module("starlette.responses")
    # ``pieces`` is left out: Starlette makes each piece of an iterator in a thread.
    return {
        "text": lambda: responses.PlainTextResponse("Hello, World!"),
        "json": lambda: responses.JSONResponse(VALUE),
        "bytes": lambda: responses.Response(
            BODY, headers={"X-A": "1"}, media_type="application/octet-stream"
        ),
        "cookie": lambda: with_cookie(responses.PlainTextResponse("Hello")),
    }


def werkzeug() -> dict[str, Callable[[], Any]]:
    response: Any = importlib.import_module("werkzeug.wrappers").Response
    return {
        "text": lambda: response("Hello, World!"),
        "json": lambda: response(DUMPS(VALUE), mimetype="application/json"),
        "bytes": lambda: response(BODY, headers={"X-A": "1"}, mimetype="application/octet-stream"),
        "cookie": lambda: with_cookie(response("Hello")),
        "pieces": lambda: response(pieces(), mimetype="application/octet-stream"),
    }


def measure(ways: dict[str, Once], number: int, repeat: int) -> dict[str, list[float]]:
    """Return the seconds of one call of each way, one for each round."""
    bodies = {name: once() for name, once in ways.items()}
    if len(set(bodies.values())) != 1:
        raise SystemExit(f"the answers differ: {bodies}")
    order = random.Random(1)
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeat):
        names = list(ways)
        order.shuffle(names)
        for name in names:
            once = ways[name]
            start = time.perf_counter()
            for _ in range(number):
                once()
            times[name].append((time.perf_counter() - start) / number)
    return times


def main() -> None:
    options = argparse.ArgumentParser(description="Compare response libraries.")
    options.add_argument("--number", type=int, default=20_000, help="responses in a round")
    options.add_argument("--repeat", type=int, default=15, help="rounds")
    options.add_argument("workload", nargs="*", help="run these only")
    args = options.parse_args()

    async def compare() -> None:
        # In an event loop: Starlette looks for one.
        for workload, ways in workloads().items():
            if args.workload and workload not in args.workload:
                continue
            times = measure(ways, args.number, args.repeat)
            cells = [f"{name} {min(seconds) * 1e6:6.2f} us" for name, seconds in times.items()]
            own = times.pop("treadle")
            for seconds in times.values():
                pairs = zip(seconds, own, strict=True)
                cells.append(f"x{statistics.median(theirs / ours for theirs, ours in pairs):.2f}")
            print(f"{workload:12}" + "   ".join(f"{cell:20}" for cell in cells).rstrip())

    asyncio.run(compare())


if __name__ == "__main__":
    main()
