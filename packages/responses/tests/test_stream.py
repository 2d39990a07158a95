"""``StreamResponse``: status, fields, and the order of prepare, write and write_eof."""

import datetime
import pickle
import re
import zlib
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, cast

import pytest
from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, istr

from treadle_responses import (
    ContentCoding,
    ETag,
    HTTPException,
    HTTPNotFound,
    Response,
    StreamResponse,
    json_response,
)
from treadle_responses._headers import OCTET_STREAM

Make = Callable[..., Any]
UTC = datetime.UTC

# The field setters behave the same for both classes, with a header object and without one.
MAKERS: list[Any] = [
    pytest.param(StreamResponse, id="stream"),
    pytest.param(Response, id="response"),
    pytest.param(lambda: Response(headers={"X": "y"}), id="response with headers"),
]


# Status.


def test_defaults() -> None:
    response = StreamResponse()
    assert (response.status, response.reason) == (200, "OK")
    assert response.headers == {}
    assert response.cookies == {}
    assert response.content_type == OCTET_STREAM
    assert response.charset is None
    assert response.content_length is None
    assert response.last_modified is None
    assert response.etag is None
    assert response.chunked is False
    assert response.compression is False
    assert response.keep_alive is None
    assert response.prepared is False
    assert response.body_length == 0


@pytest.mark.parametrize(
    ("status", "reason", "expected"),
    [
        (200, None, (200, "OK")),
        (404, None, (404, "Not Found")),
        (413, None, (413, "Content Too Large")),
        (299, None, (299, "")),
        (999, None, (999, "")),
        (101, None, (101, "Switching Protocols")),
        (200, "Fine", (200, "Fine")),
        (200, "", (200, "")),
        (299, "Mine\town", (299, "Mine\town")),
        ("201", None, (201, "Created")),
        (HTTPStatus.CREATED, None, (201, "Created")),
    ],
)
def test_status_and_reason(status: Any, reason: str | None, expected: tuple[int, str]) -> None:
    for response in (StreamResponse(status=status, reason=reason), StreamResponse()):
        response.set_status(status, reason)
        assert (response.status, response.reason) == expected
        assert type(response.status) is int


class EarlyHints(HTTPException):
    status_code = 103


# Each way to give a response its status.
STATUS: list[Callable[[Any], object]] = [
    lambda status: StreamResponse(status=status),
    lambda status: Response(status=status),
    lambda status: Response(status=status, text="x"),
    lambda status: StreamResponse().set_status(status),
    lambda status: HTTPNotFound().set_status(status),
    lambda status: json_response([], status=status),
]


@pytest.mark.parametrize("give", STATUS)
@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (0, ValueError, "three digits"),
        (99, ValueError, "three digits"),
        (1000, ValueError, "three digits"),
        (-200, ValueError, "three digits"),
        ("x", ValueError, "such as 200"),
        (float("nan"), ValueError, "such as 200"),
        (float("inf"), ValueError, "such as 200"),
        (None, TypeError, "such as 200"),
        ([], TypeError, "such as 200"),
        # A client would take the next response for the final one.
        (100, ValueError, "interim response"),
        (102, ValueError, "interim response"),
        (103, ValueError, "interim response"),
        (199, ValueError, "interim response"),
    ],
)
def test_a_status_that_is_refused(
    give: Callable[[Any], object], status: Any, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=re.escape(str(status))) as caught:
        give(status)
    assert sentence in str(caught.value)


def test_a_refused_status_changes_nothing() -> None:
    response = StreamResponse(status=201, reason="Mine")
    with pytest.raises(ValueError, match="interim"):
        response.set_status(103)
    with pytest.raises(TypeError, match="reason must be a str such as 'OK', or None; got 5"):
        response.set_status(202, cast("str", 5))
    assert (response.status, response.reason) == (201, "Mine")


def test_an_exception_with_the_status_of_an_interim_response() -> None:
    with pytest.raises(ValueError, match=r"send_informational\(103\)"):
        EarlyHints()


@pytest.mark.parametrize("char", ["\r", "\n", "\0", "\x7f"])
def test_reason_with_a_control_character(char: str) -> None:
    for make in (StreamResponse, Response):
        with pytest.raises(ValueError, match=r"Reason cannot contain \\r or \\n"):
            make(reason=f"a{char}b")


def test_set_status_takes_the_reason_back() -> None:
    response = StreamResponse(status=404, reason="Gone fishing")
    response.set_status(404)
    assert response.reason == "Not Found"


