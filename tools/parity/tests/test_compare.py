"""The surfaces of the two, and the file of reasons."""

import pytest

from parity.compare import Difference, differences, main, reasons


@pytest.fixture(scope="module")
def found() -> list[Difference]:
    return list(differences())


def test_every_difference_has_a_reason(found: list[Difference]) -> None:
    listed = reasons()
    unlisted = [each for each in found if not any(row.explains(each.path) for row in listed)]
    assert not unlisted, "\n".join(f"{each.path}: {each.what}" for each in unlisted)


def test_every_reason_has_a_difference(found: list[Difference]) -> None:
    unused = [
        pattern
        for row in reasons()
        for pattern in row.paths
        if not any(pattern in row.explains(each.path) for each in found)
    ]
    assert not unused


def test_every_reason_is_a_sentence() -> None:
    listed = reasons()
    assert len({row.reason for row in listed}) == len(listed)
    for row in listed:
        assert row.paths, row.reason
        assert len(row.reason) > 15, row.reason


def test_the_command_prints_what_is_unlisted(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--unlisted"]) == 0
    assert capsys.readouterr().out == "0 differences without a reason\n"
