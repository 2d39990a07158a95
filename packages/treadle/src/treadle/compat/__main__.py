"""``python -m treadle.compat MODULE ...``: run a program with aiohttp's server replaced.

``MODULE`` is what ``python -m`` takes, or the path of a file; behind ``-m`` it is always a module:
``python -m treadle.compat -m pytest tests`` runs a test suite.
"""

import runpy
import sys
from pathlib import Path

from ._install import install
from ._modules import SERVER_MODULES

_USAGE = "usage: python -m treadle.compat MODULE|FILE.py [arguments]"


def main(arguments: list[str]) -> None:
    """Run the program that ``arguments`` name; exits with status 2 without one."""
    is_module = arguments[:1] == ["-m"]
    if is_module:
        arguments = arguments[1:]
    if not arguments or arguments[0].startswith("-"):
        print(_USAGE, file=sys.stderr)
        raise SystemExit(0 if arguments[:1] in (["-h"], ["--help"]) else 2)
    install()
    program = arguments[0]
    sys.argv = arguments
    if not is_module and (program.endswith(".py") or Path(program).is_file()):
        sys.path[0] = str(Path(program).resolve().parent)
        runpy.run_path(program, run_name="__main__")
        return
    if program == "pytest":
        # pytest-xdist passes it on to the processes that it starts.
        sys.argv[1:1] = ["-p", "treadle.compat._pytest"]
    # ``-m`` puts the current directory on the path, also for the program.
    package, _, module = program.partition(".")
    if package == "aiohttp" and module in SERVER_MODULES:
        program = f"treadle.{module}"
    runpy.run_module(program, run_name="__main__", alter_sys=True)


main(sys.argv[1:])
