"""Metrics for Prometheus: what a scrape reads, from one process and from workers."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from testkit import Peer, Program, Run, hello
from treadle_server import Application, AppRunner, TCPSite
from treadle_server.prometheus import DURATION_BUCKETS, SIZE_BUCKETS, Metrics


async def started(app: Application) -> tuple[AppRunner, int]:
    runner = AppRunner(app, access_log=None)
    await runner.setup()
    site = TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, site.port


async def ask(port: int, path: str, fields: str = "") -> tuple[str, bytes]:
    peer = Peer(*await asyncio.open_connection("127.0.0.1", port))
    head = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{fields}\r\n"
    await peer.send(head.encode())
    answer = await peer.rest()
    peer.writer.close()
    top, _, body = answer.partition(b"\r\n\r\n")
    return top.decode(), body


def samples(text: str, name: str) -> dict[tuple[str, ...], float]:
    """Return the values of a metric by the values of its labels, ordered by the labels' names."""
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == name:
                found[tuple(value for _, value in sorted(sample.labels.items()))] = sample.value
    return found


def test_a_scrape(run: Run) -> None:
    registry = CollectorRegistry()
    own = Counter("orders", "Orders.", registry=registry)
    app = Application()
    Metrics(registry=registry, exclude=["/metrics"]).setup(app)
    app.router.add_get("/users/{name}", hello)

    async def main() -> None:
        runner, port = await started(app)
        own.inc()
        for name in "ab":
            await ask(port, f"/users/{name}")
        head, body = await ask(port, "/metrics")
        assert "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8" in head
        text = body.decode()
        key = ("", "GET", "200", "/users/{name}", "http")
        assert samples(text, "http_server_request_duration_seconds_count") == {key: 2}
        assert 0 < samples(text, "http_server_request_duration_seconds_sum")[key] < 60
        buckets = samples(text, "http_server_request_duration_seconds_bucket")
        assert len(buckets) == len(DURATION_BUCKETS) + 1
        assert max(buckets.values()) == 2
        sizes = samples(text, "http_server_response_body_size_bytes_bucket")
        assert len(sizes) == len(SIZE_BUCKETS) + 1
        assert samples(text, "http_server_request_body_size_bytes_sum") == {key: 0}
        # The scrape itself.
        assert samples(text, "http_server_active_requests") == {("GET", "http"): 1}
        assert samples(text, "orders_total") == {(): 1}
        await runner.cleanup()

    run(main())


ACCEPTS = {
    "": "text/plain; version=0.0.4; charset=utf-8",
    "application/openmetrics-text; version=1.0.0": "application/openmetrics-text; version=1.0.0",
    "text/html": "text/plain; version=0.0.4; charset=utf-8",
}


@pytest.mark.parametrize("accept", ACCEPTS)
def test_formats(run: Run, accept: str) -> None:
    app = Application()
    Metrics(registry=CollectorRegistry()).setup(app, path="/own/path")

    async def main() -> None:
        runner, port = await started(app)
        head, body = await ask(port, "/own/path", f"Accept: {accept}\r\n" if accept else "")
        assert f"\r\nContent-Type: {ACCEPTS[accept]}" in head
        assert body.endswith(b"# EOF\n") is ("openmetrics" in accept)
        head, body = await ask(port, "/own/path", "Accept-Encoding: gzip\r\n")
        assert "\r\nContent-Encoding: gzip" in head
        await runner.cleanup()

    run(main())


def test_buckets(run: Run) -> None:
    app, registry = Application(), CollectorRegistry()
    Metrics(registry=registry, buckets=[0, 60, float("inf")], size_buckets=(1,)).setup(app)
    app.router.add_get("/", hello)

    async def main() -> None:
        runner, port = await started(app)
        await ask(port, "/")
        text = (await ask(port, "/metrics"))[1].decode()
        values = samples(text, "http_server_request_duration_seconds_bucket")
        assert {key[-2]: value for key, value in values.items()} == {"0.0": 0, "60.0": 1, "+Inf": 1}
        values = samples(text, "http_server_response_body_size_bytes_bucket")
        assert {key[-2]: value for key, value in values.items()} == {"1.0": 0, "+Inf": 1}
        # Any reader of the registry has them, until the application has ended.
        name = "http_server_request_duration_seconds_count"
        labels = {
            "http_request_method": "GET", "http_response_status_code": "200", "http_route": "/",
            "url_scheme": "http", "error_type": "",
        }  # fmt: skip
        assert registry.get_sample_value(name, labels) == 1
        await runner.cleanup()
        assert registry.get_sample_value(name, labels) is None

    run(main())


def test_without_setup(run: Run) -> None:
    metrics = Metrics(registry=CollectorRegistry())
    app = Application(middlewares=[metrics.middleware])
    inner = Application()
    inner.router.add_get("/here", metrics.expose)
    inner.router.add_get("/items/{id}", hello)
    app.add_subapp("/inner", inner)

    async def main() -> None:
        runner, port = await started(app)
        await ask(port, "/inner/items/7")
        text = (await ask(port, "/inner/here"))[1].decode()
        counts = samples(text, "http_server_request_duration_seconds_count")
        assert counts == {("", "GET", "200", "/inner/items/{id}", "http"): 1}
        await runner.cleanup()

    run(main())


MISTAKES: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "order": ({"buckets": [1, 0.5]}, ValueError, "ascending numbers"),
    "twice": ({"size_buckets": [1, 1]}, ValueError, "size_buckets are ascending"),
    "none": ({"buckets": []}, ValueError, "at least one"),
    "only infinity": ({"buckets": [float("inf")]}, ValueError, "at least one"),
    "negative": ({"buckets": [-1, 1]}, ValueError, "of 0 or more"),
    "not a number": ({"buckets": [float("nan"), 1]}, ValueError, "ascending"),
    "one path": ({"exclude": "/metrics"}, TypeError, r"\('/metrics',\)"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name: str) -> None:
    options, kind, text = MISTAKES[name]
    with pytest.raises(kind, match=text):
        Metrics(**options)


