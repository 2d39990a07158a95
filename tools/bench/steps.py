"""The steps that a request takes inside treadle, function by function, without sockets and a clock.

    python tools/bench/steps.py [NAME ...] [--json FILE] [--before FILE] [--native]

A step is one instruction of Python's byte code, counted by ``sys.monitoring`` (Python 3.12 or
newer). The counts are the same on every machine and in every run, so that a change of a few steps
shows, which no clock would find. They do not show what a step costs: ``--native`` counts the
processor's instructions instead, in all code, C included (valgrind; Linux, one minute for each).

The requests of a workload go to a connection in memory: the event loop is asyncio's, and what the
transport and the kernel do is not counted.
"""

import argparse
import asyncio
import collections
import gc
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Final

from treadle import web

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._workloads import DISTINCT, WORKLOADS
from bench.apps import serve_treadle as handlers

#: Steps of each function by its name, and the calls of it.
Steps = dict[str, tuple[float, float]]

NAMES: Final = ("hello", "json", "path", "browser", "differ", "not-found")
#: Requests before the count, so that the interpreter has specialized its code; and counted ones.
WARM_UP: Final = 500
COUNTED: Final = 100
#: Requests of the two runs whose difference is counted under valgrind.
NATIVE: Final = (1000, 2000)


def requests(name: str) -> list[bytes]:
    """Return the requests of a workload, which are sent in turn."""
    if name == "not-found":
        return [WORKLOADS["hello"].request.replace(b"/", b"/nowhere", 1)]
    workload = WORKLOADS[name]
    if workload.numbered is not None:
        return [workload.numbered(number) for number in range(DISTINCT)]
    return [workload.request]


class Sink(asyncio.Transport):
    """A transport whose peer takes everything at once."""

    written = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:  # noqa: ARG002
        """Take ``data``."""
        self.written += 1

    def is_closing(self) -> bool:
        """Return False."""
        return False

    def close(self) -> None:
        """Do nothing."""

    def abort(self) -> None:
        """Do nothing."""

    def pause_reading(self) -> None:
        """Do nothing."""

    def resume_reading(self) -> None:
        """Do nothing."""

    def get_write_buffer_size(self) -> int:
        """Return 0."""
        return 0


async def feed(name: str, warm_up: int, counted: Callable[[Iterator[None]], None]) -> None:
    """Send ``warm_up`` requests, and call ``counted`` with an iterator that sends one each time."""
    app = web.Application()
    app.router.add_get("/", handlers.hello)
    app.router.add_get("/json", handlers.as_json)
    app.router.add_get("/user/{name}", handlers.user)
    app.router.add_post("/echo", handlers.echo)
    runner = web.AppRunner(app)
    await runner.setup()
    assert runner.server is not None
    connection = runner.server()
    transport = Sink()
    connection.connection_made(transport)
    source = itertools.cycle(requests(name))

    def each() -> Iterator[None]:
        while True:
            connection.data_received(next(source))
            yield

    sent = each()
    for _ in range(warm_up):
        next(sent)
    if transport.written != warm_up:
        raise SystemExit(f"{transport.written} of {warm_up} requests of {name} were answered")
    counted(sent)
    connection.connection_lost(None)
    await runner.cleanup()


def count(name: str) -> Steps:
    """Return the steps of one request of a workload, for each function of Python code.

    Raises ``SystemExit`` where the interpreter cannot count them.
    """
    if sys.version_info < (3, 12):
        raise SystemExit("counting steps needs Python 3.12 or newer (sys.monitoring)")
    monitoring = sys.monitoring
    steps: collections.Counter[CodeType] = collections.Counter()
    calls: collections.Counter[CodeType] = collections.Counter()

    def on_step(code: CodeType, _offset: int) -> None:
        steps[code] += 1

    def on_start(code: CodeType, _offset: int) -> None:
        calls[code] += 1

    def counted(sent: Iterator[None]) -> None:
        tool = monitoring.PROFILER_ID
        events = monitoring.events
        monitoring.use_tool_id(tool, "steps")
        monitoring.register_callback(tool, events.INSTRUCTION, on_step)
        monitoring.register_callback(tool, events.PY_START, on_start)
        monitoring.set_events(tool, events.INSTRUCTION | events.PY_START)
        for _ in range(COUNTED):
            next(sent)
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)

    # The collector may run Python code of objects that have nothing to do with the requests.
    collects = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        asyncio.run(feed(name, WARM_UP, counted))
    finally:
        if collects:
            gc.enable()
    return {
        f"{_room_of(code)} {code.co_qualname}": (number / COUNTED, calls[code] / COUNTED)
        for code, number in steps.most_common()
        if code.co_filename != __file__
    }


