"""The entry of the process that `treadle dev` starts."""

import subprocess
import sys


def test_its_command_line_is_that_of_dev() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "treadle._command.child_main", "--help"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.startswith("usage: treadle dev ")
    assert "--no-reload" in done.stdout
