"""The plugins, on test files that they are tried with in a pytest of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[2]

#: Test functions, each with its outcome.
TESTS = {
    "asserts": ("assert 1 + 1 == 2", "passed"),
    "asserts_in_a_helper": ("helper(2)", "passed"),
    "asserts_in_a_coroutine": ("asyncio.run(coroutine())", "passed"),
    "asserts_in_a_thread": ("in_thread(lambda: helper(2))", "passed"),
    "raises": ("with pytest.raises(KeyError):\n        {}[1]", "passed"),
    "raises_a_group": (
        "with pytest.RaisesGroup(KeyError):\n        raise ExceptionGroup('', [KeyError()])",
        "passed",
    ),
    "warns": ("with pytest.warns(UserWarning):\n        warnings.warn('x')", "passed"),
    "calls_a_counted_method": ("Says().to_be('x')", "passed"),
    "calls_another_method": ("Says().read()", "vacuous"),
    "skips": ("pytest.skip('not here')", "skipped"),
    "xfails": ("pytest.xfail('known')", "skipped"),
    "fails": ("assert 1 == 2", "failed"),
    "is_empty": ("pass", "vacuous"),
    "calls": ("len('x')", "vacuous"),
    "skips_its_assertion": ("if len('x') == 2:\n        assert False", "vacuous"),
    "loops_over_nothing": ("for x in []:\n        assert x", "vacuous"),
    "suppresses": ("with contextlib.suppress(AssertionError):\n        assert 0", "vacuous"),
    "asserts_in_its_fixture": ("checked", "vacuous"),
    "is_behind_one_that_asserts": ("pass", "vacuous"),
}

PRELUDE = """
import asyncio, contextlib, threading, warnings
import pytest

from testkit.assertions import count_calls

class Says:
    def to_be(self, value):
        return None

    def read(self):
        return None

count_calls(Says, "to_")

def helper(value):
    assert value == 2

async def coroutine():
    await asyncio.sleep(0)
    helper(2)

def in_thread(call):
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()

@pytest.fixture
def checked():
    assert True
    yield
    assert True
"""


def run_pytest(folder: Path, *arguments: str, **variables: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rA", *arguments]
    environment = os.environ | variables
    ended = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=environment
    )
    return ended.stdout + ended.stderr


def write(folder: Path, source: str, hook: str = "true") -> None:
    (folder / "pyproject.toml").write_text(
        f"[tool.pytest.ini_options]\npythonpath = [{str(TOOLS)!r}]\n"
        f"enable_assertion_pass_hook = {hook}\n"
    )
    (folder / "conftest.py").write_text(
        "pytest_plugins = ['testkit.assertions', 'testkit.counting']\n"
    )
    (folder / "test_it.py").write_text(source)


def test_a_test_that_asserts_nothing_fails(tmp_path: Path) -> None:
    functions = (
        f"def test_{name}({'checked' if 'fixture' in name else ''}):\n    {body}\n"
        for name, (body, _) in TESTS.items()
    )
    write(tmp_path, PRELUDE + "\n".join(functions))
    output = run_pytest(tmp_path)
    # ``-rA`` lists each test with its outcome at the end.
    lines = re.findall(r"^(PASSED|FAILED) test_it.py::test_(\w+)", output, re.MULTILINE)
    found = {name: word.lower() for word, name in lines}
    for name in re.findall(r"test_(\w+) passed without executing an assertion, so that", output):
        assert found[name] in ("failed", "vacuous")
        found[name] = "vacuous"
    expected = {name: outcome for name, (_, outcome) in TESTS.items() if outcome != "skipped"}
    assert found == expected, output
    assert "1 skipped" in output
    assert "1 xfailed" in output


def test_an_assertion_that_holds_is_not_explained(tmp_path: Path) -> None:
    """An explanation may take hours: pytest compares line by line where ``CI`` is set."""
    write(
        tmp_path,
        """
class Silent(list):
    def __repr__(self):
        print("was asked for its text")
        return "Silent"

def test_equal():
    assert Silent([1, 2]) == [1, 2]

def test_large():
    text = bytes(i * 7 & 0xFF for i in range(70_000))
    assert text == bytearray(text)

def test_unequal():
    assert Silent([1, 2]) == [1, 3]
""",
    )
    output = run_pytest(tmp_path, CI="1")
    assert "1 failed, 2 passed" in output
    before, _, after = output.partition("def test_unequal")
    assert "was asked" not in before
    # The text is asked for where it fails, so that its absence above says something.
    assert "was asked" in after


def test_the_setting_is_needed(tmp_path: Path) -> None:
    write(tmp_path, "def test(): assert True\n", hook="false")
    assert "needs enable_assertion_pass_hook = true" in run_pytest(tmp_path)


def test_both_plugins_under_xdist(tmp_path: Path) -> None:
    """A case that ran on two loops counts once, and an empty test fails in a worker too."""
    source = """
import pytest

@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("x", ["a", "b-uvloops"])
def test_x(x, loop):
    assert x

@pytest.mark.parametrize("run", ["asyncio", "uvloop"])
def test_y(run):
    assert run

def test_z():
    pytest.skip()

def test_empty():
    pass
"""
    write(tmp_path, source)
    output = run_pytest(tmp_path, "-n", "2")
    assert "1 failed, 6 passed, 1 skipped" in output
    assert "3 test functions, 4 distinct cases (3 of them on both event loops)" in output
