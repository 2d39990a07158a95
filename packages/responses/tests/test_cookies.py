"""Set-Cookie lines: every attribute, what is refused, and several cookies of one name."""

import copy
import datetime
import enum
import pickle
import re
from collections.abc import Callable
from http.cookies import CookieError, Morsel, SimpleCookie
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_responses import Response, StreamResponse
from treadle_responses._cookies import Cookie, Cookies

EPOCH = "Thu, 01 Jan 1970 00:00:00 GMT"
FLAGS = "Secure; HttpOnly; Partitioned"
Calls = list[tuple[str, str, dict[str, Any]]]


def lines(response: StreamResponse) -> list[str]:
    cookies = response.cookies
    assert isinstance(cookies, Cookies)
    return cookies.lines()


def attributes(line: str) -> dict[str, str | None]:
    pair, *rest = line.split("; ")
    found: dict[str, str | None] = {"": pair}
    for attribute in rest:
        name, equals, value = attribute.partition("=")
        assert name not in found
        found[name] = value if equals else None
    return found


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"Path": "/"}),
        ({"path": None}, {}),
        ({"path": "/a/b"}, {"Path": "/a/b"}),
        ({"path": None, "domain": "example.org"}, {"Domain": "example.org"}),
        ({"path": None, "expires": EPOCH}, {"expires": EPOCH}),
        ({"path": None, "max_age": 0}, {"Max-Age": "0"}),
        ({"path": None, "max_age": 3600}, {"Max-Age": "3600"}),
        ({"path": None, "max_age": "60"}, {"Max-Age": "60"}),
        ({"path": None, "secure": True}, {"Secure": None}),
        ({"path": None, "secure": False}, {}),
        ({"path": None, "httponly": True}, {"HttpOnly": None}),
        ({"path": None, "httponly": False}, {}),
        ({"path": None, "samesite": "Lax"}, {"SameSite": "Lax"}),
        ({"path": None, "version": 1}, {"Version": "1"}),
        ({"path": None, "partitioned": True}, {"Partitioned": None}),
        ({"path": None, "partitioned": False}, {}),
        (
            {
                "path": "/",
                "domain": "d",
                "expires": EPOCH,
                "max_age": 1,
                "secure": True,
                "httponly": True,
                "samesite": "None",
                "partitioned": True,
                "version": "1",
            },
            {
                "Path": "/",
                "Domain": "d",
                "expires": EPOCH,
                "Max-Age": "1",
                "Secure": None,
                "HttpOnly": None,
                "SameSite": "None",
                "Partitioned": None,
                "Version": "1",
            },
        ),
    ],
)
def test_attributes(given: dict[str, Any], expected: dict[str, str | None]) -> None:
    response = StreamResponse()
    response.set_cookie("name", "value", **given)
    (line,) = lines(response)
    assert attributes(line) == {"": "name=value", **expected}


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("", '""'),
        ("plain", "plain"),
        ("a b", '"a b"'),
        ("a;b", r'"a\073b"'),
        ('a"b', r'"a\"b"'),
        ("a,b", r'"a\054b"'),
        ("\xfc", r'"\374"'),
    ],
)
def test_values_are_quoted_for_the_header(value: str, sent: str) -> None:
    response = StreamResponse()
    response.set_cookie("n", value, path=None)
    assert lines(response) == [f"n={sent}"]
    assert response.cookies["n"].value == value


CONTROLS = ["\r", "\n", "\0", "\x1b", "\x7f", "\t"]


@pytest.mark.parametrize("char", CONTROLS)
def test_a_value_with_a_control_character(char: str) -> None:
    response = StreamResponse()
    with pytest.raises(ValueError, match=r"the value of cookie 'n' must not contain") as caught:
        response.set_cookie("n", f"a{char}b")
    assert repr(char) in str(caught.value)
    assert "position 1" in str(caught.value)
    assert not response.cookies


@pytest.mark.parametrize("char", [*CONTROLS, ";"])
@pytest.mark.parametrize(
    "attribute", ["expires", "domain", "max_age", "path", "samesite", "version"]
)
def test_an_attribute_with_a_character_that_ends_it(attribute: str, char: str) -> None:
    response = StreamResponse()
    response.set_cookie("n", "kept")
    given: dict[str, Any] = {attribute: f"a{char} Secure"}
    with pytest.raises(ValueError, match=r" of cookie 'n' must not contain ") as caught:
        response.set_cookie("n", "lost", **given)
    assert str(caught.value).startswith(attribute.replace("_", "-"))
    assert repr(char) in str(caught.value)
    assert lines(response) == ["n=kept; Path=/"]


