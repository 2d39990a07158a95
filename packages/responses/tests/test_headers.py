"""Media types, charsets, reasons and dates as strings."""

import datetime
import email.utils
from collections.abc import Callable
from http.cookies import CookieError
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle_responses import Response
from treadle_responses._headers import (
    OCTET_STREAM,
    check_charset,
    check_content_type,
    check_reason,
    format_content_type,
    http_date,
    parse_http_date,
    split_content_type,
    with_charset,
)

UTC = datetime.UTC


@pytest.mark.parametrize(
    ("value", "media_type", "charset"),
    [
        ("text/plain", "text/plain", None),
        ("Text/HTML; Charset=UTF-8", "text/html", "utf-8"),
        ('text/html;charset="utf-8"', "text/html", "utf-8"),
        ("text/html ; charset = latin-1 ; x=y", "text/html", "latin-1"),
        ("text/html; x=y; charset=a; charset=b", "text/html", "a"),
        ('text/html; title="a; charset=x"', "text/html", None),
        ('text/html; title="a\\"; charset=x"; charset=y', "text/html", "y"),
        ("text/html; xcharset=y", "text/html", None),
        ("text/html; charset", "text/html", None),
        ("text/html;", "text/html", None),
        ("multipart/mixed; boundary=Ab", "multipart/mixed", None),
        ("", OCTET_STREAM, None),
        ("jpeg", OCTET_STREAM, None),
        ("a/b/c; charset=x", OCTET_STREAM, "x"),
        ("; charset=x", OCTET_STREAM, "x"),
    ],
)
def test_split_content_type(value: str, media_type: str, charset: str | None) -> None:
    assert split_content_type(value) == (media_type, charset)


@pytest.mark.parametrize(
    ("value", "charset", "result"),
    [
        ("text/html", "utf-8", "text/html; charset=utf-8"),
        ("text/html", None, "text/html"),
        ("text/html; charset=a", "b", "text/html; charset=b"),
        ("text/html;charset=a", None, "text/html"),
        ("text/html;CHARSET=a; x=y", "b", "text/html; x=y; charset=b"),
        ("text/html; x=Y", "b", "text/html; x=Y; charset=b"),
        ('a/b; t="; charset=x";u="v;w"', "c", 'a/b; t="; charset=x"; u="v;w"; charset=c'),
        ("", "c", "application/octet-stream; charset=c"),
    ],
)
def test_with_charset(value: str, charset: str | None, result: str) -> None:
    assert with_charset(value, charset) == result


def test_format_content_type() -> None:
    assert format_content_type("text/html", None) == "text/html"
    assert format_content_type("text/html", "utf-8") == "text/html; charset=utf-8"


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "x!#$%&'*+-.^_`|~"])
def test_check_charset(charset: str) -> None:
    assert check_charset(charset) == charset


@pytest.mark.parametrize("charset", ["", "a b", "utf-8\r\nX: y", "a;b", 'a"b', "\xfc", "a\n"])
def test_check_charset_refuses(charset: str) -> None:
    with pytest.raises(ValueError, match="A charset is a name") as caught:
        check_charset(charset)
    assert repr(charset) in str(caught.value)


@pytest.mark.parametrize("char", ["\r", "\n", "\0", "\x1b", "\x7f"])
def test_check_content_type_and_reason_refuse(char: str) -> None:
    with pytest.raises(ValueError, match="no header may have"):
        check_content_type(f"text/{char}html")
    with pytest.raises(ValueError, match="at position 3 of") as caught:
        check_reason(f"Bad{char}")
    assert repr(char) in str(caught.value)


def test_check_reason_takes_text() -> None:
    assert check_reason("Nicht möglich\t!") == "Nicht möglich\t!"
    assert check_content_type("text/x; y=z") == "text/x; y=z"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784111777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (784111776.001, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (-0.5, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        (datetime.datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC), "Sun, 06 Nov 1994 08:49:37 GMT"),
        (datetime.datetime(1994, 11, 6, 8, 49, 37), "Sun, 06 Nov 1994 08:49:37 GMT"),  # noqa: DTZ001
        (
            datetime.datetime(1994, 11, 6, 8, 49, 36, 1, tzinfo=UTC),
            "Sun, 06 Nov 1994 08:49:37 GMT",
        ),
        (
            datetime.datetime(
                1994, 11, 6, 9, 49, 37, tzinfo=datetime.timezone(datetime.timedelta(hours=1))
            ),
            "Sun, 06 Nov 1994 08:49:37 GMT",
        ),
        (
            datetime.datetime(1994, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
            "Sun, 01 Jan 1995 00:00:00 GMT",
        ),
        ("as it is", "as it is"),
    ],
)
def test_http_date(value: datetime.datetime | float | str, text: str) -> None:
    assert http_date(value) == text


@pytest.mark.parametrize("value", [b"x", (1,), datetime.date(2020, 1, 1)])
def test_http_date_refuses(value: object) -> None:
    with pytest.raises(TypeError, match=f"Unsupported type .*: {type(value).__name__}"):
        http_date(value)  # type: ignore[arg-type]  # the mistake under test


@settings(deadline=None)
@given(st.integers(-(10**9), 4 * 10**9))
def test_dates_are_the_standard_librarys_and_come_back(seconds: int) -> None:
    text = http_date(seconds)
    assert text == email.utils.formatdate(seconds, usegmt=True)
    moment = parse_http_date(text)
    assert moment is not None
    assert moment.timestamp() == seconds
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "yesterday",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Xyz 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 GMT\n",
    ],
)
def test_parse_http_date_of_anything_else(value: str | None) -> None:
    assert parse_http_date(value) is None


HUGE = "\n" + "a" * 100_000


# What a handler may copy from a request, and where it is refused.
@pytest.mark.parametrize(
    "use",
    [
        lambda: Response(reason=HUGE),
        lambda: Response(content_type=HUGE),
        lambda: Response(content_type=f"a/b; charset={HUGE}"),
        lambda: Response(text="x", charset=HUGE),
        lambda: Response(text=cast("str", HUGE.encode())),
        lambda: setattr(Response(), "text", HUGE.encode()),
        lambda: setattr(Response(), "etag", HUGE),
        lambda: Response(headers={"Content-Length": HUGE}).content_length,
        lambda: Response().set_cookie("n", HUGE),
        lambda: Response().set_cookie(HUGE, "v"),
        lambda: Response().set_cookie("n", "v", path=HUGE),
        lambda: Response().set_cookie("n", "v", max_age=HUGE),
        lambda: Response().set_cookie("n", cast("str", HUGE.encode())),
    ],
)
def test_an_error_does_not_repeat_all_of_a_value(use: Callable[[], object]) -> None:
    with pytest.raises((ValueError, TypeError, CookieError)) as caught:
        use()
    assert 100 < len(str(caught.value)) < 500
    assert "characters)" in str(caught.value)
    assert "\n" not in str(caught.value)
