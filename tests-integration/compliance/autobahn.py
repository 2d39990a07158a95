"""Run the Autobahn testsuite against treadle's WebSockets, and write its verdicts.

    python tests-integration/compliance/autobahn.py PATH/TO/wstest [--cases 1.*,2.*] [--out FILE]

See README.md for where wstest comes from. The server is the echo below, on the event loop that
production runs on. It has default settings, but for the size of a message: section 9 sends 16 MiB.
"""

import argparse
import asyncio
import importlib.metadata
import json
import platform
import socket
import sys
import tempfile
from collections import Counter
from pathlib import Path

import uvloop

import treadle
from treadle import web

HERE = Path(__file__).resolve().parent
#: Sections in portions: wstest writes its verdicts only at the end of a run.
PORTIONS = ("1.*,2.*,3.*,4.*,5.*,6.*,7.*,9.*,10.*", "12.*", "13.*")


async def echo(request: web.Request) -> web.WebSocketResponse:
    """Send back what comes."""
    ws = web.WebSocketResponse(max_msg_size=0)
    await ws.prepare(request)
    async for message in ws:
        if message.type is web.WSMsgType.TEXT:
            await ws.send_str(message.data)
        elif message.type is web.WSMsgType.BINARY:
            await ws.send_bytes(message.data)
    return ws


async def judge(wstest: str, cases: str, folder: Path) -> dict[str, dict[str, str]]:
    """Serve the echo to one run of wstest; return its verdicts by case."""
    app = web.Application()
    app.router.add_get("/", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    sock = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, sock).start()
    spec = folder / "spec.json"
    server = {
        "agent": "treadle",
        "url": f"ws://127.0.0.1:{sock.getsockname()[1]}",
        "options": {"version": 18},
    }
    spec.write_text(
        json.dumps(
            {
                "options": {"failByDrop": False},
                "outdir": str(folder),
                "servers": [server],
                "cases": cases.split(","),
                "exclude-cases": [],
                "exclude-agent-cases": {},
            }
        )
    )
    try:
        process = await asyncio.create_subprocess_exec(
            wstest, "-m", "fuzzingclient", "-s", str(spec)
        )
        if await process.wait():
            raise SystemExit(f"{wstest} ended with {process.returncode}")
    finally:
        await runner.cleanup()
    verdicts: dict[str, dict[str, str]] = json.loads((folder / "index.json").read_text())["treadle"]
    return verdicts


def _order(case: str) -> list[int]:
    return [int(number) for number in case.split(".")]


def report(verdicts: dict[str, dict[str, str]]) -> str:
    """Return the summary as JSON: totals, then the verdicts on behaviour and on closing."""
    cases = {
        case: f"{verdicts[case]['behavior']} / {verdicts[case]['behaviorClose']}"
        for case in sorted(verdicts, key=_order)
    }
    summary = {
        "suite": "autobahntestsuite 0.8.2",
        "treadle": treadle.__version__,
        "python": platform.python_version(),
        "uvloop": importlib.metadata.version("uvloop"),
        "total": len(cases),
        "behavior": dict(Counter(verdict["behavior"] for verdict in verdicts.values())),
        "behaviorClose": dict(Counter(verdict["behaviorClose"] for verdict in verdicts.values())),
        "cases": cases,
    }
    return json.dumps(summary, indent=1) + "\n"


def main(arguments: list[str]) -> int:
    """Run as the command line says; exit status 1 if a case failed."""
    parser = argparse.ArgumentParser(prog="autobahn")
    parser.add_argument("wstest", help="the suite's program")
    parser.add_argument("--cases", action="append", help="as 1.*,2.*; all without it")
    parser.add_argument("--out", type=Path, default=HERE / "autobahn.json")
    options = parser.parse_args(arguments)
    verdicts: dict[str, dict[str, str]] = {}
    for cases in options.cases or PORTIONS:
        with tempfile.TemporaryDirectory() as folder:
            verdicts |= uvloop.run(judge(options.wstest, cases, Path(folder)))
    options.out.write_text(report(verdicts))
    bad = [
        case
        for case in sorted(verdicts, key=_order)
        if {verdicts[case]["behavior"], verdicts[case]["behaviorClose"]} - {"OK", "INFORMATIONAL"}
    ]
    sys.stdout.write(f"{len(verdicts)} cases, not OK: {', '.join(bad) or 'none'}\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