@pytest.mark.parametrize("attribute", ["domain", "path", "samesite"])
def test_del_cookie_checks_too(attribute: str) -> None:
    response = StreamResponse()
    response.set_cookie("n", "kept")
    given: dict[str, Any] = {attribute: "a\r\nX-Split: yes"}
    with pytest.raises(ValueError, match="must not contain"):
        response.del_cookie("n", **given)
    assert lines(response) == ["n=kept; Path=/"]


@pytest.mark.parametrize("name", ["", "a b", "a=b", "a;b", "a\r\nb", "\xfc", "a,b", '"a"', "a\n"])
def test_a_name_that_is_no_token(name: str) -> None:
    response = StreamResponse()
    with pytest.raises(CookieError, match="Illegal cookie name") as caught:
        response.set_cookie(name, "v")
    assert repr(name) in str(caught.value)
    assert not response.cookies


@pytest.mark.parametrize("name", ["path", "Domain", "expires", "max-age", "secure"])
def test_a_name_that_a_morsel_reserves(name: str) -> None:
    response = StreamResponse()
    with pytest.raises(CookieError):
        response.set_cookie(name, "v")
    assert not response.cookies


# Calls: (set or del, value, arguments) for one name.
ONE_NAME: list[tuple[str, Calls, list[str]]] = [
    ("again", [("set", "1", {}), ("set", "2", {})], ["n=2; Path=/"]),
    (
        "what is None keeps what it was",
        [("set", "1", {"max_age": 5, "httponly": True, "partitioned": True}), ("set", "2", {})],
        ["n=2; HttpOnly; Max-Age=5; Path=/; Partitioned"],
    ),
    (
        "False takes back",
        [("set", "1", {"secure": True}), ("set", "2", {"secure": False})],
        ["n=2; Path=/"],
    ),
    (
        "no domain means the one there is",
        [("set", "1", {"domain": "d"}), ("set", "2", {})],
        ["n=2; Domain=d; Path=/"],
    ),
    (
        "no path means the one there is",
        [("set", "1", {"path": "/a"}), ("set", "2", {"path": None})],
        ["n=2; Path=/a"],
    ),
    (
        "two paths are two cookies",
        [("set", "1", {"path": "/a", "max_age": 1}), ("set", "2", {"path": "/b"})],
        ["n=1; Max-Age=1; Path=/a", "n=2; Path=/b"],
    ),
    (
        "two domains are two cookies",
        [("set", "1", {"domain": "a"}), ("set", "2", {"domain": "b"})],
        ["n=1; Domain=a; Path=/", "n=2; Domain=b; Path=/"],
    ),
    (
        "the one that is meant changes",
        [
            ("set", "1", {"path": "/a", "max_age": 1}),
            ("set", "2", {"path": "/b"}),
            ("set", "3", {"path": "/c"}),
            ("set", "4", {"path": "/a"}),
        ],
        ["n=2; Path=/b", "n=3; Path=/c", "n=4; Max-Age=1; Path=/a"],
    ),
    (
        "deleted",
        [("del", "", {})],
        [f'n=""; expires={EPOCH}; Max-Age=0; Path=/'],
    ),
    (
        "deleted with everything",
        [
            (
                "del",
                "",
                {
                    "domain": "d",
                    "path": "/p",
                    "secure": True,
                    "httponly": True,
                    "samesite": "Lax",
                    "partitioned": True,
                },
            )
        ],
        [f'n=""; Domain=d; Path=/p; expires={EPOCH}; Max-Age=0; SameSite=Lax; {FLAGS}'],
    ),
    (
        "a deletion keeps nothing of what it deletes",
        [("set", "1", {"httponly": True, "samesite": "Lax"}), ("del", "", {})],
        [f'n=""; expires={EPOCH}; Max-Age=0; Path=/'],
    ),
    (
        "set after delete",
        [("del", "", {}), ("set", "1", {})],
        ["n=1; Path=/"],
    ),
    (
        "set after delete and attributes of before",
        [("set", "0", {"max_age": 5}), ("del", "", {}), ("set", "1", {"httponly": True})],
        ["n=1; HttpOnly; Path=/"],
    ),
    (
        "deleted at another path",
        [("set", "1", {"path": "/a"}), ("del", "", {"path": "/b"})],
        ["n=1; Path=/a", f'n=""; expires={EPOCH}; Max-Age=0; Path=/b'],
    ),
    (
        "one of two deleted",
        [("set", "1", {"path": "/a"}), ("set", "2", {"path": "/b"}), ("del", "", {"path": "/a"})],
        ["n=2; Path=/b", f'n=""; expires={EPOCH}; Max-Age=0; Path=/a'],
    ),
]


