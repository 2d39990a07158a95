"""Reverse URLs: matching gives the same values, and other values are refused by name."""

import enum
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import PurePosixPath
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_router import (
    BuildError,
    Match,
    MismatchError,
    MissingPartError,
    PartTypeError,
    Resource,
    Router,
    UnknownPartError,
)

EXAMPLES = 10_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 500
UUID_1 = UUID(int=1)


class Color(str, enum.Enum):  # noqa: UP042 - its str() is the name, unlike that of a StrEnum
    RED = "red"


BUILT = [
    ("", {}, "/"),
    ("/é", {}, "/%C3%A9"),
    ("/{x}", {"x": "a/b é%"}, "/a%2Fb%20%C3%A9%25"),
    ("/{x}", {"x": 5}, "/5"),
    ("/{x}", {"x": 1.5}, "/1.5"),
    ("/{x}", {"x": Decimal("1.50")}, "/1.50"),
    ("/{x}", {"x": UUID_1}, f"/{UUID_1}"),
    ("/{x}", {"x": date(2024, 2, 3)}, "/2024-02-03"),
    ("/{x}", {"x": Color.RED}, "/red"),
    ("/{x:.*}", {"x": PurePosixPath("a/b")}, "/a/b"),
    ("/{x:.*}", {"x": ""}, "/"),
    ("/{x:[^.]+}", {"x": "a/b"}, "/a/b"),
    ("/{x:[^/]+}", {"x": "a/b"}, "/a%2Fb"),
    ("/{x!int}", {"x": -5}, "/-5"),
    ("/{x!int}", {"x": "007"}, "/007"),
    ("/{x!float}", {"x": 1e30}, "/1e+30"),
    ("/{x!date}", {"x": date(2024, 2, 3)}, "/2024-02-03"),
    ("/{x!uuid}", {"x": UUID_1}, f"/{UUID_1}"),
    ("/{x!path}", {"x": "a/b"}, "/a/b"),
    ("/{a}.{b}", {"a": "x.y", "b": "z"}, "/x.y.z"),
    ("/{self}/{name}", {"self": "a", "name": "b"}, "/a/b"),
    ("/{x}", {"x": "a.."}, "/a.."),
]


@pytest.mark.parametrize(("path", "values", "built"), BUILT)
def test_build(path: str, values: dict[str, object], built: str) -> None:
    assert Resource[str](path).build(**values) == built


REFUSED = [
    ("/{x}", {}, MissingPartError, "needs a value for 'x'. Pass x=..."),
    ("/{x}", {"y": 1}, UnknownPartError, "has no variable 'y' (given 1); it has 'x'"),
    ("/{x}", {"x": 1, "y": 2}, UnknownPartError, "has no variable 'y' (given 2)"),
    ("/a", {"y": 2}, UnknownPartError, "it has no variables"),
    ("/{x}", {"x": ""}, MismatchError, "x='' does not fit the path '/{x}': it does not match"),
    ("/{x}", {"x": "{"}, MismatchError, "does not match '[^{}/]+'"),
    ("/{x:\\d+}", {"x": "a"}, MismatchError, r"x='a' does not fit the path '/{x:\\d+}'"),
    ("/{x:\\w+}", {"x": "a/b"}, MismatchError, "does not match"),
    ("/{x}", {"x": "\udc80"}, MismatchError, "surrogates not allowed cannot be part of a URL"),
    ("/{x}", {"x": ".."}, MismatchError, "clients remove the dot segments"),
    ("/a/{x:.*}", {"x": "b/../c"}, MismatchError, "clients remove the dot segments"),
    ("/{x}", {"x": None}, PartTypeError, "x=None is a NoneType"),
    ("/{x}", {"x": True}, PartTypeError, "x=True is a bool"),
    ("/{x}", {"x": b"a"}, PartTypeError, "x=b'a' is a bytes"),
    ("/{x}", {"x": ["a"]}, PartTypeError, "is a list"),
    (
        "/{x!int}",
        {"x": 1.5},
        PartTypeError,
        "x=1.5 does not fit the path '/{x!int}': must be an int",
    ),
    ("/{x!int}", {"x": "a"}, MismatchError, "x='a' does not fit"),
    ("/{x!int:[0-9]}", {"x": 10}, MismatchError, "does not match '[0-9]'"),
    ("/{x!float}", {"x": float("nan")}, MismatchError, "must be finite"),
    ("/{x!float}", {"x": "1e999"}, MismatchError, "too large"),
    ("/{x!date}", {"x": datetime(2024, 2, 3, tzinfo=UTC)}, PartTypeError, "must be a date"),
    ("/{x!uuid}", {"x": 5}, PartTypeError, "must be a UUID"),
    ("/{x!slug}", {"x": 5}, PartTypeError, "must be a str"),
    ("/{a}.{b}", {"a": "x", "b": "y.z"}, MismatchError, "reads back as {'a': 'x.y', 'b': 'z'}"),
    ("/{a:.*}/{b:.*}", {"a": "x", "b": "y/z"}, MismatchError, "reads back as"),
    ("/{a}/{b:(?P=a)}", {"a": "x", "b": "y"}, MismatchError, "is not matched by it"),
]


