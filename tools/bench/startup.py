"""CPU time of ``from treadle import web`` and ``from aiohttp import web``, in fresh interpreters.

And of a program that listens with one route, and ends: what is imported on first use counts there.

    python tools/bench/startup.py [--runs 21]

The runs alternate, the first of each is not counted (it writes the byte code), and each number is
the median of user plus system time as the operating system books it on the child. An interpreter
that does nothing is shown, too: it is part of both.
"""

import argparse
import os
import statistics
import subprocess
import sys

TREADLE = "from treadle import web"
AIOHTTP = "from aiohttp import web"
NOTHING = "pass"
_PROGRAM = """
import asyncio

async def hello(request):
    return web.Response(text="Hello, world!")

async def main():
    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0])
    writer.write(b"GET / HTTP/1.0\\r\\n\\r\\n")
    assert b"Hello" in await reader.read()
    writer.close()
    await runner.cleanup()

asyncio.run(main())
"""
#: Each program of ours beside its rival: its title, and both texts.
PAIRS = (
    ("from ... import web", TREADLE, AIOHTTP),
    ("one request served", TREADLE + _PROGRAM, AIOHTTP + _PROGRAM),
)


def cpu_milliseconds(program: str) -> float:
    """Run ``program`` in a fresh interpreter; raises ``CalledProcessError`` if it fails."""
    # Both from byte code, as they are when installed; the first run, not counted, writes it.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, program)
    return (usage.ru_utime + usage.ru_stime) * 1000


def main(arguments: list[str]) -> int:
    """Measure and print; exit status 1 if one cannot be imported."""
    parser = argparse.ArgumentParser(prog="startup")
    parser.add_argument("--runs", type=int, default=21, help="of each, at least 1")
    runs = max(1, parser.parse_args(arguments).runs)
    programs = [NOTHING, *(program for _, *pair in PAIRS for program in pair)]
    times: dict[str, list[float]] = {program: [] for program in programs}
    try:
        for number in range(runs + 1):
            for program, counted in times.items():
                spent = cpu_milliseconds(program)
                if number:
                    counted.append(spent)
    except subprocess.CalledProcessError as error:
        print(f"python -c {error.cmd!r} failed; see its message above.", file=sys.stderr)
        return 1
    _show("an interpreter alone", times[NOTHING])
    for title, ours, theirs in PAIRS:
        _show(f"{title}, treadle", times[ours])
        _show(f"{title}, aiohttp", times[theirs])
        each = [one / other for one, other in zip(times[ours], times[theirs], strict=True)]
        middle = statistics.median(each)
        print(f"{'treadle/aiohttp':<34}{middle:>8.2f}    ({min(each):.2f}-{max(each):.2f})")
    return 0


def _show(title: str, counted: list[float]) -> None:
    middle = statistics.median(counted)
    print(f"{title:<34}{middle:>8.1f} ms ({min(counted):.1f}-{max(counted):.1f})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
