"""The server's own answers and the sentences about mistakes of handlers."""

import asyncio
import logging
import re
import urllib.error
from collections.abc import AsyncIterator
from email.message import Message
from typing import Any

import aiohttp.web
import pytest

from testkit import CONNECTION, FakeChannel, request_head
from treadle_responses import HTTPFound, HTTPNotFound, Response, StreamResponse
from treadle_server import BaseRequest, FileResponse, WebSocketResponse
from treadle_server._body.stream import RequestBody
from treadle_server._http import answers


def request(fields: str = "", target: str = "/a%20b?c") -> BaseRequest:
    head = request_head("GET", target, fields)
    return BaseRequest.received(head, RequestBody.whole(b""), FakeChannel(), CONNECTION)


class Slow(Response):
    async def prepare(self, request: object) -> None:
        """Replaced."""


class Quiet(Response):
    async def write_eof(self, data: bytes = b"") -> None:
        """Replaced."""


class Named(Response):
    """Replaces nothing."""


@pytest.mark.parametrize(
    ("cls", "skips", "at_once"),
    [
        (Response, True, True),
        (Named, True, True),
        (Slow, False, False),
        (Quiet, False, False),
        (StreamResponse, False, False),
        (FileResponse, False, False),
        (WebSocketResponse, False, False),
        # To return one has a warning, which the exchange's slow way gives.
        (HTTPNotFound, True, False),
    ],
)
def test_what_may_be_sent_at_once(cls: type, skips: bool, at_once: bool) -> None:
    assert answers.CAN_SKIP_PREPARE[cls] == skips
    assert answers.SENDS_AT_ONCE[cls] == at_once


@pytest.mark.parametrize(
    ("value", "expected"),
    [(HTTPNotFound(), True), (HTTPFound("/x"), True), (Response(), False), (KeyError(), False)],
)
def test_http_exceptions(value: object, expected: bool) -> None:
    assert answers.is_http_exception(value) == expected


PLAIN, HTML, PROBLEM = "text/plain", "text/html", "application/problem+json"


@pytest.mark.parametrize(
    ("fields", "content_type"),
    [
        ("", PLAIN),
        ("Accept: */*\r\n", PLAIN),
        ("Accept: text/html\r\n", HTML),
        ("aCCEPT: text/html;q=0.1\r\n", HTML),
        ("Accept: application/json\r\n", PROBLEM),
        ("Accept: image/png\r\n", PLAIN),
    ],
)
def test_pages_are_negotiated(fields: str, content_type: str) -> None:
    error = HTTPNotFound()
    answers.negotiate_page(request(fields), error)
    assert error.content_type == content_type
    assert error.headers.get("Vary") == (None if content_type == PLAIN else "Accept")
    page = answers.server_error(request(fields), KeyError("secret"), debug=False)
    assert (page.status, page.content_type) == (500, content_type)
    assert page.text is not None
    assert "secret" not in page.text
    assert page.keep_alive is False


@pytest.mark.parametrize(
    ("fields", "debug", "text"),
    [
        ("", False, r"500 Internal Server Error\n\nServer got itself in trouble"),
        ("", True, r"500 Internal Server Error\n\nKeyError: '<secret>'\n"),
        (
            "Accept: text/html\r\n",
            False,
            r"<html>.*<h1>500 Internal Server Error</h1>\nServer got itself in trouble\n</body>.*",
        ),
        (
            "Accept: text/html\r\n",
            True,
            r"<html>.*<h2>Traceback:</h2>\n<pre>KeyError: &#x27;&lt;secret&gt;&#x27;\n</pre>.*",
        ),
    ],
)
def test_the_500_has_the_words_of_aiohttp(fields: str, debug: bool, text: str) -> None:
    page = answers.server_error(request(fields), KeyError("<secret>"), debug=debug)
    assert page.text is not None
    assert re.fullmatch(text, page.text, re.DOTALL)


def test_a_text_of_its_own_stays() -> None:
    error = HTTPNotFound(text="mine")
    answers.negotiate_page(request("Accept: text/html\r\n"), error)
    assert (error.text, error.content_type) == ("mine", PLAIN)


def test_debug_shows_the_traceback() -> None:
    with pytest.raises(KeyError) as caught:
        dict[str, str]()["secret"]
    page = answers.server_error(request(), caught.value, debug=True)
    assert page.text is not None
    assert re.search(r"Traceback.*KeyError: 'secret'", page.text, re.DOTALL)


async def pieces() -> AsyncIterator[bytes]:
    yield b"x"


async def forgotten() -> None:
    """Answer, if the handler had awaited it."""


def test_a_coroutine_was_not_awaited() -> None:
    coroutine = forgotten()
    assert "is an await missing?" in str(answers.not_a_response(request(), coroutine))
    coroutine.close()


def test_a_warning_has_nothing_of_the_peers() -> None:
    text = "A handler returned HTTPNotFound: raise it, or return a web.Response"
    assert answers.returned_exception(HTTPNotFound(text="/path")) == text


