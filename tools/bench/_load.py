"""Load one server for one round from a process on another core, and measure the cost.

The load comes from wrk if it is installed, else from ``generator.py``. Both send the same bytes.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple, final

from bench._account import cpu_seconds, cpu_used, tree
from bench._servers import Running, cores
from bench._workloads import Workload

__all__ = ["LoadFailed", "Round", "Wrk", "find_wrk", "run_round"]

_HERE = Path(__file__).resolve().parent


@final
class LoadFailed(Exception):  # noqa: N818  # says what happened
    """The load generator failed, or saw errors."""


@final
class Wrk(NamedTuple):
    """An installed wrk."""

    path: str
    version: str


@final
class Round(NamedTuple):
    """The results of one round on one server."""

    requests_per_second: float
    #: User and system time of the server's processes, in microseconds.
    cpu_us_per_request: float
    #: Latency; None if the generator cannot measure it.
    p50_us: float | None
    p99_us: float | None


def find_wrk() -> Wrk | None:
    """Return the wrk on the path, if there is one."""
    path = shutil.which("wrk")
    if path is None:
        return None
    # wrk prints its version with its usage, and then exits with an error.
    run = subprocess.run([path, "-v"], capture_output=True, text=True, check=False)
    words = (run.stdout + run.stderr).split()
    return Wrk(path, " ".join(words[:2]) or "wrk")


def _command(
    wrk: Wrk | None, port: int, file: Path, workload: Workload, connections: int, seconds: int
) -> list[str]:
    size = len(workload.request) * workload.pipelined
    if wrk is None:
        numbers = [str(size), str(workload.pipelined), str(connections), str(seconds)]
        return [sys.executable, str(_HERE / "generator.py"), str(port), str(file), *numbers]
    options = ["-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s", str(_HERE / "wrk.lua")]
    return [wrk.path, *options, f"http://127.0.0.1:{port}/", "--", str(file), str(size)]


def run_round(
    server: Running, workload: Workload, wrk: Wrk | None, file: Path, connections: int, seconds: int
) -> Round:
    """Load ``server`` for ``seconds`` and return the round.

    ``file`` holds the ``writes`` of the workload. Raises ``LoadFailed`` on any answer that was not
    a success.
    """
    name = server.program.title
    before = cpu_seconds(tree(server.pids[0]))
    command = _command(wrk, server.port, file, workload, connections, seconds)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if pair := cores():
            os.sched_setaffinity(process.pid, {pair[1]})
        output, _ = process.communicate(timeout=seconds + 30)
    finally:
        process.kill()
        process.wait()
    used = cpu_used(before, cpu_seconds(tree(server.pids[0])))
    if process.returncode:
        raise LoadFailed(f"{name}, {workload.name}: {' '.join(command)} failed, see above")
    # wrk prints a report of its own above our line.
    result = json.loads(output.strip().rpartition("\n")[2])
    if result["errors"] or not result["requests"]:
        raise LoadFailed(
            f"{name}, {workload.name}: {result['errors']} errors among "
            f"{result['requests']} requests"
        )
    # wrk corrects its latencies by the mean time between requests of a connection, and counts each
    # pipelined request as sent by itself: its latencies are then wrong, or 0.
    timed = wrk is None or workload.pipelined == 1
    return Round(
        requests_per_second=result["requests"] / result["seconds"],
        cpu_us_per_request=used * 1e6 / result["requests"],
        p50_us=result["p50_us"] if timed else None,
        p99_us=result["p99_us"] if timed else None,
    )