@pytest.mark.parametrize(
    ("calls", "expected"), [row[1:] for row in ONE_NAME], ids=[row[0] for row in ONE_NAME]
)
def test_cookies_of_one_name(calls: Calls, expected: list[str]) -> None:
    response = StreamResponse()
    for verb, value, arguments in calls:
        if verb == "set":
            response.set_cookie("n", value, **arguments)
        else:
            response.del_cookie("n", **arguments)
    parsed = [attributes(line) for line in lines(response)]
    assert parsed == [attributes(line) for line in expected]
    # A reader of the mapping sees the newest.
    newest = response.cookies["n"]
    assert newest.value == calls[-1][1]
    assert isinstance(response.cookies, SimpleCookie)
    assert isinstance(newest, Morsel)


def test_deleting_a_name_from_the_mapping_deletes_all_of_it() -> None:
    ways: list[Callable[[SimpleCookie], object]] = [
        lambda cookies: cookies.pop("n"),
        lambda cookies: cookies.__delitem__("n"),
        lambda cookies: cookies.clear(),
    ]
    for delete in ways:
        response = StreamResponse()
        response.set_cookie("n", "1", path="/a")
        response.set_cookie("n", "2", path="/b")
        delete(response.cookies)
        assert lines(response) == []
        response.set_cookie("n", "3", path="/c")
        assert lines(response) == ["n=3; Path=/c"]


def test_the_mapping_can_be_written_too() -> None:
    response = StreamResponse()
    response.cookies["a"] = "1"
    response.cookies["a"]["path"] = "/x"
    response.cookies.load("b=2")
    assert lines(response) == ["a=1; Path=/x", "b=2"]
    response.set_cookie("a", "3", path="/x", max_age=1)
    response.set_cookie("b", "4")
    # No path is the request's own: not the cookie of "/".
    assert lines(response) == ["a=3; Max-Age=1; Path=/x", "b=2", "b=4; Path=/"]


def test_partitioned_can_be_read_and_written_on_every_python() -> None:
    response = StreamResponse()
    response.set_cookie("n", "1", path=None)
    morsel = response.cookies["n"]
    assert morsel["partitioned"] == ""
    morsel["Partitioned"] = True
    assert morsel["partitioned"] is True
    assert morsel.OutputString() == "n=1; Partitioned"
    assert morsel.OutputString(["path"]) == "n=1"
    assert morsel.output() == "Set-Cookie: n=1; Partitioned"
    assert response.cookies.output() == "Set-Cookie: n=1; Partitioned"
    with pytest.raises(CookieError):
        morsel["nonsense"] = "1"


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r))])
def test_cookies_survive_copies(duplicate: Callable[[Response], Response]) -> None:
    response = Response(text="x")
    response.set_cookie("n", "1", path="/a", secure=True, partitioned=True)
    response.set_cookie("n", "2", path="/b")
    again = duplicate(response)
    assert lines(again) == lines(response)
    assert isinstance(again.cookies["n"], Cookie)


def test_they_are_sent_before_the_signals_and_the_signals_may_add(send: Callable[..., Any]) -> None:
    def hook(response: StreamResponse) -> None:
        assert response.headers.getall("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/"]
        response.set_cookie("c", "3")

    response = StreamResponse()
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    wire = send(response, hook=hook)
    assert wire.get("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/", "c=3; Path=/"]


def test_a_field_and_cookies_go_together(send: Callable[..., Any]) -> None:
    response = Response(headers={"Set-Cookie": "own=0"})
    response.set_cookie("a", "1")
    assert send(response).get("Set-Cookie") == ["own=0", "a=1; Path=/"]


def test_a_cookie_that_only_a_signal_sets(send: Callable[..., Any]) -> None:
    wire = send(Response(), hook=lambda response: response.set_cookie("late", "1"))
    assert wire.get("Set-Cookie") == ["late=1; Path=/"]


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_whatever_is_accepted_is_one_line_with_its_attributes(
    value: str, path: str, domain: str
) -> None:
    response = StreamResponse()
    try:
        response.set_cookie("n", value, path=path, domain=domain)
    except ValueError:
        return
    (line,) = lines(response)
    assert not any(ord(char) < 32 or ord(char) == 127 for char in line)
    found = attributes(line)
    assert found.get("Path", "") == path
    assert found.get("Domain", "") == domain
    assert set(found) <= {"", "Path", "Domain"}
    loaded = SimpleCookie()
    loaded.load(f"n={line[2:].split('; ')[0]}")
    if value.isascii():
        assert loaded["n"].value == value