def _room_of(code: CodeType) -> str:
    if code.co_filename == handlers.__file__:
        return "handler"
    return code.co_filename.partition("/src/")[2] or Path(code.co_filename).name


def run_alone(name: str, number: int) -> None:
    """Send ``number`` requests, and nothing else: the program that valgrind runs."""
    gc.disable()

    def counted(sent: Iterator[None]) -> None:
        for _ in range(number):
            next(sent)

    asyncio.run(feed(name, 50, counted))


def count_native(name: str, program: str = __file__) -> float:
    """Return the processor's instructions of one request, which ``program`` makes by itself.

    Raises ``SystemExit`` without valgrind, and ``LookupError`` with the reason if it has failed.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise SystemExit("this needs valgrind (Debian: apt install valgrind)")
    # Addresses decide where a dict puts its keys: without this, runs differ by a few percent.
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    found = []
    for number in NATIVE:
        command = [valgrind, "--tool=callgrind", f"--callgrind-out-file={os.devnull}"]
        command += [sys.executable, program, name, "--alone", str(number)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        counted = re.search(r"Collected : ([0-9]+)", done.stderr)
        if counted is None or done.returncode:
            missing = re.search(r"No module named '[\w.]+'", done.stderr)
            raise LookupError(missing[0] if missing else done.stderr[-500:])
        found.append(int(counted[1]))
    return (found[1] - found[0]) / (NATIVE[1] - NATIVE[0])


def as_table(name: str, steps: Steps, before: Steps) -> str:
    """Return the steps as a table of Markdown, the longest first, beside those of ``before``."""
    rows = sorted({*steps, *before}, key=lambda row: (-max(of(steps, row), of(before, row)), row))
    lines = [
        f"### {name}",
        "",
        "| function | before | now |" if before else "| function | steps | calls |",
        "|---|---:|---:|",
    ]
    totals = sum(value for value, _ in before.values()), sum(value for value, _ in steps.values())
    frames = sum(calls for _, calls in steps.values())
    if before:
        lines.append(f"| **all** | **{totals[0]:,.0f}** | **{totals[1]:,.0f}** |")
        lines += [f"| `{row}` | {of(before, row):.0f} | {of(steps, row):.0f} |" for row in rows]
    else:
        lines.append(f"| **all** | **{totals[1]:,.0f}** | **{frames:.0f}** |")
        lines += [f"| `{row}` | {steps[row][0]:.0f} | {steps[row][1]:.0f} |" for row in rows]
    return "\n".join(lines) + "\n"


def of(steps: Steps, row: str) -> float:
    """Return the steps of one function, 0 if it is not called."""
    return steps[row][0] if row in steps else 0.0


def main(arguments: list[str]) -> int:
    """Count and print."""
    parser = argparse.ArgumentParser(prog="steps")
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the counts for --before")
    parser.add_argument("--before", type=Path, metavar="FILE", help="show those of --json too")
    parser.add_argument("--native", action="store_true", help="the processor's instructions")
    parser.add_argument("--alone", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - {*NAMES, *WORKLOADS}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if options.alone is not None:
        run_alone(options.names[0], options.alone)
        return 0
    if options.native:
        for name in options.names:
            try:
                counted = count_native(name)
            except LookupError as error:
                raise SystemExit(f"valgrind has failed: {error}") from None
            print(f"{name:<12}{counted:>12,.0f} instructions a request", flush=True)
        return 0
    before: dict[str, Steps] = json.loads(options.before.read_text()) if options.before else {}
    found = {name: count(name) for name in options.names}
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))
    print("\n".join(as_table(name, steps, before.get(name, {})) for name, steps in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
