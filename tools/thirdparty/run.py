"""Run the test suites of libraries for aiohttp on aiohttp and on treadle, and compare.

Each test runs twice, the second time with ``-p treadle.compat``. The exit status is 1 if a test
that passes on aiohttp fails on treadle without a reason in ``suites.toml``, or if a suite could not
run.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Final

from ._results import Comparison, compare, passed_tests
from ._suites import Suite, load_suites
from ._workplace import SuiteError, Workplace

_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_TREADLE: Final = ("-p", "treadle.compat")


def _examine(suite: Suite, place: Workplace, *, keep: bool) -> Comparison:
    """Run one suite on both servers; raises ``SuiteError`` if that is not possible."""
    source = place.fetch(suite, keep=keep)
    passed: list[frozenset[str]] = []
    for side, plugin in (("aiohttp", ()), ("treadle", _TREADLE)):
        run = place.run(suite, source, side, plugin)
        if run.junit is None:
            raise SuiteError(f"pytest did not start on {side}: see {run.output}")
        passed.append(passed_tests(run.junit))
    if not passed[0]:
        raise SuiteError(f"no test passes on aiohttp: see {source.parent.parent}")
    return compare(suite, *passed)


def _report(result: Comparison, home: Path) -> None:
    for test, reason in result.lost.items():
        print(f"    fails on treadle: {test}\n        {reason or 'NO REASON in suites.toml'}")
    for part in result.unused:
        print(f"    no test fails for the reason of {part!r} any more: remove it")
    if not result.holds:
        print(f"    what pytest printed: {home / 'output-treadle.txt'}")


def main(arguments: list[str]) -> int:
    """Run what ``arguments`` name; return the exit status."""
    known = load_suites()
    parser = argparse.ArgumentParser(prog="python -m thirdparty.run", description=__doc__)
    parser.add_argument("names", nargs="*", help="names of suites; all without any")
    parser.add_argument(
        "--folder", type=Path, default=_ROOT / ".hatch" / "thirdparty",
        help="the environment, the sources and the output (.hatch/thirdparty of the clone)",
    )  # fmt: skip
    parser.add_argument(
        "--keep", action="store_true", help="use the environment and the sources of the last run"
    )
    parser.add_argument("--list", action="store_true", help="print the names of the suites")
    options = parser.parse_args(arguments)
    if options.list:
        print(*(suite.requirement for suite in known), sep="\n")
        return 0
    unknown = set(options.names) - {suite.name for suite in known}
    if unknown:
        names = ", ".join(suite.name for suite in known)
        parser.error(f"no suite is named {', '.join(sorted(unknown))}; known suites: {names}")
    suites = [suite for suite in known if not options.names or suite.name in options.names]
    place = Workplace(options.folder)
    print(f"Installing the libraries into {options.folder} ...", flush=True)
    try:
        place.install(suites, keep=options.keep)
    except SuiteError as error:
        print(error)
        return 1
    results: list[Comparison] = []
    print(f"{'suite':52} {'aiohttp':>8} {'treadle':>8}")
    for number, suite in enumerate(suites, 1):
        print(f"[{number:2}/{len(suites)}] {suite.requirement:44} ", end="", flush=True)
        started = time.monotonic()
        try:
            result = _examine(suite, place, keep=options.keep)
        except SuiteError as error:
            print(f"could not run\n    {error}")
            continue
        results.append(result)
        seconds = time.monotonic() - started
        print(f"{result.on_aiohttp:8} {result.on_treadle:8}   ({seconds:.0f} s)")
        _report(result, options.folder / suite.requirement)
    on_aiohttp = sum(result.on_aiohttp for result in results)
    on_treadle = sum(result.on_treadle for result in results)
    print(f"{f'{len(results)} of {len(suites)} suites':52} {on_aiohttp:8} {on_treadle:8}")
    return 0 if len(results) == len(suites) and all(result.holds for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
