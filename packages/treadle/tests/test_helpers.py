"""The names of ``aiohttp.helpers``, compared with aiohttp's on the same arguments."""

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from aiohttp import helpers as theirs

from treadle import helpers as ours

CALLS: list[tuple[str, tuple[Any, ...]]] = [
    *(("is_ip_address", (host,)) for host in ("127.0.0.1", "::1", "example.org", "", None, "1")),
    *(
        ("must_be_empty_body", (method, code))
        for method in ("GET", "HEAD", "CONNECT")
        for code in (100, 101, 200, 204, 206, 304, 404)
    ),
    *(
        ("should_remove_content_length", (method, code))
        for method in ("GET", "HEAD", "CONNECT")
        for code in (100, 200, 204, 304, 404)
    ),
    *(("quoted_string", (text,)) for text in ("plain", 'a"b', "a b\\c", "tab\t", "")),
    *(("guess_filename", (obj,)) for obj in (object(), io.BytesIO())),
    ("guess_filename", (object(), "default")),
    *(("parse_mimetype", (text,)) for text in ("", "text/html; charset=utf-8", "a/b+c; d=e", "*")),
    *(("parse_content_type", (text,)) for text in ("text/html; charset=utf-8", "text", "")),
    *(("parse_http_date", (text,)) for text in ("Sun, 06 Nov 1994 08:49:37 GMT", "x", None)),
]


@pytest.mark.parametrize(("name", "arguments"), CALLS)
def test_same_results(name: str, arguments: tuple[Any, ...]) -> None:
    expected = getattr(theirs, name)(*arguments)
    found = getattr(ours, name)(*arguments)
    if name == "parse_mimetype":
        found = (found.type, found.subtype, found.suffix, dict(found.parameters))
        expected = (expected.type, expected.subtype, expected.suffix, dict(expected.parameters))
    elif name == "parse_content_type":
        found, expected = (found[0], dict(found[1])), (expected[0], dict(expected[1]))
    assert found == expected


@pytest.mark.parametrize(
    "name",
    # Not ``TOKEN``: aiohttp's has a tab, which is no character of a token.
    ["CHAR", "CTL", "SEPARATORS", "QCONTENT", "EMPTY_BODY_STATUS_CODES",
     "EMPTY_BODY_METHODS", "DEFAULT_CHUNK_SIZE", "ETAG_ANY", "IS_MACOS", "IS_WINDOWS", "PY_311"],
)  # fmt: skip
def test_same_constants(name: str) -> None:
    assert getattr(ours, name) == getattr(theirs, name)


def test_a_quoted_string_is_ascii() -> None:
    with pytest.raises(ValueError, match="bad content for quoted-string"):
        ours.quoted_string("\u00e9")


def test_the_name_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("")
    with path.open() as file:
        assert ours.guess_filename(file) == "file.txt"

    class Stream:
        name = "<stdin>"

    assert ours.guess_filename(Stream()) is None


def test_the_time_now() -> None:
    assert ours.parse_http_date(ours.rfc822_formatted_time()) is not None


def test_reify_computes_once() -> None:
    class Thing:
        def __init__(self) -> None:
            self._cache: dict[str, Any] = {}

        @ours.reify
        def value(self) -> object:
            return object()

    thing = Thing()
    assert thing.value is thing.value
    assert "value" in thing._cache


def test_futures() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        ours.set_result(future, 1)
        ours.set_result(future, 2)
        assert await future == 1
        ours.set_exception(future, ValueError())
        other: asyncio.Future[int] = loop.create_future()
        cause = OSError("cause")
        ours.set_exception(other, ValueError("it"), cause)
        with pytest.raises(ValueError, match="it") as error:
            await other
        assert error.value.__cause__ is cause
        await ours.noop()

    asyncio.run(main())


def test_names_that_are_the_same_objects() -> None:
    from treadle import web

    assert ours.AppKey is web.AppKey
    assert ours.ETag is web.ETag
    assert issubclass(web.RequestKey, ours.BaseKey)
    assert ours.sentinel is not None