@pytest.mark.parametrize(
    ("error", "note"),
    [
        (aiohttp.web.HTTPFound("/"), "HTTPFound is a class of aiohttp: raise the one of treadle"),
        (aiohttp.web.HTTPNotFound(), "HTTPNotFound is a class of aiohttp"),
        (aiohttp.ClientError(), None),
        (urllib.error.HTTPError("", 404, "", Message(), None), None),
        (KeyError("x"), None),
    ],
)
def test_an_exception_of_another_framework(error: Exception, note: str | None) -> None:
    logger = logging.getLogger("treadle.test")
    for target in ("/first", "/second"):
        answers.error_of_handler(logger, request(target=target), error)
    *notes, last = error.__notes__
    assert last == "The handler of GET /second raised it"
    assert (notes == []) if note is None else notes[0].startswith(note)


def test_a_mistake_with_a_long_path_is_a_short_line() -> None:
    message = str(answers.not_a_response(request(target="/" + "a" * 7000), "b" * 7000))
    assert len(message) < 700


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            answers.not_a_response(request(), None),
            ["returned None", "is a return statement missing?"],
        ),
        (
            answers.not_a_response(request(), 7),
            [
                "returned 7 (builtins.int)",
                "must return a StreamResponse: return web.json_response(",
            ],
        ),
        (answers.not_a_response(request(), "x"), ["returned 'x'", "return web.Response(text=...)"]),
        (answers.not_a_response(request(), b"x"), ["returned b'x'", "web.Response(body=...)"]),
        (answers.not_a_response(request(), {"a": 1}), ["returned {'a': 1}", "web.json_response("]),
        (answers.not_a_response(request(), ("x", 404)), ["('x', 404)", "web.Response(status=..."]),
        (answers.not_a_response(request(), Response), ["call the class, Response(...)"]),
        (answers.not_a_response(request(), HTTPNotFound), ["call the class, HTTPNotFound(...)"]),
        (answers.not_a_response(request(), pieces()), ["web.Response(body=...) to send its"]),
        (answers.not_a_response(request(), object()), ["object object at"]),
        (
            answers.not_a_response(request(), aiohttp.web.Response(text="x")),
            [
                "<Response OK not prepared> (aiohttp.web_response.Response)",
                "return one of treadle.web instead of aiohttp",
            ],
        ),
        (
            answers.not_a_response(request(), aiohttp.web.HTTPFound("/")),
            ["aiohttp.web_exceptions.HTTPFound", "return one of treadle.web instead of aiohttp"],
        ),
        (answers.not_a_response(request(), "x" * 100_000), ["xx... (100002 characters)"]),
        (answers.not_a_response(request(), "a\n\x1b"), [r"'a\n\x1b'"]),
        (
            answers.sent_before(request(), Response()),
            ["<Response 200 OK", "make a new one per request"],
        ),
        (
            answers.second_response(request(), Response()),
            ["<Response 200 OK", "after it had begun another response"],
        ),
    ],
)
def test_mistakes_name_the_handler_and_the_fix(message: object, words: list[str]) -> None:
    text = str(message)
    assert text.startswith("The handler of GET /a%20b?c returned ")
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("page", "text", "logged"),
    [
        (lambda request, error: Response(text=f"{request.path}: {error}"), "/a b: x", None),
        (lambda request, error: None, "500 Internal Server Error", "error_page returned None"),
        (lambda request, error: 1 / 0, "500 Internal Server Error", "error_page failed"),
    ],
    ids=["a page", "nothing", "an error"],
)
def test_a_page_of_the_server_itself(
    caplog: pytest.LogCaptureFixture, page: Any, text: str, logged: str | None
) -> None:
    answer = answers.server_error(request(), ValueError("x"), debug=False, make=page)
    assert answer.text is not None
    assert answer.text.startswith(text)
    assert answer.keep_alive is False
    messages = [record.message for record in caplog.records]
    assert len(messages) == (logged is not None)
    assert all(message.startswith(logged or "") for message in messages)


def test_the_answer_to_a_bug_has_the_fields_of_the_request() -> None:
    asked = request()
    asked.answer_fields = (("X-One", "1"), ("Content-Type", "text/other"))
    answer = answers.server_error(asked, ValueError(), debug=False)
    assert answer.headers["X-One"] == "1"
    # Those that it has stay.
    assert answer.headers.getall("Content-Type") == ["text/plain; charset=utf-8"]


def test_a_response_that_is_prepared_has_the_fields_of_the_request() -> None:
    asked = request()
    asked.answer_fields = (("X-One", "1"), ("X-Two", "2"))
    response = StreamResponse(headers={"X-Two": "own"})
    asyncio.run(asked.on_prepare(response))
    assert (response.headers["X-One"], response.headers["X-Two"]) == ("1", "own")
