"""The table of mistakes and right uses is read as it is meant; ``tools/typecheck.py`` runs it."""

import pytest

from typetable import TABLES, TYPED, Row, problems, rows_of

TABLE = '''\
"""A table."""

import os


def setup() -> None:
    pass


# Handlers


def first_row() -> None:
    get(1)  # error: arg-type, call-arg, reportArgumentType
    get(2)


@decorate
async def second_row(  # only treadle: it has none
) -> None:
    pass


class ThirdRow:
    def method(self) -> None: ...  # error: override, reportIncompatibleMethodOverride
'''


def row(name: str) -> Row:
    (found,) = (each for each in rows_of(TABLE) if each.name == name)
    return found


def test_rows_are_below_the_first_heading() -> None:
    assert [(each.title, each.first, each.last) for each in rows_of(TABLE)] == [
        ("First row", 13, 15),
        ("Second row", 18, 21),
        ("Third row", 24, 25),
    ]
    assert [each.only for each in rows_of(TABLE)] == [None, "it has none", None]


def test_codes_are_those_of_either_checker() -> None:
    assert row("first_row").expected(14, "mypy") == {"arg-type", "call-arg"}
    assert row("first_row").expected(14, "pyright") == {"reportArgumentType"}
    assert row("first_row").expected(15, "mypy") == set()
    assert row("ThirdRow").expected(25, "mypy") == {"override"}


RIGHT = {"arg-type", "call-arg"}


@pytest.mark.parametrize(
    ("name", "checker", "reported", "wrong"),
    [
        ("first_row", "mypy", {14: RIGHT}, []),
        # The error is missing, in another place, or another one.
        ("first_row", "mypy", {}, ["14"]),
        ("first_row", "mypy", {15: RIGHT}, ["14", "15"]),
        ("first_row", "mypy", {14: {"arg-type"}}, ["14"]),
        ("first_row", "mypy", {14: {*RIGHT, "misc"}}, ["14"]),
        ("first_row", "mypy", {14: RIGHT, 15: {"misc"}}, ["15"]),
        # What another row reports is not its business.
        ("first_row", "mypy", {14: RIGHT, 20: {"misc"}}, []),
        ("first_row", "pyright", {14: {"reportArgumentType"}}, []),
        ("first_row", "pyright", {14: {"reportCallIssue"}}, ["14"]),
        # A value of unknown type follows from a mistake, but a right use has none.
        ("first_row", "pyright", {14: {"reportArgumentType"}, 15: {"reportUnknownMemberType"}}, []),
        ("first_row", "pyright", {14: {"reportUnknownMemberType"}}, ["14"]),
        ("second_row", "pyright", {21: {"reportUnknownMemberType"}}, ["21"]),
        ("second_row", "pyright", {}, []),
        ("second_row", "mypy", {18: {"misc"}}, ["18"]),
    ],
)
def test_problems(name: str, checker: str, reported: dict[int, set[str]], wrong: list[str]) -> None:
    assert [text.partition(":")[0] for text in problems(row(name), checker, reported)] == wrong


@pytest.mark.parametrize("table", TABLES)
def test_a_row_is_either_wrong_or_right(table: str) -> None:
    rows = rows_of((TYPED / f"{table}.py").read_text())
    for each in rows:
        assert bool(each.errors) == (table == "mistakes"), each.name
        # Each error has a code of mypy and a rule of pyright.
        for line in each.errors:
            assert each.expected(line, "mypy"), (each.name, line)
            assert each.expected(line, "pyright"), (each.name, line)
    assert len({each.name for each in rows}) == len(rows)
