"""The library of ``typed`` does what its types say; ``tools/typecheck.py`` checks the types."""

import subprocess
import sys
from pathlib import Path

_LIBRARY = Path(__file__).parent / "typed" / "library.py"


def test_the_library_runs() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", str(_LIBRARY)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (0, "ran\n"), run.stderr