@pytest.mark.parametrize(("path", "values", "error", "message"), REFUSED)
def test_refused(
    path: str, values: dict[str, object], error: type[BuildError], message: str
) -> None:
    with pytest.raises(error) as caught:
        Resource[str](path).build(**values)
    assert message in str(caught.value)
    assert caught.value.path == path
    assert caught.value.part in path or caught.value.part in values
    assert isinstance(caught.value, ValueError)


def test_errors_are_the_builtin_ones_too() -> None:
    resource = Resource[str]("/{x}")
    with pytest.raises(KeyError):
        resource.build()
    with pytest.raises(TypeError):
        resource.build(x=None)


@pytest.mark.parametrize("tail", ["/evil.example", "//evil.example", "/"])
def test_never_starts_with_two_slashes(tail: str) -> None:
    built = Resource[str]("/{tail:.*}").build(tail=tail)
    assert not built.startswith("//")
    assert Resource[str]("/{tail:.*}").match_path(built) == {"tail": tail}


def test_prefix_resource_builds() -> None:
    router = Router[str]()
    router.add_prefix("/static", name="static", tail="filename")
    assert router.url_for("static", filename="a b/c.css") == "/static/a%20b/c.css"


PATTERNS = [
    "/{x}",
    "/a/{x}/b",
    "/{x}/{y}",
    "/{x}.{y}",
    "/{x}{y}",
    "/v{x}-{y}z",
    "/{x:[^/]+}",
    "/{x:.*}",
    "/{x:.+}/e",
    "/{x:.*}/{y:.*}",
    "/{x:[a-c]+}",
    "/{x:a|ab}{y}",
    "/é/{x}",
    "/{x!path}",
    "/a{x:.*}",
    "/{x:[^.]*}.{y:.*}",
    "/{x!slug}",
]
values = st.text(max_size=6) | st.text(alphabet="ab./%{é2F-", max_size=6)


@settings(deadline=None, max_examples=EXAMPLES)
@given(st.sampled_from(PATTERNS), values, values)
def test_building_and_matching_give_the_same_values(path: str, x: str, y: str) -> None:
    router = Router[str]()
    router.add_route("GET", path, "found", name="it")
    given_values = {"x": x, "y": y} if "{y" in path else {"x": x}
    try:
        built = router.url_for("it", **given_values)
    except MismatchError:
        return
    assert built.isascii()
    match = router.match("GET", built)
    assert isinstance(match, Match)
    assert match.raw_params == given_values


@settings(deadline=None, max_examples=EXAMPLES)
@given(st.sampled_from(PATTERNS[:2]), st.text(min_size=1, max_size=9))
def test_plain_variables_refuse_only_values_that_no_url_can_contain(path: str, x: str) -> None:
    try:
        Resource[str](path).build(x=x)
    except MismatchError:
        assert x in {".", ".."} or not {"{", "}"}.isdisjoint(x) or not _encodes(x)


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


TYPED = {
    "int": st.integers(),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "uuid": st.uuids(),
    "date": st.dates(),
    "slug": st.from_regex("[-a-zA-Z0-9_]+", fullmatch=True),
}


@settings(deadline=None, max_examples=EXAMPLES)
@given(st.sampled_from(sorted(TYPED)).flatmap(lambda k: st.tuples(st.just(k), TYPED[k])))
def test_typed_values_come_back(kind_and_value: tuple[str, object]) -> None:
    kind, value = kind_and_value
    router = Router[str]()
    router.add_route("GET", f"/a/{{x!{kind}}}", "found", name="it")
    match = router.match("GET", router.url_for("it", x=value))
    assert isinstance(match, Match)
    assert match.params == {"x": value}
    assert type(match.params["x"]) is type(value)
