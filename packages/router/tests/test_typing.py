"""A downstream file under mypy and pyright, both strict: right use passes, mistakes are caught."""

import json
import re
import subprocess
import sys
from pathlib import Path

SAMPLE = """
from collections.abc import Callable
from datetime import date
from typing import assert_type

from treadle_router import Converter, Match, MethodNotAllowed, NotFound, Router

Handler = Callable[[int], str]

def show(number: int) -> str:
    return str(number)

def wrong(text: str) -> str:
    return text

router = Router[Handler]()
router.add_get("/{id!int}", show, name="show", scope="read")
router.group("/a").add_post("", show)
matcher = router.freeze()
found = matcher.match("GET", "/5")
if isinstance(found, Match):
    assert_type(found.handler, Handler)
    assert_type(found.params, dict[str, object])
    assert_type(found.raw_params, dict[str, str])
    assert_type(found.param("id", int), int)
    assert_type(found.param("day", date), date)
    text: str = found.handler(found.param("id", int))
elif isinstance(found, MethodNotAllowed):
    assert_type(found.allowed, frozenset[str])
else:
    assert_type(found, NotFound)
    assert_type(found.redirect, str | None)
for conflict in router.conflicts():
    assert_type(conflict.hidden.handler, Handler)
if match := router.match("GET", "/5"):
    assert_type(match, Match[Handler])
url: str = router.url_for("show", id=5)

router.add_get("/x", wrong)  # error: arg-type
router.group("/x").add_put("", wrong)  # error: arg-type
Router[Handler](converters={"hex": int})  # error: dict-item
Router[Handler](converters={"hex": Converter("[0-9a-f]+", len, str)})
router.add_get("/x", show, name=5)  # error: arg-type
found.handler  # error: union-attr
found.params["id"]  # error: union-attr
text = router.match("GET", "/5", host=b"x")  # error: arg-type,assignment
number: int = router.url_for("show")  # error: assignment
if isinstance(found, Match):
    found.handler("x")  # error: arg-type
    number = found.params["id"]  # error: assignment
    number = found.param("id", str)  # error: arg-type,assignment
"""


def mistakes() -> dict[int, set[str]]:
    """Return the lines with a mistake, and mypy's codes for it."""
    return {
        number: set(line.partition("# error: ")[2].split(","))
        for number, line in enumerate(SAMPLE.splitlines(), 1)
        if "# error: " in line
    }


def test_pyright(tmp_path: Path) -> None:
    (tmp_path / "sample.py").write_text(SAMPLE)
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}')
    run = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--outputjson",
         "-p", str(tmp_path)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = json.loads(run.stdout)["generalDiagnostics"]
    reported = {item["range"]["start"]["line"] + 1 for item in found if item["severity"] == "error"}
    assert reported == set(mistakes()), run.stdout


def test_mypy(tmp_path: Path) -> None:
    sample = tmp_path / "sample.py"
    sample.write_text(SAMPLE)
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--show-error-codes", "--no-error-summary",
         "--config-file=", f"--cache-dir={tmp_path / 'cache'}", str(sample)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    reported: dict[int, set[str]] = {}
    for line in run.stdout.splitlines():
        if found := re.fullmatch(r".*sample\.py:(\d+): error: .*\[([a-z-]+)\]", line):
            reported.setdefault(int(found[1]), set()).add(found[2])
    expected = mistakes()
    assert set(reported) == set(expected), run.stdout + run.stderr
    for number, codes in reported.items():
        assert codes & expected[number], run.stdout