class Colour(str, enum.Enum):  # noqa: UP042  # its ``str()`` is not its value
    RED = "red"


# Values and attributes of other types than text: the line that is sent.
CONVERTED: list[tuple[Any, dict[str, Any], str]] = [
    (5, {}, "n=5; Path=/"),
    (-1.5, {}, "n=-1.5; Path=/"),
    (True, {}, "n=True; Path=/"),
    (Colour.RED, {}, "n=red; Path=/"),
    ("v", {"max_age": "5"}, "n=v; Max-Age=5; Path=/"),
    ("v", {"max_age": 5.0}, "n=v; Max-Age=5; Path=/"),
    ("v", {"max_age": -1}, "n=v; Max-Age=-1; Path=/"),
    ("v", {"max_age": datetime.timedelta(minutes=2)}, "n=v; Max-Age=120; Path=/"),
    (
        "v",
        {"expires": datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)},
        "n=v; expires=Wed, 02 Jan 2030 03:04:05 GMT; Path=/",
    ),
    ("v", {"samesite": "lax"}, "n=v; Path=/; SameSite=lax"),
    ("v", {"path": None, "domain": None}, "n=v"),
    ("v", {"version": 1}, "n=v; Path=/; Version=1"),
    ("v", {"secure": 1, "httponly": "yes"}, "n=v; HttpOnly; Path=/; Secure"),
]


@pytest.mark.parametrize(("value", "attributes", "line"), CONVERTED)
def test_other_types(value: Any, attributes: dict[str, Any], line: str) -> None:
    response = StreamResponse()
    response.set_cookie("n", value, **attributes)
    assert lines(response) == [line]


# Arguments that no client would understand, and what the error says of them.
REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"value": None}, TypeError, "the value of cookie 'n' must be a str or a number, got None"),
    ({"value": b"x"}, TypeError, "the value of cookie 'n' must be a str or a number, got b'x'"),
    ({"value": ["x"]}, TypeError, "the value of cookie 'n'"),
    ({"max_age": 1.5}, TypeError, "max_age of cookie 'n' must be a whole number of seconds"),
    ({"max_age": True}, TypeError, "max_age of cookie 'n' must be a whole number of seconds"),
    ({"max_age": b"5"}, TypeError, "max_age of cookie 'n' must be a whole number of seconds"),
    ({"max_age": "soon"}, ValueError, "max_age of cookie 'n' must be a whole number of seconds"),
    ({"max_age": "1.5"}, ValueError, "max_age of cookie 'n' must be a whole number of seconds"),
    ({"max_age": float("inf")}, TypeError, "max_age of cookie 'n'"),
    ({"expires": 5}, TypeError, "expires of cookie 'n' must be a datetime, a str or None"),
    ({"domain": 5}, TypeError, "domain of cookie 'n' must be a str or None, got 5"),
    ({"path": 5}, TypeError, "path of cookie 'n' must be a str or None, got 5"),
    ({"path": b"/"}, TypeError, "path of cookie 'n' must be a str or None, got b'/'"),
    ({"samesite": True}, TypeError, "samesite of cookie 'n' must be a str or None, got True"),
    ({"samesite": "maybe"}, ValueError, "samesite of cookie 'n' must be 'Strict', 'Lax'"),
    ({"version": b"1"}, TypeError, "version of cookie 'n'"),
]


@pytest.mark.parametrize(("arguments", "error", "sentence"), REFUSED)
def test_types_that_are_refused(
    arguments: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    response = StreamResponse()
    response.set_cookie("n", "kept")
    with pytest.raises(error, match=re.escape(sentence)):
        response.set_cookie("n", **{"value": "v", **arguments})
    assert lines(response) == ["n=kept; Path=/"]


@pytest.mark.parametrize("name", [5, None, b"n"])
def test_a_name_of_another_type(name: Any) -> None:
    response = StreamResponse()
    with pytest.raises(TypeError, match="The name of a cookie must be a str") as caught:
        response.set_cookie(name, "v")
    assert repr(name) in str(caught.value)
    with pytest.raises(TypeError, match="The name of a cookie must be a str"):
        response.del_cookie(name)


@pytest.mark.parametrize("attribute", ["domain", "path"])
def test_del_cookie_of_another_type(attribute: str) -> None:
    arguments: dict[str, Any] = {attribute: 5}
    with pytest.raises(TypeError, match=f"{attribute} of cookie 'n' must be a str"):
        StreamResponse().del_cookie("n", **arguments)
