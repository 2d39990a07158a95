"""Converters: the text and values of each, and converters of the user."""

from datetime import date
from uuid import UUID

import pytest

from treadle_router import CONVERTERS, Converter, Match, NotFound, PathError, Router

TAKEN = [
    ("int", "42", 42),
    ("int", "-1", -1),
    ("int", "007", 7),
    ("float", "1.5", 1.5),
    ("float", "-2", -2.0),
    ("float", "1e+3", 1000.0),
    ("uuid", "00000000-0000-0000-0000-00000000000A", UUID(int=10)),
    ("date", "2024-02-29", date(2024, 2, 29)),
    ("slug", "a-B_9", "a-B_9"),
    ("path", "a/b/", "a/b/"),
]
NOT_TAKEN = [
    ("int", "+1"),
    ("int", "1_0"),
    ("int", "0x1"),
    ("int", "٣"),
    ("int", "1.0"),
    ("int", "%201"),
    ("int", "9" * 5000),
    ("float", "nan"),
    ("float", "inf"),
    ("float", "1."),
    ("float", ".5"),
    ("float", "1_0.0"),
    ("float", "9" * 400),
    ("uuid", "0" * 32),
    ("uuid", "{00000000-0000-0000-0000-000000000000}"),
    ("date", "2024-02-30"),
    ("date", "20240201"),
    ("date", "2024-2-1"),
    ("date", "0000-01-01"),
    ("slug", "a b"),
    ("slug", "é"),
    ("path", ""),
]


@pytest.mark.parametrize(("name", "text", "value"), TAKEN)
def test_taken(name: str, text: str, value: object) -> None:
    router = Router[str]()
    router.add_route("GET", f"/a/{{x!{name}}}", "found")
    match = router.match("GET", f"/a/{text}")
    assert isinstance(match, Match)
    assert match.params == {"x": value}
    assert type(match.params["x"]) is type(value)
    assert match.raw_params == {"x": text}


@pytest.mark.parametrize(("name", "text"), NOT_TAKEN)
def test_not_taken_and_the_search_goes_on(name: str, text: str) -> None:
    router = Router[str]()
    router.add_route("GET", f"/a/{{x!{name}}}", "typed")
    assert router.match("GET", f"/a/{text}") == NotFound()
    router.add_route("GET", "/a/{x:.*}", "rest")
    match = router.match("GET", f"/a/{text}")
    assert isinstance(match, Match)
    assert match.handler == "rest"


def test_every_converter_is_in_the_table_above() -> None:
    assert {name for name, _, _ in TAKEN} == set(CONVERTERS) == {name for name, _ in NOT_TAKEN}


def test_own_converter() -> None:
    hexadecimal = Converter("[0-9a-f]+", lambda text: int(text, 16), lambda value: f"{value:x}")
    router = Router[str](converters={"hex": hexadecimal})
    router.add_route("GET", "/{x!hex}", "found", name="it")
    match = router.match("GET", "/ff")
    assert isinstance(match, Match)
    assert match.params == {"x": 255}
    assert router.url_for("it", x=255) == "/ff"
    with pytest.raises(PathError, match=r"unknown converter 'hex'.*converters={'hex'"):
        Router[str]().add_resource("/{x!hex}")


def test_value_is_decoded_before_it_is_converted() -> None:
    router = Router[str](converters={"any": Converter("[^/]+", str.upper)})
    router.add_route("GET", "/{x!any}", "found")
    match = router.match("GET", "/a%2Fb%25")
    assert isinstance(match, Match)
    assert match.params == {"x": "A/B%"}


def test_bad_regex() -> None:
    with pytest.raises(ValueError, match=r"Bad regex '\[' of a converter: unterminated"):
        Converter("[", str)


def test_repr() -> None:
    assert repr(CONVERTERS["int"]) == "<Converter '-?[0-9]+' -> int>"