def test_set_status_after_prepare(run: Make, ask: Make) -> None:
    response = StreamResponse()
    run(response.prepare(ask()))
    with pytest.raises(RuntimeError, match="after the headers have been sent"):
        response.set_status(404)
    run(response.write_eof())
    with pytest.raises(RuntimeError, match="after the headers have been sent"):
        response.set_status(404)
    sent = Response()
    sent.mark_sent(0)
    with pytest.raises(RuntimeError, match="after the headers have been sent"):
        sent.set_status(404)
    assert (response.status, sent.status) == (200, 200)


# Fields.


@pytest.mark.parametrize(
    "given",
    [
        {"X-A": "1", "x-b": "2"},
        {istr("X-A"): "1", istr("x-b"): "2"},
        [("X-A", "1"), ("x-b", "2")],
        (pair for pair in [("X-A", "1"), ("x-b", "2")]),
        MultiDict([("X-A", "1"), ("x-b", "2")]),
        CIMultiDict([("X-A", "1"), ("x-b", "2")]),
        CIMultiDictProxy(CIMultiDict([("X-A", "1"), ("x-b", "2")])),
    ],
    ids=lambda given: type(given).__name__,
)
@pytest.mark.parametrize("make", [StreamResponse, Response])
def test_headers_of_any_kind(make: Make, given: Iterable[tuple[str, str]]) -> None:
    if iter(given) is given:
        given = [("X-A", "1"), ("x-b", "2")].__iter__()
    response = make(headers=given)
    assert list(response.headers.items()) == [("X-A", "1"), ("x-b", "2")]
    assert response.headers["x-a"] == "1"


@pytest.mark.parametrize("make", [StreamResponse, Response])
def test_headers_are_a_copy(make: Make) -> None:
    for given in (CIMultiDict(a="1"), {"a": "1"}):
        response = make(headers=given)
        response.headers["b"] = "2"
        response.content_type = "text/x"
        given["c"] = "3"
        assert response.headers == {"a": "1", "b": "2", "Content-Type": "text/x"}
        assert set(given) == {"a", "c"}


def test_repeated_fields_stay() -> None:
    pairs = [("Link", "<a>"), ("Link", "<b>")]
    assert StreamResponse(headers=pairs).headers.getall("link") == ["<a>", "<b>"]


@pytest.mark.parametrize("make", MAKERS)
def test_content_type_and_charset(make: Make) -> None:
    response = make()
    assert (response.content_type, response.charset) == (OCTET_STREAM, None)
    with pytest.raises(RuntimeError, match="set content_type first"):
        response.charset = "utf-8"
    response.content_type = "text/html"
    assert response.headers["Content-Type"] == "text/html"
    response = make()
    response.content_type = "Text/HTML"
    response.charset = "UTF-8"
    assert (response.content_type, response.charset) == ("text/html", "utf-8")
    assert response.headers["Content-Type"] == "Text/HTML; charset=utf-8"
    response.content_type = "text/plain"
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    response.charset = None
    assert response.headers["Content-Type"] == "text/plain"
    response.content_type = "multipart/mixed; boundary=x"
    response.charset = "a"
    assert response.headers["Content-Type"] == "multipart/mixed; boundary=x; charset=a"
    response.content_type = "text/html; charset=b"
    assert response.headers["Content-Type"] == "text/html; charset=b"


@pytest.mark.parametrize("make", MAKERS)
def test_content_type_and_charset_refuse(make: Make) -> None:
    response = make()
    with pytest.raises(ValueError, match="no header may have"):
        response.content_type = "text/html\r\nX: y"
    response.content_type = "text/html"
    with pytest.raises(ValueError, match="A charset is a name"):
        response.charset = "utf-8\r\nX: y"
    assert response.headers["Content-Type"] == "text/html"


@pytest.mark.parametrize("make", MAKERS)
def test_last_modified(make: Make) -> None:
    moment = datetime.datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)
    text = "Sun, 06 Nov 1994 08:49:37 GMT"
    response = make()
    assert response.last_modified is None
    for value in (moment, moment.timestamp(), int(moment.timestamp()), text):
        response.last_modified = value
        assert response.headers["Last-Modified"] == text
        assert response.last_modified == moment
    response.last_modified = moment.timestamp() - 0.5
    assert response.last_modified == moment
    mistakes: list[Any] = [b"x", []]
    for bad in mistakes:
        with pytest.raises(TypeError, match="Unsupported type for last_modified"):
            response.last_modified = bad
    response.last_modified = None
    assert "Last-Modified" not in response.headers
    response.last_modified = "never"
    assert response.last_modified is None