def test_two_of_them(run: Run) -> None:
    async def main() -> None:
        registry = CollectorRegistry()
        runners: list[AppRunner] = []
        for _ in range(2):
            app = Application()
            Metrics(registry=registry).setup(app)
            runners.append(AppRunner(app))
        await runners[0].setup()
        with pytest.raises(ValueError, match="Duplicated timeseries"):
            await runners[1].setup()
        for runner in runners:
            await runner.cleanup()
        # The names are free again.
        await runners[1].setup()
        await runners[1].cleanup()

    run(main())


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    monkeypatch.delitem(sys.modules, "treadle_server.prometheus")
    with pytest.raises(ImportError, match=r"pip install 'treadle\[prometheus\]'"):
        import treadle_server.prometheus  # noqa: F401  # the import is what is tested


# Workers.

Start = Callable[..., Program]

APP = """
import asyncio, logging, os, sys
from treadle_responses import Response
from treadle_server import Application, get, run_app
from treadle_server.prometheus import Metrics

async def pid(request):
    return Response(text=str(os.getpid()))

async def wait(request):
    sys.stderr.write("waits\\n")
    await asyncio.sleep(600)

def make(argv=()):
    from prometheus_client import Counter
    orders = Counter("orders", "Orders.")
    async def order(request):
        orders.inc()
        return Response()
    app = Application()
    Metrics().setup(app)
    app.add_routes([get("/", pid), get("/order", order), get("/wait", wait)])
    return app
"""

#: The application is made in each worker, in the first process, or by the command line.
RUN = """
from webapp import *
logging.basicConfig(level=20)
run_app(%s, host='127.0.0.1', port=0, workers=2, access_log=None, shutdown_timeout=0.1)
"""
MAINS: dict[str, tuple[str, list[str]]] = {
    "function": (RUN % "make", []),
    "application": (RUN % "make()", []),
    "command line": (
        "from treadle_server import command_line; command_line()",
        ["-H", "127.0.0.1", "-P", "0", "-w", "2", "webapp:make"],
    ),
}


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    (tmp_path / "webapp.py").write_text(APP)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    programs: list[Program] = []

    def starter(name: str) -> Program:
        code, arguments = MAINS[name]
        programs.append(Program([sys.executable, "-c", code, *arguments], tmp_path))
        return programs[-1]

    yield starter
    for program in programs:
        program.close()


def ask_each(program: Program, workers: int = 2) -> int:
    """Ask until that many workers have answered; return the number of requests."""
    seen: set[str] = set()
    count = 0
    while len(seen) < workers:
        seen.add(program.get())
        count += 1
    return count


def counted(program: Program, path: str = "/") -> float:
    values = samples(program.get("/metrics"), "http_server_request_duration_seconds_count")
    return values.get(("", "GET", "200", path, "http"), 0)


def wait_counted(program: Program, expected: int, path: str = "/") -> None:
    # The other worker writes a moment after it has counted.
    while (count := counted(program, path)) < expected:
        pass
    assert count == expected


@pytest.mark.parametrize("name", MAINS)
def test_sums_over_a_roll_and_a_kill(start: Start, name: str) -> None:
    program = start(name)
    program.wait_running()
    total = ask_each(program)
    wait_counted(program, total)
    # All workers are replaced.
    program.send(signal.SIGHUP)
    for _ in range(2):
        program.wait_for("has ended")
    assert counted(program) == total
    total += ask_each(program)
    wait_counted(program, total)
    # One is killed while it has a request under way.
    waiting = program.connect()
    waiting.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
    program.wait_for("waits")
    active = "http_server_active_requests"
    while samples(program.get("/metrics"), active) != {("GET", "http"): 2}:
        pass
    for pid in program.pids()[-2:]:
        os.kill(pid, signal.SIGKILL)
        program.wait_for("serves")
    waiting.close()
    assert counted(program) == total
    # The other worker writes the end of its scrape a moment later.
    while samples(program.get("/metrics"), active) != {("GET", "http"): 1}:
        pass
    total += ask_each(program)
    wait_counted(program, total)
    [directory] = program.folder.glob("treadle-metrics-*")
    # As many slots as workers have lived at one time.
    slots = {re.sub(r".*_(\w+)\.db", r"\1", path.name) for path in directory.iterdir()}
    assert slots <= {"w1", "w2", "w3", "w4"}
    assert program.end() == 0
    assert list(program.folder.glob("treadle-metrics-*")) == []


@pytest.mark.parametrize("name", ["function", "command line"])
def test_metrics_of_the_program(start: Start, name: str) -> None:
    program = start(name)
    program.wait_running()
    for _ in range(5):
        program.get("/order")
    assert samples(program.get("/metrics"), "orders_total") == {(): 5}
    assert program.end() == 0


def test_metrics_that_were_made_too_early(start: Start) -> None:
    program = start("application")
    program.wait_for(
        r"These metrics were made before the worker started, .*: orders\. Give run_app"
    )
    program.wait_running()
    assert program.end() == 0


def test_the_directory_of_an_operator(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    directory = tmp_path / "metrics"
    directory.mkdir()
    (directory / "counter_1.db").write_bytes(b"of the last run")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(directory))
    program = start("application")
    program.wait_running()
    program.get("/order")
    total = ask_each(program)
    wait_counted(program, total)
    assert samples(program.get("/metrics"), "orders_total") == {(): 1}
    assert program.end() == 0
    assert not (directory / "counter_1.db").exists()
