"""Time treadle-http-parser: heads received and responses sent, without I/O, on one connection.

Five kinds of requests show the worth of each shortcut: heads that repeat byte by byte (``hello``
has a Host alone, ``browser`` the fields of a Chromium, ``post`` a body of five bytes), and those of
a browser whose cookie (``fields differ``), or cookie and path (``all differ``), is new each time.
``encode`` is ``encode_fields`` with four fields.

    python tools/bench/bench_parser.py [--beside SRC] [--h11] [--rounds 200]

``--h11`` measures h11 in the same rounds, in the role of a server, with the same requests and an
empty response; the ratio is how many times the time of this package it needs. ``treadle, whole``
sends that response with ``send_head``, ``send_data`` and ``send_end``, as h11 does.

``--beside`` is the ``src`` folder of another version of the package: both are loaded into one
process and take turns, and a ratio above 1 means that this version needs more time. The numbers are
lower quartiles over the rounds, because other work on the machine only ever adds time.
"""

import argparse
import gc
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from statistics import quantiles
from time import perf_counter
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._workloads import WORKLOADS

HERE: Final = Path(__file__).resolve().parents[2] / "packages/http-parser/src"
#: Requests of one round.
SIZE: Final = 300
FIELDS: Final = [
    ("Content-Type", "text/plain; charset=utf-8"),
    ("Content-Length", "12"),
    ("Date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("Server", "treadle"),
]

HELLO: Final = b"GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n"
POST: Final = (
    b"POST /things HTTP/1.1\r\nHost: localhost:8080\r\nContent-Type: application/json\r\n"
    b"Content-Length: 5\r\n\r\nhello"
)
BROWSER: Final[bytes] = WORKLOADS["browser"].request
numbers = count()


def browser(line: bytes) -> bytes:
    """Return the browser's request with a cookie of its own."""
    rest = BROWSER[BROWSER.index(b"\r\n") : -2]
    return line + rest + b"X-Cookie: id=%d\r\n\r\n" % next(numbers)


WORK: Final[dict[str, Callable[[], list[bytes]]]] = {
    "hello": lambda: [HELLO] * SIZE,
    "browser": lambda: [BROWSER] * SIZE,
    "fields differ": lambda: [browser(b"GET /users/17 HTTP/1.1") for _ in range(SIZE)],
    "all differ": lambda: [browser(b"GET /users/%d HTTP/1.1" % next(numbers)) for _ in range(SIZE)],
    "post": lambda: [POST] * SIZE,
    "encode": lambda: [b""] * SIZE,
}


def load(name: str, source: Path) -> Any:
    """Import the package under ``source`` as ``name``, beside other versions of itself."""
    package = source / "treadle_http_parser"
    spec = spec_from_file_location(
        name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        raise SystemExit(f"{source} holds no treadle_http_parser")
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def exchange(package: Any, requests: list[bytes]) -> float:
    """Receive and answer each request on one connection; return the seconds."""
    connection = package.ServerConnection()
    receive, send = connection.receive_data, connection.send_response
    status = package.status_line(200)
    block = package.encode_fields([("Content-Length", "0")])
    start = perf_counter()
    for request in requests:
        receive(request)
        send(status, block, b"", bodiless=False)
    return perf_counter() - start


def exchange_whole(package: Any, requests: list[bytes]) -> float:
    """Receive each request with ``receive``, answer it with ``send_head``; return the seconds."""
    connection = package.ServerConnection()
    end = package.EndOfMessage
    fields = [("Content-Length", "0")]
    start = perf_counter()
    for request in requests:
        for event in connection.receive(request):
            if type(event) is end:
                connection.send_head(200, fields)
                connection.send_end()
    return perf_counter() - start


def exchange_h11(h11: Any, requests: list[bytes]) -> float:
    """Receive and answer each request on one connection of h11; return the seconds."""
    connection = h11.Connection(h11.SERVER)
    next_event, send = connection.next_event, connection.send
    fields = [("Content-Length", "0")]
    response, end = h11.Response(status_code=200, headers=fields), h11.EndOfMessage()
    start = perf_counter()
    for request in requests:
        connection.receive_data(request)
        while type(next_event()) is not h11.EndOfMessage:
            pass
        send(response)
        send(end)
        connection.start_next_cycle()
    return perf_counter() - start


def compare(package: Any, rounds: int) -> None:
    """Print the times of this package and of h11 for each kind of request."""
    h11: Any = import_module("h11")
    for name in WORK:
        if name == "encode":
            continue
        times: dict[str, list[float]] = {"treadle": [], "treadle, whole": [], "h11": []}
        for number in range(rounds):
            requests = WORK[name]()
            turns: list[tuple[str, Callable[[], float]]] = [
                ("treadle", partial(exchange, package, requests)),
                ("treadle, whole", partial(exchange_whole, package, requests)),
                ("h11", partial(exchange_h11, h11, requests)),
            ]
            for who, run in turns if number % 2 else reversed(turns):
                times[who].append(run() / SIZE * 1e6)
        best = {who: quantiles(taken, n=4)[0] for who, taken in times.items()}
        print(
            f"{name:14}"
            + "".join(
                f"  {who} {value:7.2f} us (h11 x{best['h11'] / value:.1f})"
                for who, value in best.items()
            ),
            flush=True,
        )
        gc.collect()


def encode(package: Any, requests: list[bytes]) -> float:
    """Encode the same fields as often as there are requests; return the seconds."""
    encode_fields = package.encode_fields
    start = perf_counter()
    for _ in requests:
        encode_fields(FIELDS)
    return perf_counter() - start


def measure(packages: list[Any], name: str, rounds: int) -> list[float]:
    """Return the microseconds per request of each package."""
    run = encode if name == "encode" else exchange
    times: list[list[float]] = [[] for _ in packages]
    for number in range(rounds):
        requests = WORK[name]()
        turns = list(zip(packages, times, strict=True))
        for package, taken in turns if number % 2 else reversed(turns):
            taken.append(run(package, requests) / SIZE * 1e6)
    return [quantiles(taken, n=4)[0] for taken in times]


def main() -> None:
    """Print a line for each kind of request."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--beside", type=Path, metavar="SRC")
    parser.add_argument("--h11", action="store_true", help="measure h11 in the same rounds")
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    packages = [load("this_parser", HERE)]
    if options.h11:
        gc.disable()
        compare(packages[0], options.rounds)
        return
    if options.beside:
        packages.append(load("other_parser", options.beside))
    gc.disable()
    for name in WORK:
        this, *others = measure(packages, name, options.rounds)
        beside = "".join(f"  beside {other:6.2f} us  ratio {this / other:.3f}" for other in others)
        print(f"{name:14}{this:7.2f} us{beside}", flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
