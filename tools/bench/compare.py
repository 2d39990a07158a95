"""treadle beside its peers on the same work in one run; see README.md for the method.

    python tools/bench/compare.py [--rounds 5] [--seconds 3] [--connections 32]
        [--workloads hello,json] [--servers treadle,aiohttp] [--json FILE]

Exit status 1 if a server answers wrongly, 2 for a bad command line or an unsuitable machine.
"""

import argparse
import contextlib
import importlib.metadata
import json
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

# A program has its own folder on the path, but its modules are imported as ``bench.x``.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench._answers import BadAnswer, check
from bench._load import LoadFailed, Round, Wrk, find_wrk, run_round
from bench._report import Rounds, as_json, as_table
from bench._servers import SERVERS, Program, Running, cores, end_on_sigterm, start
from bench._workloads import DEFAULT, WORKLOADS, Workload


def _listed(known: Sequence[str]) -> Callable[[str], list[str]]:
    """Return a parser of comma-separated names that knows only ``known``."""

    def parse(text: str) -> list[str]:
        # A name that is given twice runs once.
        names = list(dict.fromkeys(text.split(",")))
        for name in names:
            if name not in known:
                message = f"unknown name {name!r}; there are {', '.join(known)}"
                raise argparse.ArgumentTypeError(message)
        return names

    return parse


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


def options(arguments: list[str]) -> argparse.Namespace:
    """Return the settings that the command line asks for; exits with status 2 if it cannot."""
    parser = argparse.ArgumentParser(prog="compare", description="treadle beside its peers")
    parser.add_argument("--rounds", type=_count, default=5, help="counted rounds, after a warm-up")
    parser.add_argument("--seconds", type=_count, default=3, help="of load for a server in a round")
    parser.add_argument("--connections", type=_count, default=32)
    parser.add_argument(
        "--workloads",
        type=_listed([*WORKLOADS]),
        default=[*DEFAULT],
        metavar="NAME,...",
        help=f"of {', '.join(WORKLOADS)} (default: {', '.join(DEFAULT)})",
    )
    parser.add_argument(
        "--servers",
        type=_listed([*SERVERS]),
        default=[*SERVERS],
        metavar="NAME,...",
        help=f"of {', '.join(SERVERS)} (default: all)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there, too")
    return parser.parse_args(arguments)


def _arguments(program: Program, workload: Workload, folder: Path) -> list[str]:
    """Return the program's own arguments: the bare server answers with the bytes of treadle."""
    if workload.option is not None:
        return [f"--{workload.option}"]
    if program.name != "bare":
        return []
    with start(SERVERS["treadle"], workload.request) as treadle:
        file = folder / "answer"
        file.write_bytes(treadle.answer.raw)
    return [str(file), str(len(workload.request))]


def _show(progress: str) -> None:
    """Show the progress, if the output is a terminal."""
    if sys.stderr.isatty():
        print(f"\r{progress:<40}\r", end="", file=sys.stderr, flush=True)


def measure(
    workload: Workload,
    programs: list[Program],
    wrk: Wrk | None,
    *,
    rounds: int,
    seconds: int,
    connections: int,
) -> Rounds:
    """Return the counted rounds of every server.

    All servers run at the same time, all but one idle. Raises ``BadAnswer`` and ``LoadFailed``.
    """
    counted: dict[str, list[Round]] = {program.name: [] for program in programs}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        file = folder / "request"
        file.write_bytes(workload.writes())
        servers: list[Running] = []
        for program in programs:
            extra = _arguments(program, workload, folder)
            server = stack.enter_context(start(program, workload.request, *extra))
            check(workload, server.answer)
            servers.append(server)
        for number in range(rounds + 1):
            _show(f"{workload.name}: round {number} of {rounds}")
            for server in servers:
                result = run_round(server, workload, wrk, file, connections, seconds)
                if number:  # Round 0 warms up: lazy imports, caches, the adaptive interpreter.
                    counted[server.program.name].append(result)
        _show("")
    return counted


def versions(programs: list[Program], wrk: Wrk | None) -> dict[str, str]:
    """Return the version of each program that took part."""
    found = {"python": f"{platform.python_implementation()} {platform.python_version()}"}
    for name in sorted({name for program in programs for name in program.needs}):
        found[name] = importlib.metadata.version(name)
    found["load"] = wrk.version if wrk else "generator.py"
    return found


def main(arguments: list[str]) -> int:
    """Run the comparison; return the exit status."""
    asked = options(arguments)
    if not sys.platform.startswith("linux"):
        print("The comparison needs Linux: it reads the accounts in /proc.", file=sys.stderr)
        return 2
    programs: list[Program] = []
    for name in asked.servers:
        program = SERVERS[name]
        if missing := program.missing():
            print(f"{program.title}: not installed ({', '.join(missing)})")
        else:
            programs.append(program)
    if any(SERVERS["treadle"].missing()) or not programs:
        print("treadle itself and uvloop must be installed, and a server to run.", file=sys.stderr)
        return 2
    if cores() is None:
        print("Only one core: load and server share it, and latencies mean little.")
    end_on_sigterm()
    wrk = find_wrk()
    used = versions(programs, wrk)
    print(", ".join(f"{name} {version}" for name, version in used.items()))
    print(f"{asked.rounds} rounds of {asked.seconds} s, {asked.connections} connections\n")
    report: dict[str, object] = {}
    try:
        for name in asked.workloads:
            rounds = measure(
                WORKLOADS[name],
                [
                    program
                    for program in programs
                    if program.has_options or WORKLOADS[name].option is None
                ],
                wrk,
                rounds=asked.rounds,
                seconds=asked.seconds,
                connections=asked.connections,
            )
            print(as_table(name, rounds), end="\n\n", flush=True)
            report[name] = as_json(rounds)
    except (BadAnswer, LoadFailed, OSError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    if asked.json is not None:
        settings = {key: getattr(asked, key) for key in ("rounds", "seconds", "connections")}
        whole = {"versions": used, "settings": settings, "workloads": report}
        asked.json.write_text(json.dumps(whole, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
