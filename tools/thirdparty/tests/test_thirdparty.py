"""The file of suites, and the comparison of two runs."""

import sys
from pathlib import Path

import pytest

from thirdparty._results import compare, passed_tests
from thirdparty._suites import Suite, load_suites
from thirdparty._workplace import SuiteError, Workplace
from thirdparty.run import main

JUNIT = """<testsuites><testsuite>
<testcase classname="tests.test_a" name="test_one"/>
<testcase classname="tests.test_a" name="test_two"><failure/></testcase>
<testcase classname="tests.test_a" name="test_three"><skipped/></testcase>
<testcase classname="tests.test_a" name="test_four"><system-out>text</system-out></testcase>
<testcase classname="tests.test_a" name="test_four"/>
</testsuite></testsuites>"""

SUITE = Suite("a", "1", reasons={"test_two": "the wire"})


def test_the_file_is_complete() -> None:
    suites = load_suites()
    assert len({suite.name for suite in suites}) == len(suites) >= 10
    for suite in suites:
        assert suite.version
        assert all(len(reason) > 20 for reason in suite.reasons.values()), suite.name


def test_results_are_read(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(JUNIT)
    assert passed_tests(path) == {
        "tests.test_a::test_one",
        "tests.test_a::test_four",
        "tests.test_a::test_four#2",
    }


@pytest.mark.parametrize(
    ("treadle", "holds", "lost", "unused"),
    [
        ({"test_one", "test_two"}, False, {}, ("test_two",)),
        ({"test_one"}, True, {"test_two": "the wire"}, ()),
        ({"test_two"}, False, {"test_one": None}, ("test_two",)),
        ({"test_one", "test_only_here"}, True, {"test_two": "the wire"}, ()),
    ],
)
def test_comparison(
    treadle: set[str], holds: bool, lost: dict[str, str | None], unused: tuple[str, ...]
) -> None:
    result = compare(SUITE, frozenset({"test_one", "test_two"}), frozenset(treadle))
    assert (result.holds, result.lost, result.unused) == (holds, lost, unused)
    assert result.on_aiohttp == 2
    assert result.on_treadle == 2 - len(lost)


def test_a_suite_that_did_not_run_does_not_hold() -> None:
    assert not compare(Suite("a", "1"), frozenset(), frozenset()).holds


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(TypeError, match="reason"):
        load_suites('[[suite]]\nname = "a"\nversion = "1"\nreason = {}')


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.splitlines() == [suite.requirement for suite in load_suites()]


# A suite from the folder, with the Python of this process in the place of the environment's.


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    found = Workplace(tmp_path)
    found.python = sys.executable
    return found


def write_suite(folder: Path, text: str) -> Path:
    unpacked = folder / "a==1" / "source" / "a-1"
    (unpacked / "tests").mkdir(parents=True)
    (unpacked / "tests" / "test_it.py").write_text(text)
    return unpacked


def test_a_suite_is_run_on_both_sides(place: Workplace, tmp_path: Path) -> None:
    unpacked = write_suite(
        tmp_path,
        """
from helper import web

def test_everywhere():
    assert web

def test_aiohttp():
    assert web.__name__ == "aiohttp.web"
""",
    )
    files = {"tests/helper.py": "from aiohttp import web", "tests/data/more.txt": ""}
    suite = Suite("a", "1", files=files)
    assert place.fetch(suite, keep=True) == unpacked
    assert (unpacked / "tests" / "data" / "more.txt").exists()
    passed = []
    for side, plugin in (("aiohttp", []), ("treadle", ["-p", "treadle.compat"])):
        run = place.run(suite, unpacked, side, plugin)
        assert run.junit is not None, run.output.read_text()
        assert f"output-{side}.txt" in str(run.output)
        passed.append(passed_tests(run.junit))
    assert compare(suite, *passed).lost == {"tests.test_it::test_aiohttp": None}


def test_a_suite_that_does_not_end(place: Workplace, tmp_path: Path) -> None:
    unpacked = write_suite(tmp_path, "import threading\nthreading.Event().wait()")
    with pytest.raises(
        SuiteError, match=r"no end after 3 seconds on aiohttp: see .*output-aiohttp"
    ):
        place.run(Suite("a", "1"), unpacked, "aiohttp", [], patience=3)


def test_pip_fails(place: Workplace) -> None:
    suite = Suite("a", "1", needs=("not a requirement",))
    with pytest.raises(SuiteError, match=r"pip failed: ERROR: .*not a requirement.*pip.txt"):
        place.install([suite], keep=True)


def test_an_unknown_suite(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(["aiohttp-nothing"])
    assert error.value.code == 2
    assert "known suites: aiohttp-session" in capsys.readouterr().err