def test_chunk_size_has_no_effect(run: Make, ask: Make) -> None:
    request, response = ask(), StreamResponse()
    with pytest.warns(DeprecationWarning, match="Chunk size is deprecated") as warned:
        response.enable_chunked_encoding(chunk_size=2)
    assert [warning.filename for warning in warned] == [__file__]
    run(response.prepare(request))
    run(response.write(b"abcdef"))
    assert (request.wire.body, response.chunked) == (b"abcdef", True)


@pytest.mark.parametrize("make", MAKERS)
def test_etag(make: Make) -> None:
    response = make()
    assert response.etag is None
    response.etag = "a"
    assert (response.headers["ETag"], response.etag) == ('"a"', ETag("a"))
    response.etag = ETag("b", is_weak=True)
    assert (response.headers["ETag"], response.etag) == ('W/"b"', ETag("b", is_weak=True))
    response.etag = "*"
    assert (response.headers["ETag"], response.etag) == ("*", ETag("*"))
    for bad in ('"a"', "a b", 1):
        with pytest.raises(ValueError, match=r"is not a valid etag|Unsupported etag type"):
            response.etag = bad
    response.etag = None
    assert "ETag" not in response.headers
    response.headers["ETag"] = "broken"
    assert response.etag is None


def test_content_length() -> None:
    response = StreamResponse()
    response.content_length = 5
    assert response.headers["Content-Length"] == "5"
    assert response.content_length == 5
    with pytest.raises(ValueError, match="-1"):
        response.content_length = -1
    with pytest.raises(RuntimeError, match="can't enable chunked encoding when a content"):
        response.enable_chunked_encoding()
    response.content_length = None
    assert response.content_length is None
    assert "Content-Length" not in response.headers
    response.enable_chunked_encoding()
    assert response.chunked is True
    with pytest.raises(RuntimeError, match="can't set content length when chunked encoding"):
        response.content_length = 5
    response.content_length = None


@pytest.mark.parametrize("value", ["x", "", "-1", "+5", "1_000", "5.0", " 5", "\uff15"])
@pytest.mark.parametrize("make", [StreamResponse, Response])
def test_a_content_length_that_is_no_number(make: Make, run: Make, ask: Make, value: str) -> None:
    response = make(headers={"Content-Length": value})
    with pytest.raises(ValueError, match="header Content-Length must be a number") as caught:
        _ = response.content_length
    assert repr(value) in str(caught.value)
    with pytest.raises(ValueError, match="header Content-Length must be a number"):
        run(response.prepare(ask()))
    if make is StreamResponse:
        with pytest.raises(ValueError, match="header Content-Length must be a number"):
            response.content_length = value


@pytest.mark.parametrize("value", [3.0, 3.7, True, b"3", [3]])
def test_a_content_length_of_another_type(value: Any) -> None:
    with pytest.raises(TypeError, match="content_length must be an int or None") as caught:
        StreamResponse().content_length = value
    assert repr(value) in str(caught.value)


def test_the_content_length_of_another_response_can_be_copied() -> None:
    response = StreamResponse()
    response.content_length = cast("int", "12")
    assert response.content_length == 12


# Sending.


def test_prepare_write_eof(run: Make, ask: Make) -> None:
    request = ask()
    response = StreamResponse(status=201, headers={"X": "y"})
    assert repr(response) == "<StreamResponse 201 Created not prepared>"
    writer = run(response.prepare(request))
    assert writer is request.wire
    assert response.prepared is True
    assert response.keep_alive is True
    assert repr(response) == "<StreamResponse 201 Created prepared>"
    assert run(response.prepare(request)) is writer
    for piece in (b"a", bytearray(b"b"), memoryview(b"c")):
        run(response.write(piece))
    run(response.write(memoryview(b"1234").cast("I")))
    assert response.body_length == 7
    run(response.write_eof(b"end"))
    run(response.write_eof(b"ignored"))
    assert response.body_length == 10
    assert response.prepared is True
    assert run(response.prepare(request)) is None
    assert repr(response) == "<StreamResponse 201 Created eof>"
    wire = request.wire
    assert wire.calls == ["hook", "head", "write", "write", "write", "write", "eof"]
    assert wire.body == b"abc1234end"
    assert (wire.status, wire.reason) == (201, "Created")
    assert wire.fields == [("X", "y"), ("Content-Type", OCTET_STREAM)]
    assert wire.body_follows is False


