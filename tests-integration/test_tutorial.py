"""The tutorial, as a newcomer types it: `treadle new`, the page's programs, its tests."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parent.parent / "packages/treadle/docs/tutorial.md"
PROGRAMS = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder, capture_output=True, text=True, check=False, env=os.environ | {"CI": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    run(tmp_path, "treadle", "new", "guestbook")
    return tmp_path / "guestbook"


def test_each_step(project: Path) -> None:
    # What the page adds to the dependencies is beside what the project has.
    settings = project / "pyproject.toml"
    made = re.search(r"^dependencies = .*$", settings.read_text(), re.MULTILINE)
    added = re.search(r"```toml\n(dependencies = .*)\n```", PAGE.read_text("utf-8"))
    assert made is not None
    assert added is not None
    assert added[1] == made[0].replace("treadle[", "treadle[channels,")
    settings.write_text(settings.read_text().replace(made[0], added[1]))
    assert [name for name, _ in PROGRAMS] == ["app.py", "app.py", "test_app.py"]
    for name, code in PROGRAMS:
        folder = project / ("tests" if name.startswith("test_") else "guestbook")
        (folder / name).write_text(code)
        if name == "app.py":
            assert re.search(r"^GET +/ ", run(project, "treadle", "routes"), re.MULTILINE)
    assert "2 passed" in run(project, "pytest", "-q", "-p", "no:cacheprovider")
    assert "no mistakes found" in run(project, "treadle", "check", "--start")
    assert "Success" in run(project, "mypy", "--cache-dir", str(project / ".cache"))
