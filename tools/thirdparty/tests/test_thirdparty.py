"""The file of suites, and the comparison of two runs."""

from pathlib import Path

import pytest

from thirdparty._results import compare, passed_tests
from thirdparty._suites import Suite, load_suites
from thirdparty.run import main

JUNIT = """<testsuites><testsuite>
<testcase classname="tests.test_a" name="test_one"/>
<testcase classname="tests.test_a" name="test_two"><failure/></testcase>
<testcase classname="tests.test_a" name="test_three"><skipped/></testcase>
<testcase classname="tests.test_a" name="test_four"><system-out>text</system-out></testcase>
</testsuite></testsuites>"""

SUITE = Suite("a", "1", (), (), "", False, {"test_two": "the wire"})


def test_the_file_is_complete() -> None:
    suites = load_suites()
    assert len({suite.name for suite in suites}) == len(suites) >= 10
    for suite in suites:
        assert suite.version
        assert all(len(reason) > 20 for reason in suite.reasons.values()), suite.name


def test_results_are_read(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(JUNIT)
    assert passed_tests(path) == {"tests.test_a::test_one", "tests.test_a::test_four"}


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


def test_an_unknown_suite(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(["aiohttp-nothing"])
    assert error.value.code == 2
    assert "known suites: aiohttp-session" in capsys.readouterr().err
