"""Run ``mypy --strict`` over the packages, their tests, the tools and the examples.

A library on top of treadle (``tests-integration/typed``) is read by pyright's strict mode, too:
type checkers differ in what they infer, and users have either.

Test modules of different packages share names (``test_errors``, ``test_public_api``), which one
mypy run cannot hold; so the sources are checked together and each test folder in a run of its own.
The settings are in the root ``pyproject.toml``. Exit status 1 if any run found an error.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TYPED = ROOT / "tests-integration" / "typed"


def targets() -> list[list[str]]:
    """Return the groups of paths that mypy sees in one run each."""
    packages = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))
    sources = [str(package / "src") for package in packages]
    sources += [str(path) for path in sorted(ROOT.glob("packages/*/examples"))]
    sources += [str(path) for path in sorted(ROOT.glob("packages/*/hatch_build.py"))]
    groups = [[*sources, str(ROOT / "tools"), str(ROOT / "conftest.py")]]
    groups += [[str(package / "tests")] for package in packages]
    groups.append([str(ROOT / "tests-integration")])
    return [group for group in groups if any(any(Path(p).rglob("*.py")) for p in group)]


def main(arguments: list[str]) -> int:
    """Run mypy on every group, or on those with a path that contains one of ``arguments``."""
    status = 0
    for group in targets():
        if arguments and not any(word in path for word in arguments for path in group):
            continue
        names = " ".join(str(Path(path).relative_to(ROOT)) for path in group)
        print(f"mypy {names}", flush=True)
        run = subprocess.run([sys.executable, "-m", "mypy", *group], cwd=ROOT, check=False)
        status |= run.returncode != 0
    if not arguments or any(word in str(TYPED) for word in arguments):
        print(f"pyright {TYPED.relative_to(ROOT)}", flush=True)
        pyright = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
        run = subprocess.run([*pyright, "-p", str(TYPED)], cwd=ROOT, check=False)
        status |= run.returncode != 0
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
