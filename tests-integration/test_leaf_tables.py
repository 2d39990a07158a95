"""Leaves import no other leaf and repeat a few tables and readers: the copies are equal."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import astuple

import pytest

import treadle_http_parser
import treadle_responses
from testkit import HOLD_NO_BYTES, KINDS_OF_BYTES
from treadle_http_parser import fields
from treadle_multipart import quote_name
from treadle_responses import Response, Verdict

LEAVES = (
    "treadle_http_parser", "treadle_multipart", "treadle_responses", "treadle_router",
    "treadle_websocket",
)  # fmt: skip

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: RFC 9110 section 5.6.2.
TOKEN = set("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def constants() -> Iterator[tuple[str, str, object]]:
    """Yield leaf, name and value of each constant of each module of each leaf."""
    for leaf in LEAVES:
        package = importlib.import_module(leaf)
        for found in pkgutil.walk_packages(package.__path__, leaf + "."):
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                if name.isupper():
                    yield leaf, f"{found.name}.{name}", value


CONSTANTS = list(constants())


@pytest.mark.parametrize(("table", "first"), [(MONTHS, "Jan"), (DAYS, "Mon")])
def test_names_of_dates(table: tuple[str, ...], first: str) -> None:
    found = [
        (leaf, name, value)
        for leaf, name, value in CONSTANTS
        if isinstance(value, tuple) and first in value
    ]
    assert {leaf for leaf, _, _ in found} == {"treadle_http_parser", "treadle_responses"}
    for _, name, value in found:
        assert value == table, name


def token_classes(value: object) -> list[str]:
    """Return the character classes of a pattern that hold the characters of a token."""
    if isinstance(value, re.Pattern):
        value = value.pattern
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if not isinstance(value, str):
        return []
    return re.findall(r"\[[^\[\]]*!#\$%&'\*\+[^\[\]]*\]", value)


def test_tokens() -> None:
    found = [
        (leaf, name, characters)
        for leaf, name, value in CONSTANTS
        for characters in token_classes(value)
    ]
    assert {leaf for leaf, _, _ in found} == set(LEAVES)
    for _, name, characters in found:
        matched = set(filter(re.compile(characters).match, map(chr, range(512))))
        # An ordinary head has no field that llhttp treats in its own way: Sec-WebSocket-Key1.
        left_out = {"1"} if name.startswith("treadle_http_parser._ordinary.") else set[str]()
        assert matched == TOKEN - left_out, name


def test_reason_phrases() -> None:
    # A response has no interim status.
    statuses = (101, *range(200, 600))
    phrases = {status: treadle_http_parser.reason_phrase(status) for status in statuses}
    assert {status: Response(status=status).reason for status in statuses} == phrases
    assert phrases[404] == "Not Found"


ETAGS = [
    '"a"', 'W/"a"', 'w/"a"', '""', 'W/""', "a", '"', '"a', 'a"', '"a" ', ' "a"', '"a b"', '"a\tb"',
    '"a"b"', '"\\""', '"!#~"', '"\x7f"', '"\xe9"', "W/a", 'W/ "a"', "W/", "", ",", '"*"', 'W/"*"',
]  # fmt: skip


@pytest.mark.parametrize("value", ETAGS)
def test_one_entity_tag(value: str) -> None:
    ours = fields.parse_etag(value)
    theirs = Response(headers={"ETag": value}).etag
    assert (theirs and astuple(theirs)) == (ours and astuple(ours))


@pytest.mark.parametrize(
    "value",
    [
        *ETAGS, "*", " * ", "**", '"a", "b"', '"a","b"', ',,"a",, W/"b",', '"a" "b"', '"a", b, "c"',
        '"*", "a"', '"a", W/"b", "', '"a,b", "c"', '"a"\t,\t"b"', '"a"; "b"', '*, "a"',
    ],
)  # fmt: skip
def test_lists_of_entity_tags(value: str) -> None:
    ours = fields.parse_etags(value)
    theirs = treadle_responses.parse_etags(value)
    assert [astuple(tag) for tag in theirs] == [astuple(tag) for tag in ours]


DATES = [
    "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    "Sun Nov 16 08:49:37 1994", "Sat, 29 Feb 2020 23:59:59 GMT", "Thu, 31 Dec 1998 23:59:60 GMT",
    "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
]  # fmt: skip
NO_DATES = [
    "", "Sun", "Sun, 006 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "784111777",
    "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 94 08:49:37 +0000", " Sun, 06 Nov 1994 08:49:37 GMT",
]  # fmt: skip


def is_current(value: str, last_modified: int) -> bool:
    """Return True if If-Modified-Since with this value has seen the change at that second."""
    conditions = {"If-Modified-Since": value}
    verdict = treadle_responses.evaluate("GET", conditions, last_modified=last_modified)
    return verdict is Verdict.NOT_MODIFIED


@pytest.mark.parametrize("value", DATES)
def test_dates(value: str) -> None:
    moment = fields.parse_http_date(value)
    assert moment is not None
    seconds = int(moment.timestamp())
    assert is_current(value, seconds)
    assert not is_current(value, seconds + 1)


@pytest.mark.parametrize("year", range(100))
def test_two_digit_years(year: int) -> None:
    value = f"Monday, 06-Nov-{year:02} 08:49:37 GMT"
    moment = fields.parse_http_date(value)
    assert moment is not None
    seconds = int(moment.timestamp())
    assert is_current(value, seconds)
    assert not is_current(value, seconds + 1)


@pytest.mark.parametrize("value", NO_DATES)
def test_no_dates(value: str) -> None:
    assert fields.parse_http_date(value) is None
    assert not is_current(value, 0)


@pytest.mark.parametrize("month", range(1, 13))
def test_dates_are_written_alike(month: int) -> None:
    seconds = 86_400 * 30 * month + 3_661
    response = Response()
    response.last_modified = seconds
    assert response.headers["Last-Modified"] == fields.format_http_date(seconds)


@pytest.mark.parametrize(
    "value",
    [
        "gzip", "GZIP", "x-gzip", "gzip;q=0", "gzip;q=0.5, br", "br;q=0.5, gzip;q=0.7", "*",
        "*;q=0", "*;q=0.1, gzip;q=0", "identity", "identity;q=0, gzip", "gzip;q=2", "gzip;q=a",
        "gzip;q=0.1234", "gzip;Q=0.5,br;q=0.4", ",gzip,,", "gzip ; q=0.5", "deflate, br;q=0.9",
        "gzip;level=1", "zstd",
    ],
)  # fmt: skip
def test_accepted_codings(value: str) -> None:
    offers = ["br", "gzip"]
    best = fields.parse_accept_encoding(value).best([*offers, "identity"])
    assert [*treadle_responses.acceptable_codings(value, offers), "identity"][0] == (
        best or "identity"
    )


@pytest.mark.parametrize(
    "name", ["a b", '"', "\r\n", "a\\b", "%22%41%", "\xe9\U0001f600", "\udfff"]
)
def test_names_of_forms_are_quoted_alike(name: str) -> None:
    value = treadle_responses.content_disposition_header("form-data", name=name)
    assert value == f"form-data; name={quote_name(name)}"


def outcome(call: Callable[..., object], *arguments: object) -> object:
    try:
        return call(*arguments)
    except TypeError as error:
        return str(error)


def copies(module: str, function: str, *leaves: str) -> list[Callable[..., object]]:
    """Return the function of one module of each of the leaves."""
    return [getattr(importlib.import_module(f"{leaf}.{module}"), function) for leaf in leaves]


BYTES = [kind(b"some bytes") for kind in KINDS_OF_BYTES.values()]


@pytest.mark.parametrize("value", [*BYTES, *HOLD_NO_BYTES])
def test_bytes_are_taken_alike(value: object) -> None:
    first, second = copies("_bytes", "as_bytes", "treadle_http_parser", "treadle_multipart")
    assert outcome(first, value, "call()") == outcome(second, value, "call()")


@pytest.mark.parametrize("value", ["", "a" * 197, "a" * 198, "a" * 199, "\r\n", b"a", None, 5])
def test_values_are_shown_alike(value: object) -> None:
    encode = importlib.import_module("treadle_http_parser._encode")
    headers = importlib.import_module("treadle_responses._headers")
    assert encode._shown(value) == headers.shown(value)
    assert len(headers.shown(value)) <= 230
