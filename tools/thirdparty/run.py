"""``python -m thirdparty.run [NAME ...]``: run the suites and print the table.

Each suite gets an environment of its own below ``--folder`` (``.hatch/thirdparty`` of the clone),
with aiohttp and this clone's packages. Its tests run twice, the second time with
``-p treadle.compat``. Exits with 1 if a test fails on treadle alone for which there is no reason.
"""

import argparse
import os
import subprocess
import sys
import tarfile
import venv
from pathlib import Path
from typing import Final

from ._results import Comparison, compare, passed_tests
from ._suites import Suite, load_suites

_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_AIOHTTP: Final = "aiohttp==3.14.5"
#: What every suite gets; the versions that its own configuration asks for do not matter here.
_COMMON: Final = (
    _AIOHTTP,
    "pytest",
    "pytest-asyncio",
    "pytest-aiohttp",
    "pytest-mock",
    "pytest-cov",
)
#: Suites turn warnings into errors, those of other libraries' later versions included.
_OPTIONS: Final = (
    "-o", "addopts=", "-o", "asyncio_mode=auto", "-o", "filterwarnings=default",
    "-o", "asyncio_default_fixture_loop_scope=function", "-p", "no:cacheprovider", "-q",
)  # fmt: skip


def _python(environment: Path) -> Path:
    return environment / ("Scripts" if os.name == "nt" else "bin") / "python"


def _prepare(suite: Suite, folder: Path) -> tuple[Path, Path]:
    """Install the suite's environment and unpack its source; return both."""
    home = folder / suite.requirement
    environment, source = home / "env", home / "source"
    done = home / "done"
    if not done.exists():
        venv.create(environment, with_pip=True, clear=True)
        pip = [str(_python(environment)), "-m", "pip"]
        packages = [str(path) for path in sorted((_ROOT / "packages").iterdir())]
        editable = [argument for path in packages for argument in ("-e", path)]
        needs = [*_COMMON, *suite.needs, suite.requirement, *editable]
        subprocess.run([*pip, "install", "--quiet", *needs], check=True)
        fetch = ["download", "--quiet", "--no-deps", "--no-binary", suite.name, "-d", str(home)]
        subprocess.run([*pip, *fetch, suite.requirement], check=True)
        archive = next(home.glob("*.tar.gz"))
        with tarfile.open(archive) as tar:
            tar.extractall(source, filter="data")
        done.touch()
    unpacked = next(path for path in source.iterdir() if path.is_dir())
    if suite.conftest:
        (unpacked / "tests" / "conftest.py").write_text(suite.conftest)
    return environment, unpacked


def _run(environment: Path, source: Path, suite: Suite, *plugin: str) -> frozenset[str]:
    junit = source.parent / f"junit{'-treadle' if plugin else ''}.xml"
    junit.unlink(missing_ok=True)
    command = [str(_python(environment)), "-m", "pytest", *_OPTIONS, *plugin, *suite.arguments]
    variables = {"PYTEST_ADDOPTS": " ".join(plugin)} if suite.inner else {}
    with (source.parent / f"output{'-treadle' if plugin else ''}.txt").open("w") as output:
        subprocess.run(
            [*command, f"--junit-xml={junit}"],
            cwd=source, stdout=output, stderr=output, env=os.environ | variables, check=False,
        )  # fmt: skip
    return passed_tests(junit) if junit.exists() else frozenset()


def _report(result: Comparison) -> None:
    suite = result.suite
    print(f"{suite.requirement:32} {result.on_aiohttp:8} {result.on_treadle:8}")
    for test, reason in result.lost.items():
        print(f"    {test}: {reason or 'NO REASON'}")
    for part in result.unused:
        print(f"    the reason for {part!r} is not needed any more")


def main(arguments: list[str]) -> int:
    """Run what ``arguments`` name; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m thirdparty.run", description=__doc__)
    parser.add_argument("names", nargs="*", help="suites, all by default")
    parser.add_argument("--folder", type=Path, default=_ROOT / ".hatch" / "thirdparty")
    options = parser.parse_args(arguments)
    suites = [suite for suite in load_suites() if not options.names or suite.name in options.names]
    if len(suites) < len(options.names):
        parser.error(f"known suites: {', '.join(suite.name for suite in load_suites())}")
    print(f"{'suite':32} {'aiohttp':>8} {'treadle':>8}")
    holds = True
    for suite in suites:
        environment, source = _prepare(suite, options.folder)
        on_aiohttp = _run(environment, source, suite)
        result = compare(
            suite, on_aiohttp, _run(environment, source, suite, "-p", "treadle.compat")
        )
        _report(result)
        holds = holds and result.holds and bool(on_aiohttp)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
