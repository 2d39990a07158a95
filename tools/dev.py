"""The commands for a clone; they need only Python 3.11+ and pip.

    python tools/dev.py example     start the example application and print its URL
    python tools/dev.py test        run all tests
    python tools/dev.py lint        format, lint, import boundaries and the list of modules
    python tools/dev.py types       mypy --strict, pyright, and complete types for users
    python tools/dev.py fix         format, and apply the automatic fixes
    python tools/dev.py alone       build each package and try it by itself
    python tools/dev.py dist        build what an index gets, check it, and run its tests
    python tools/dev.py fuzz        fuzz the parsers of untrusted bytes, a minute each (Linux)
    python tools/dev.py libraries   try libraries that were written for aiohttp
    python tools/dev.py docs        build the documentation as a site, in build/docs
    python tools/dev.py compare     benchmark treadle beside its peers
    python tools/dev.py hatch ...   any hatch command

Further arguments are passed on. The first call installs hatch into ``.hatch/`` of the clone, and
hatch builds the environment there; nothing outside of the clone is touched, and each Python version
has an environment of its own.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HATCH = "hatch>=1.16,<2"

#: The hatch scripts that each of the words above runs; the last one gets the arguments.
SCRIPTS = {
    "example": ["example"],
    "test": ["test"],
    "lint": ["lint"],
    "types": ["types"],
    "fix": ["fix"],
    "alone": ["alone"],
    "dist": ["release:build", "sdists"],
    "fuzz": ["fuzz:run"],
    "libraries": ["libraries:smoke", "libraries:frameworks"],
    "docs": ["docs:build"],
    "compare": ["bench:compare"],
}


def bootstrap() -> tuple[list[str], dict[str, str]]:
    """Return the command of a hatch of our own and the environment to run it in."""
    home = ROOT / ".hatch" / f"py{sys.version_info[0]}.{sys.version_info[1]}"
    tool = home / "tool"
    python = tool / ("Scripts" if os.name == "nt" else "bin") / "python"
    installed = tool / "installed.txt"
    if not installed.exists() or installed.read_text() != HATCH:
        print("Installing hatch into .hatch/ (once) ...", file=sys.stderr, flush=True)
        venv.create(tool, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", HATCH]
        subprocess.run(install, check=True)
        installed.write_text(HATCH)
    environment = os.environ | {"HATCH_DATA_DIR": str(home / "data")}
    # A virtual environment that is active in the caller's shell is not ours.
    environment.pop("VIRTUAL_ENV", None)
    return [str(python), "-m", "hatch"], environment


def main(arguments: list[str]) -> int:
    """Run the command that ``arguments`` name; return its exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036  # an older one can still run this file
        found = sys.version.split()[0]
        print("treadle needs Python 3.11 or newer; this is", found, file=sys.stderr)
        return 2
    word, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if word != "hatch" and word not in SCRIPTS:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        hatch, environment = bootstrap()
    except subprocess.CalledProcessError as error:
        print(f"Could not install {HATCH}: see pip's message above.", file=sys.stderr)
        return error.returncode
    commands = [rest] if word == "hatch" else [["run", script] for script in SCRIPTS[word]]
    if word != "hatch":
        commands[-1] += rest
    status = 0
    try:
        for command in commands:
            ended = subprocess.run([*hatch, *command], cwd=ROOT, env=environment, check=False)
            status = ended.returncode
            if status:
                break
    except KeyboardInterrupt:
        # The child got the same signal and has printed its own message.
        status = 130
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
