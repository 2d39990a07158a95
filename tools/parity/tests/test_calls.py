"""The same calls on both: warnings, exceptions and results."""

import sys
from collections.abc import Mapping

import pytest

from parity.calls import CALLS, DIFFERENCES, Outcome, Package, compare, main, run


@pytest.fixture(scope="module")
def different() -> Mapping[str, tuple[Outcome, Outcome]]:
    return compare()


@pytest.mark.parametrize("name", sorted(CALLS))
def test_the_call_ends_in_the_same_way(
    name: str, different: Mapping[str, tuple[Outcome, Outcome]]
) -> None:
    # A call that is listed must differ: a reason that is not needed any more is removed.
    assert (name in different) == (name in DIFFERENCES), different.get(name)


def test_only_calls_of_the_table_have_a_reason() -> None:
    assert set(DIFFERENCES) <= set(CALLS)
    assert len(CALLS) >= 200
    assert all(len(reason) > 15 for reason in DIFFERENCES.values())


@pytest.mark.parametrize(
    ("theirs", "ours", "satisfied"),
    [
        (Outcome((), (), 1), Outcome((), (), 1), True),
        (Outcome((), (), 1), Outcome((), (), 2), False),
        (Outcome(("UserWarning",), (), 1), Outcome((), (), 1), False),
        (Outcome((), ("ValueError",), None), Outcome((), ("Mine", "ValueError"), None), True),
        (Outcome((), ("Mine", "ValueError"), None), Outcome((), ("ValueError",), None), False),
        (Outcome((), ("ValueError",), None), Outcome((), (), None), False),
        (Outcome((), (), None), Outcome((), ("ValueError",), None), False),
    ],
)
def test_satisfies(theirs: Outcome, ours: Outcome, satisfied: bool) -> None:
    assert ours.satisfies(theirs) is satisfied


def test_an_outcome() -> None:
    def warns_and_leaves(package: Package) -> object:
        print("a sentence", file=sys.stderr)
        return package.web.Application().debug and sys.exit(2)

    outcome = run(warns_and_leaves, Package("aiohttp"))
    assert outcome.warned == ("DeprecationWarning",)
    assert outcome.raised[0] == "SystemExit"
    assert run(lambda package: object(), Package("treadle")).result == "object"


def test_the_command_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    assert "0 without a reason" in capsys.readouterr().out