def test_order_of_calls(run: Make, ask: Make) -> None:
    response = StreamResponse()
    with pytest.raises(RuntimeError, match=r"Cannot call write\(\) before prepare"):
        run(response.write(b"x"))
    with pytest.raises(RuntimeError, match=r"cannot call write_eof\(\) before prepare"):
        run(response.write_eof())
    run(response.prepare(ask()))
    run(response.write_eof())
    with pytest.raises(RuntimeError, match=r"Cannot call write\(\) after write_eof"):
        run(response.write(b"x"))


@pytest.mark.parametrize("data", ["text", None, 1, [b"a"]])
def test_write_takes_bytes(run: Make, ask: Make, data: Any) -> None:
    response = StreamResponse()
    run(response.prepare(ask()))
    for method in (response.write, response.write_eof):
        with pytest.raises(TypeError, match=f"not {type(data).__name__}"):
            run(method(data))
    assert response.body_length == 0


def test_the_hook_comes_behind_the_fields_and_before_the_head(send: Make) -> None:
    def hook(response: StreamResponse) -> None:
        assert response.headers["Content-Type"] == OCTET_STREAM
        assert response.prepared is False
        response.headers["X-Late"] = "1"
        response.set_status(202)

    wire = send(StreamResponse(), hook=hook)
    assert wire.get("X-Late") == ["1"]
    assert (wire.status, wire.reason) == (202, "Accepted")


def test_a_hook_that_prepares_its_response_again(run: Make, ask: Make) -> None:
    request = ask()
    refused: list[str] = []

    def hook(response: StreamResponse) -> None:
        with pytest.raises(RuntimeError, match="prepare") as caught:
            run(response.prepare(request))
        refused.append(str(caught.value))
        with pytest.raises(RuntimeError, match="before prepare"):
            run(response.write(b"x"))

    request.hook = hook
    response = StreamResponse()
    run(response.prepare(request))
    assert len(refused) == 1
    assert "runs already" in refused[0]
    assert request.wire.calls == ["hook", "head"]


def test_a_prepare_that_failed_can_be_repeated(run: Make, ask: Make) -> None:
    request = ask()
    response = Response(text="x" * 1000)
    response.enable_compression(ContentCoding.gzip)
    response.set_cookie("n", "1")
    response.headers["X"] = "a\nb"
    with pytest.raises(ValueError, match="cannot be sent"):
        run(response.prepare(request))
    assert (response.prepared, repr(response)) == (False, "<Response 200 OK not prepared>")
    response.headers["X"] = "ab"
    run(response.prepare(request))
    run(response.write_eof())
    assert request.wire.get("Set-Cookie") == ["n=1; Path=/"]
    assert request.wire.get("Content-Encoding") == ["gzip"]
    assert zlib.decompress(request.wire.body, wbits=31) == b"x" * 1000


def test_a_hook_replaces_cookies(send: Make) -> None:
    response = Response(headers=[("Set-Cookie", "own=1")])
    response.set_cookie("kept", "1")
    response.set_cookie("changed", "1")
    wire = send(response, hook=lambda response: response.set_cookie("changed", "2"))
    assert wire.get("Set-Cookie") == ["own=1", "kept=1; Path=/", "changed=2; Path=/"]


@pytest.mark.parametrize("make", [StreamResponse, lambda **rest: Response(text="abc", **rest)])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_reset_content_is_empty(send: Make, make: Make, method: str) -> None:
    wire = send(make(status=205), method)
    assert (wire.status, wire.body, wire.get("Content-Length")) == (205, b"", ["0"])
    response = make(status=205)
    response.enable_chunked_encoding()
    response.enable_compression(ContentCoding.gzip)
    wire = send(response, method)
    assert (wire.body, wire.get("Content-Length")) == (b"", ["0"])
    assert wire.get("Transfer-Encoding") + wire.get("Content-Encoding") == []


# The Connection field that an application sets, what the client wants, and the result: the field,
# and if the connection is kept.
CONNECTION: list[tuple[list[str], bool, list[str], bool]] = [
    ([], True, [], True),
    ([], False, [], False),
    (["keep-alive"], True, ["keep-alive"], True),
    (["keep-alive"], False, ["close"], False),
    (["close"], True, ["close"], False),
    (["Close"], True, ["close"], False),
    (["keep-alive, close"], True, ["close"], False),
    (["Upgrade", "close"], True, ["Upgrade, close"], False),
    (["upgrade"], True, ["upgrade"], True),
    (["x-hop, keep-alive"], False, ["x-hop, close"], False),
    ([" , "], False, ["close"], False),
]


