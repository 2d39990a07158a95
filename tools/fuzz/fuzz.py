"""Fuzz the targets with atheris, coverage-guided.

    python tools/dev.py fuzz                         a seeded minute of each target
    python tools/dev.py fuzz cookies dates           of these targets
    python tools/dev.py fuzz --seconds 1800 cookies  for as long as you like

Each target runs in a process of its own, as many at once as there are processors. What it learns
goes to ``.fuzz/<target>/`` of the clone; a finding is written to ``.fuzz/<target>-crash-*`` and
ends the target with exit status 1. When it is fixed, keep its bytes in
``tools/fuzz/corpus/<target>/``: the test suite replays that folder.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CORPUS = Path(__file__).resolve().parent / "corpus"
WORK = ROOT / ".fuzz"

#: The search is guided by the branches of these packages.
INSTRUMENTED = ("http_parser", "multipart", "responses", "router", "server", "websocket")
#: Words that a search by single bytes would not find; for the targets that read whole messages.
DICTIONARY = Path(__file__).resolve().parent / "words.dict"

#: Longest input that is tried; longer ones are a matter of limits, which tables test.
MAX_LENGTH = 4096


def fuzz_one(name: str, arguments: list[str]) -> None:
    """Fuzz one target in this process; libFuzzer ends the process."""
    import atheris

    packages = [f"treadle_{package}" for package in INSTRUMENTED]
    with atheris.instrument_imports(include=packages):
        from fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()


def run_target(name: str, seconds: int, seed: int) -> tuple[str, int, str]:
    """Fuzz one target in a process of its own; return its name, exit status and last output."""
    learned = WORK / name
    learned.mkdir(parents=True, exist_ok=True)
    seeds = CORPUS / name
    command = [
        sys.executable, __file__, "--child", name, f"-max_total_time={seconds}", f"-seed={seed}",
        f"-max_len={MAX_LENGTH}", f"-artifact_prefix={WORK}/{name}-", "-timeout=20",
        "-rss_limit_mb=4096", "-print_final_stats=1", f"-dict={DICTIONARY}",
        str(learned), str(seeds),
    ]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tools")}
    start = time.monotonic()
    run = subprocess.run(
        command, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
    lines = (run.stderr + run.stdout).splitlines()
    if run.returncode:
        return name, run.returncode, "\n".join(lines[-60:])
    executed = next((line.split()[-1] for line in lines if "number_of_executed_units" in line), "?")
    cover = next((line for line in reversed(lines) if " cov: " in line), "")
    coverage = cover.partition(" cov: ")[2].split(" ")[0]
    spent = time.monotonic() - start
    return name, 0, f"{executed} inputs in {spent:.0f} s, {coverage} edges, nothing found"


def main(arguments: list[str]) -> int:
    """Fuzz the targets that ``arguments`` name; 1 if anything was found."""
    from fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("target", nargs="*", help=f"one of {', '.join(TARGETS)}; all by default")
    parser.add_argument("--seconds", type=int, default=60, help="time for each target (60)")
    parser.add_argument("--seed", type=int, default=1, help="libFuzzer's seed, not 0 (1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="targets at a time")
    options = parser.parse_args(arguments)
    names = options.target or list(TARGETS)
    unknown = sorted(set(names) - set(TARGETS))
    if unknown:
        parser.error(f"unknown target {unknown[0]!r}: choose from {', '.join(TARGETS)}")
    failed = 0
    with ThreadPoolExecutor(options.jobs) as pool:
        runs = [pool.submit(run_target, name, options.seconds, options.seed) for name in names]
        for run in runs:
            name, status, words = run.result()
            print(f"{name}: {words}", flush=True)
            failed |= status != 0
    return int(failed)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tools"))
    if sys.argv[1:2] == ["--child"]:
        fuzz_one(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main(sys.argv[1:]))
