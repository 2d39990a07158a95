"""Static files: treadle beside aiohttp and nginx, by CPU time of the server for each request.

    python tools/bench/files.py [--rounds 3] [--seconds 3]

A file of 100 KiB and one of 10 MiB in a temporary folder; keep-alive connections, no access log,
one worker each, on one core.  nginx (Debian: ``nginx-light``) sends with sendfile. Needs wrk.
"""

import argparse
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._account import tree
from bench._answers import ask
from bench._load import Round, find_wrk, run_round
from bench._servers import SERVERS, Program, Running, cores, end_on_sigterm, start
from bench._workloads import WORKLOADS, Workload

SIZES = {"100 KiB": 100 * 1024, "10 MiB": 10 * 1024 * 1024}
CONNECTIONS = 16

_NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; location /files/ {{ alias {folder}/; }} }}
}}
"""


def workload(name: str, size: int) -> Workload:
    """Return the request for the file of that size."""
    request = f"GET /files/{size}.bin HTTP/1.1\r\nHost: localhost:8080\r\n\r\n".encode()
    return Workload(name, request, lambda body: len(body) == size)


@contextlib.contextmanager
def nginx(folder: str, request: bytes) -> Iterator[Running]:
    """Run nginx on the folder."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    config = Path(folder) / "nginx.conf"
    config.write_text(_NGINX.format(folder=folder, port=port))
    process = subprocess.Popen(["nginx", "-c", str(config), "-e", f"{folder}/error.log"])
    try:
        if pair := cores():
            os.sched_setaffinity(process.pid, {pair[0]})
        answer = None
        while answer is None:
            try:
                answer = ask(port, request)
            except ConnectionRefusedError:
                if process.poll() is not None:
                    raise SystemExit("nginx did not start: see its message above") from None
        yield Running(Program("nginx", "nginx", ()), port, tree(process.pid), answer)
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    """Measure both files on all servers and print a line for each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds behind a warm-up (3)")
    parser.add_argument("--seconds", type=int, default=3, help="seconds by round (3)")
    options = parser.parse_args()
    wrk = find_wrk()
    if wrk is None:
        parser.error("wrk is not installed")
    end_on_sigterm()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        for size in SIZES.values():
            (Path(folder) / f"{size}.bin").write_bytes(os.urandom(size))
        # nginx drops its rights to those of another user.
        Path(folder).chmod(0o755)
        hello = WORKLOADS["hello"].request
        servers = [
            stack.enter_context(start(SERVERS[name], hello, folder))
            for name in ("treadle", "aiohttp")
            if not SERVERS[name].missing()
        ]
        if shutil.which("nginx"):
            first = workload("first", next(iter(SIZES.values())))
            servers.append(stack.enter_context(nginx(folder, first.request)))
        for name, size in SIZES.items():
            work = workload(name, size)
            request = Path(folder) / "request"
            request.write_bytes(work.request)
            rounds: dict[str, list[Round]] = {server.program.title: [] for server in servers}
            for number in range(options.rounds + 1):
                for server in servers:
                    if not work.accepts(ask(server.port, work.request).body):
                        raise SystemExit(f"{server.program.title} sent another file")
                    result = run_round(server, work, wrk, request, CONNECTIONS, options.seconds)
                    if number:
                        rounds[server.program.title].append(result)
            ours = [one.cpu_us_per_request for one in rounds["treadle"]]
            for title, results in rounds.items():
                costs = [one.cpu_us_per_request for one in results]
                ratios = [mine / theirs for mine, theirs in zip(ours, costs, strict=True)]
                print(
                    f"{name}: {title}: {statistics.median(costs):,.0f} us of CPU time a request, "
                    f"treadle needs {statistics.median(ratios):.2f} of it "
                    f"({min(ratios):.2f}-{max(ratios):.2f})",
                    flush=True,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
