"""Reverse URLs: matching gives the same values, and other values are refused by name."""

import codecs
import enum
import os
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, cast
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_router import (
    BuildError,
    Converter,
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


# Converters of users: by name; the regular expression takes anything.


class User:
    """An object without a notion of being equal."""

    def __init__(self, slug: str) -> None:
        self.slug = slug


class Size(enum.Enum):
    BIG = "b"
    SMALL = "s"


class Odd:
    """An object that cannot be compared."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("ambiguous")

    def __hash__(self) -> int:
        return 1


def rot13(text: str) -> str:
    return codecs.encode(text, "rot13")


def returns(value: object) -> Callable[[object], str]:
    return lambda _: cast("str", value)


def raises(error: Exception) -> Callable[[object], str]:
    def format_(_value: object) -> str:
        raise error

    return format_


ANY = ".+"
OWN: dict[str, Converter[Any]] = {
    "hex": Converter(ANY, lambda text: int(text, 16), "{:x}".format),
    "half_hex": Converter(ANY, lambda text: int(text, 16)),
    "lower": Converter(ANY, str.lower),
    "rot13": Converter(ANY, rot13, rot13),
    "nan": Converter(ANY, float),
    "float": Converter(ANY, float),
    "decimal": Converter(ANY, Decimal),
    "user": Converter(ANY, User, lambda user: user.slug),
    "user_text": Converter(ANY, User, str),
    "size": Converter(ANY, lambda text: Size[text.upper()], lambda size: size.name.lower()),
    "list": Converter(ANY, lambda text: text.split(","), ",".join),
    "set": Converter(ANY, frozenset, lambda items: "".join(sorted(items))),
    "odd": Converter(ANY, lambda _: Odd(), returns("x")),
    "none": Converter(ANY, str, returns(None)),
    "bytes": Converter(ANY, str, returns(b"x")),
    "broken": Converter(ANY, str, raises(AttributeError("no slug"))),
    "unknown": Converter(ANY, str, raises(KeyError("no such user"))),
}

READ_BACK = [
    ("hex", 255, "/ff"),
    ("hex", "ff", "/ff"),
    ("hex", True, "/1"),
    ("half_hex", 5, "/5"),
    ("half_hex", "255", "/255"),
    ("lower", "abc", "/abc"),
    ("rot13", "abc", "/nop"),
    ("rot13", "a/b", "/n/o"),
    ("float", 1, "/1"),
    ("float", 0.5, "/0.5"),
    ("decimal", Decimal("1.50"), "/1.50"),
    ("decimal", 2, "/2"),
    ("user", User("ada"), "/ada"),
    ("user", "ada", "/ada"),
    ("size", Size.BIG, "/big"),
    ("size", "big", "/big"),
    ("list", ["a", "b"], "/a,b"),
    ("set", frozenset("ba"), "/ab"),
]
NOT_READ_BACK = [
    ("half_hex", 255, MismatchError, "writes '255', which reads back as 597"),
    ("half_hex", -10, MismatchError, "writes '-10', which reads back as -16"),
    ("lower", "ABC", MismatchError, "writes 'ABC', which reads back as 'abc'"),
    ("nan", float("nan"), MismatchError, "writes 'nan', which reads back as nan"),
    ("float", 2**53 + 1, MismatchError, "which reads back as 9007199254740992.0"),
    ("decimal", "x", MismatchError, "x='x'"),
    ("user_text", User("ada"), MismatchError, "which reads back as"),
    ("user", 5, PartTypeError, "slug"),
    ("size", "huge", MismatchError, "HUGE"),
    ("size", 5, PartTypeError, "x=5"),
    ("list", ["a,b"], MismatchError, "writes 'a,b', which reads back as ['a', 'b']"),
    ("set", ["b", "a"], MismatchError, "reads back as frozenset"),
    ("odd", Odd(), MismatchError, "ambiguous"),
    ("none", 5, PartTypeError, "the format of its converter returned None, not a str"),
    ("bytes", 5, PartTypeError, "the format of its converter returned b'x', not a str"),
    ("broken", 5, PartTypeError, "no slug"),
    ("unknown", 5, MismatchError, "no such user"),
]


@pytest.mark.parametrize(("name", "value", "built"), READ_BACK)
def test_values_that_a_converter_reads_back(name: str, value: object, built: str) -> None:
    router = Router[str](converters=OWN)
    resource = router.add_resource(f"/{{x!{name}}}")
    resource.add_route("GET", "found")
    assert resource.build(x=value) == built
    assert isinstance(router.match("GET", built), Match)


@pytest.mark.parametrize(("name", "value", "error", "sentence"), NOT_READ_BACK)
def test_values_that_a_converter_does_not_read_back(
    name: str, value: object, error: type[BuildError], sentence: str
) -> None:
    resource = Router[str](converters=OWN).add_resource(f"/{{x!{name}}}")
    with pytest.raises(error, match=re.escape(sentence)) as caught:
        resource.build(x=value)
    assert f"x={value!r} does not fit the path" in str(caught.value)
    assert (caught.value.part, caught.value.value) == ("x", value)


# A converter, the rest of the variable, a value, and the error: value, converter and fix.
FIX = "of the converter 'own', or pass a value that it can write."
FAULTS = [
    (
        Converter("[a-z]+", str.lower, str.upper),
        "",
        "ada",
        (
            "x='ada' does not fit the path '/{x!own}': its converter 'own' writes 'ADA', which its "
            f"expression '[a-z]+' does not match. Correct the format or the expression {FIX}"
        ),
    ),
    (
        Converter("[0-9]+", lambda text: int(text) * 2, str),
        "",
        5,
        (
            "x=5 does not fit the path '/{x!own}': its converter 'own' writes '5', which reads "
            f"back as 10. Correct the format or parse {FIX}"
        ),
    ),
    (
        Converter("[a-z]+", int, lambda value: "five"),
        "",
        5,
        (
            "x=5 does not fit the path '/{x!own}': its converter 'own' writes 'five', which it "
            "does not read back: invalid literal for int() with base 10: 'five'. Correct the "
            f"format or parse {FIX}"
        ),
    ),
    (
        Converter("[0-9]+", int, str),
        ":[0-9]{4}",
        5,
        (
            "x=5 does not fit the path '/{x!own:[0-9]{4}}': its text '5' does not match "
            "'[0-9]{4}' as a whole."
        ),
    ),
]


@pytest.mark.parametrize(("converter", "rest", "value", "message"), FAULTS)
@pytest.mark.parametrize("prefix", ["", "/mounted"])
def test_the_error_names_value_converter_and_fix(
    converter: Converter[object], rest: str, value: object, message: str, prefix: str
) -> None:
    inner = Router[str](converters={"own": converter})
    inner.add_get(f"/{{x!own{rest}}}", "found", name="it")
    router = inner
    if prefix:
        router = Router[str]()
        router.mount(prefix, inner)
    with pytest.raises(MismatchError) as caught:
        router.url_for("it", x=value)
    assert str(caught.value) == message.replace("path '", f"path '{prefix}")
    assert caught.value.part == "x"


def test_slashes_of_a_converter_may_be_escaped_or_not() -> None:
    """The text matches its expression with the slash as ``%2F``, or with the slash itself."""
    router = Router[str](
        converters={"one": Converter("[^/]+", str, str), "rest": Converter("[a-z/]+", str, str)}
    )
    assert router.add_resource("/{x!one}").build(x="a/b") == "/a%2Fb"
    assert router.add_resource("/{x!rest}").build(x="a/b") == "/a/b"


@pytest.mark.parametrize("error", [ValueError, KeyError, IndexError, ZeroDivisionError])
def test_a_text_without_a_value_is_no_match(error: type[Exception]) -> None:
    def parse(text: str) -> object:
        raise error(text)

    router = Router[str](converters={"own": Converter(ANY, parse)})
    router.add_route("GET", "/{x!own}", "own")
    router.add_route("GET", "/{x}", "any")
    match = router.match("GET", "/a")
    assert match
    assert match.handler == "any"


def test_a_number_that_is_too_large_for_a_float() -> None:
    with pytest.raises(MismatchError, match="too large"):
        Resource[str]("/{x!float}").build(x=10**400)