@pytest.mark.parametrize(("given", "wanted", "field", "kept"), CONNECTION)
def test_the_connection_field(
    send: Make, given: list[str], wanted: bool, field: list[str], kept: bool
) -> None:
    response = StreamResponse(headers=[("Connection", value) for value in given])
    wire = send(response, keep_alive=wanted)
    assert (wire.get("Connection"), response.keep_alive) == (field, kept)


@pytest.mark.parametrize(
    ("length", "expected"), [("0", []), ("5", [OCTET_STREAM]), (None, [OCTET_STREAM])]
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_only_content_has_a_default_type(
    run: Make, ask: Make, method: str, length: str | None, expected: list[str]
) -> None:
    request = ask(method)
    headers = {} if length is None else {"Content-Length": length}
    run(StreamResponse(headers=headers).prepare(request))
    assert request.wire.get("Content-Type") == expected


@pytest.mark.parametrize("status", [101, 204, 304])
def test_statuses_without_content_say_no_length(send: Make, status: int) -> None:
    headers = {"Content-Length": "5", "Transfer-Encoding": "chunked"}
    wire = send(StreamResponse(status=status, headers=headers))
    assert wire.fields == []


def test_connect_has_no_length(send: Make) -> None:
    assert (
        send(StreamResponse(headers={"Content-Length": "5"}), "CONNECT").get("Content-Length") == []
    )
    refused = send(StreamResponse(status=405, headers={"Content-Length": "0"}), "CONNECT")
    assert refused.get("Content-Length") == ["0"]


def test_head_keeps_the_length_and_drops_the_body(run: Make, ask: Make) -> None:
    request = ask("HEAD")
    response = StreamResponse(headers={"Content-Length": "1"})
    run(response.prepare(request))
    run(response.write(b"x"))
    run(response.write_eof())
    assert request.wire.get("Content-Length") == ["1"]
    assert request.wire.body == b""


def test_chunked(send: Make) -> None:
    response = StreamResponse()
    response.enable_chunked_encoding()
    assert send(response).get("Transfer-Encoding") == ["chunked"]
    old = StreamResponse()
    old.enable_chunked_encoding()
    with pytest.raises(RuntimeError, match=r"Using chunked encoding is forbidden for HTTP/1\.0"):
        send(old, version=(1, 0))


@pytest.mark.parametrize("keep_alive", [True, False])
def test_keep_alive_is_the_requests(send: Make, keep_alive: bool) -> None:
    response = StreamResponse()
    wire = send(response, keep_alive=keep_alive)
    assert response.keep_alive is keep_alive
    assert wire.get("Connection") == []


def test_force_close(send: Make) -> None:
    response = StreamResponse()
    response.force_close()
    assert response.keep_alive is False
    assert send(response).get("Connection") == ["close"]
    assert response.keep_alive is False


def test_a_failed_head_can_be_followed_by_another_answer(run: Make, ask: Make) -> None:
    request = ask()
    response = StreamResponse(headers={"X": "a\r\nb"})
    with pytest.raises(ValueError, match="X"):
        run(response.prepare(request))
    assert request.wire.calls == ["hook"]
    assert response.prepared is False


def test_task(run: Make, ask: Make) -> None:
    response, request = StreamResponse(), ask()
    assert response.task is None
    request.task = task = object()
    run(response.prepare(request))
    assert response.task is task
    run(response.write_eof())
    assert response.task is None


def test_calls_that_block(run: Make, ask: Make) -> None:
    response, request = StreamResponse(), ask()
    # Without a server, and with one that has no such method, they are just made.
    assert run(response.run_blocking(lambda: 1)) == 1
    run(response.prepare(request))
    assert run(response.run_blocking(lambda: 2)) == 2

    async def run_blocking(call: Callable[[], int], executor: object = None) -> int:
        return call() + 10

    request.wire.run_blocking = run_blocking
    assert run(response.run_blocking(lambda: 3)) == 13
    response.release_body()


def test_pickle() -> None:
    response = StreamResponse(status=404, headers={"X": "y"})
    response["state"] = 1
    again = pickle.loads(pickle.dumps(response))
    assert (again.status, again.headers["X"], again["state"]) == (404, "y", 1)


def test_the_writer_of_a_request_made_by_hand(run: Make, ask: Make) -> None:
    """``prepare`` returns the object that such a request was given, if its writer is around one."""
    request = ask()
    request.wire.stream_writer = given = object()
    response = StreamResponse()
    assert run(response.prepare(request)) is given
    run(response.write_eof(b"x"))
    assert request.wire.body == b"x"
