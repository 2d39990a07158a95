"""Check the types of everything: ``mypy --strict``, and what type checkers say to users.

- mypy reads the packages, their tests, the tools and the examples. Test modules of different
  packages share names (``test_errors``, ``test_public_api``), which one mypy run cannot hold; so
  the sources are checked together and each test folder in a run of its own. The settings are in the
  root ``pyproject.toml``.
- pyright's strict mode reads a library on top of treadle (``tests-integration/typed``), too: type
  checkers differ in what they infer, and users have either.
- ``typetable.py`` has both read mistakes and right uses, and compares what they say.
- ``pyright --verifytypes`` reads each package as a library that a user has installed: every name
  that it exports must have a known type, without inference.

pyright runs beside mypy, which uses one processor only. Exit status 1 if any run found an error.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import typetable
from typetable import ROOT, TYPED, Outcome, pyright


def targets() -> list[list[str]]:
    """Return the groups of paths that mypy sees in one run each."""
    packages = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))
    sources = [str(package / "src") for package in packages]
    sources += [str(path) for path in sorted(ROOT.glob("packages/*/examples"))]
    sources += [str(path) for path in sorted(ROOT.glob("packages/*/hatch_build.py"))]
    sources += [str(path) for path in sorted(ROOT.glob("packages/*/docs"))]
    groups = [[*sources, str(ROOT / "tools"), str(ROOT / "conftest.py")]]
    groups += [[str(package / "tests")] for package in packages]
    groups.append([str(ROOT / "tests-integration")])
    return [group for group in groups if any(any(Path(p).rglob("*.py")) for p in group)]


def modules() -> list[tuple[str, Path]]:
    """Return the module that each package installs, with its path."""
    typed = sorted(ROOT.glob("packages/*/src/*/py.typed"))
    return [(marker.parent.name, marker.parent) for marker in typed]


def check_library() -> Outcome:
    """Have pyright's strict mode read the library of ``tests-integration/typed``."""
    run = pyright("-p", str(TYPED))
    return f"pyright {TYPED.relative_to(ROOT)}\n{run.stdout}{run.stderr}", run.returncode == 0


def check_completeness(module: str) -> Outcome:
    """Have pyright verify that all names of ``module`` have known types."""
    run = pyright("--verifytypes", module, "--ignoreexternal", "--outputjson")
    try:
        found = json.loads(run.stdout)["typeCompleteness"]
    except (ValueError, KeyError):
        return f"pyright --verifytypes {module}\n{run.stdout}{run.stderr}", False
    lines = [f"pyright --verifytypes {module}: {found['completenessScore']:.0%}"]
    for symbol in found["symbols"]:
        for problem in symbol["diagnostics"]:
            # Whatever uses a name of unknown type is "partially unknown": the name itself is told.
            if problem["severity"] == "error" and "partially unknown" not in problem["message"]:
                start = problem.get("range", {}).get("start", {"line": -1})
                place = f"{problem.get('file', '')}:{start['line'] + 1}: {symbol['name']}"
                lines.append(f"  {place}: {problem['message']}")
    return "\n".join(lines) + "\n", found["completenessScore"] == 1


def main(arguments: list[str]) -> int:
    """Run all checks, or those with a path that contains one of ``arguments``."""

    def is_asked(*paths: str) -> bool:
        return not arguments or any(word in path for word in arguments for path in paths)

    jobs: list[Callable[[], Outcome]] = []
    if is_asked(str(TYPED)):
        jobs += [typetable.check, check_library]
    jobs += [partial(check_completeness, name) for name, path in modules() if is_asked(str(path))]
    ok = True
    with ThreadPoolExecutor(max_workers=2) as beside:
        outcomes: list[Future[Outcome]] = [beside.submit(job) for job in jobs]
        for group in targets():
            if is_asked(*group):
                names = " ".join(str(Path(path).relative_to(ROOT)) for path in group)
                print(f"mypy {names}", flush=True)
                run = subprocess.run([sys.executable, "-m", "mypy", *group], cwd=ROOT, check=False)
                ok &= run.returncode == 0
        for outcome in outcomes:
            text, passed = outcome.result()
            print(text, end="", flush=True)
            ok &= passed
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
