"""``Response``: constructor, setters, and the two ways of sending that must say the same."""

import gc
import io
import pickle
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from treadle_responses import AsyncIterablePayload, BytesPayload, ContentCoding, Response
from treadle_responses import _response as module
from treadle_responses._headers import OCTET_STREAM

Make = Callable[..., Any]


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for piece in data:
        yield piece


def with_field(response: Response, name: str, value: str) -> Response:
    response.headers[name] = value
    return response


# Arguments; then body, Content-Type field (None for none before sending).
BUILT: list[tuple[dict[str, Any], bytes | None, str | None]] = [
    ({}, None, None),
    ({"text": "x"}, b"x", "text/plain; charset=utf-8"),
    ({"text": ""}, b"", "text/plain; charset=utf-8"),
    ({"text": "\xfc"}, b"\xc3\xbc", "text/plain; charset=utf-8"),
    ({"text": "\xfc", "charset": "latin-1"}, b"\xfc", "text/plain; charset=latin-1"),
    ({"text": "x", "content_type": "text/html"}, b"x", "text/html; charset=utf-8"),
    (
        {"text": "x", "content_type": "a/b", "charset": "utf-16-le"},
        b"x\0",
        "a/b; charset=utf-16-le",
    ),
    ({"text": "x", "headers": {"X": "y"}}, b"x", "text/plain; charset=utf-8"),
    ({"text": "x", "headers": {"Content-Type": "a/b"}}, b"x", "a/b; charset=utf-8"),
    ({"text": "x", "headers": {"content-type": "a/b; c=d"}}, b"x", "a/b; c=d; charset=utf-8"),
    (
        {"text": "\xfc", "headers": {"Content-Type": "a/b; charset=Latin-1; c=d"}},
        b"\xfc",
        "a/b; charset=Latin-1; c=d",
    ),
    ({"text": "x", "content_type": OCTET_STREAM}, b"x", f"{OCTET_STREAM}; charset=utf-8"),
    (
        {"text": "\xfc", "headers": {"X": "y"}, "content_type": "a/b", "charset": "latin-1"},
        b"\xfc",
        "a/b; charset=latin-1",
    ),
    ({"body": b"x"}, b"x", None),
    ({"body": b""}, b"", None),
    ({"body": bytearray(b"x")}, b"x", None),
    ({"body": memoryview(b"x")}, b"x", None),
    ({"body": b"x", "content_type": "a/b"}, b"x", "a/b"),
    ({"body": b"x", "content_type": "a/b", "charset": "ascii"}, b"x", "a/b; charset=ascii"),
    ({"body": b"x", "charset": "ascii"}, b"x", "application/octet-stream; charset=ascii"),
    (
        {"body": b"x", "headers": {"Content-Type": "multipart/mixed; boundary=Ab"}},
        b"x",
        "multipart/mixed; boundary=Ab",
    ),
    ({"body": b"x", "headers": {"X": "y"}}, b"x", None),
    ({"body": b"x", "headers": {"X": "y"}, "content_type": "a/b"}, b"x", "a/b"),
    ({"body": "\xfc"}, b"\xc3\xbc", "text/plain; charset=utf-8"),
    ({"body": "\xfc", "headers": {"X": "y"}}, b"\xc3\xbc", "text/plain; charset=utf-8"),
    ({"body": "\xfc", "charset": "latin-1"}, b"\xfc", "text/plain; charset=latin-1"),
    ({"body": "\xfc", "content_type": "a/b"}, b"\xc3\xbc", "a/b"),
    ({"body": "\xfc", "headers": {"Content-Type": "a/b"}}, b"\xc3\xbc", "a/b"),
    ({"content_type": "a/b"}, None, "a/b"),
    ({"headers": {"Content-Type": "a/b"}}, None, "a/b"),
]


@pytest.mark.parametrize(("arguments", "body", "content_type"), BUILT)
def test_constructor(
    arguments: dict[str, Any], body: bytes | None, content_type: str | None
) -> None:
    response = Response(**arguments)
    assert response.body == body
    assert response.content_length == len(body or b"")
    assert response.headers.get("Content-Type") == content_type


@pytest.mark.parametrize(("arguments", "body", "content_type"), BUILT)
def test_reading_builds_no_header_object(
    arguments: dict[str, Any], body: bytes | None, content_type: str | None
) -> None:
    response, other = Response(**arguments), Response(**arguments)
    _ = (response.content_type, response.charset, response.content_length, response.text)
    _ = (response.last_modified, response.etag, response.status, response.prepared, repr(response))
    assert response.as_single_write() == other.as_single_write()
    if "headers" not in arguments and not isinstance(arguments.get("body"), bytearray):
        assert response.as_single_write() is not None
    # The header object has the values that the attributes had.
    read = (response.content_type, response.charset)
    assert response.headers.get("Content-Type") == content_type
    assert (response.content_type, response.charset) == read


TWICE = "passing both Content-Type header"
HEADER = {"Content-Type": "a/b"}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"text": "x", "body": b"x"}, ValueError, "not allowed together"),
        ({"text": "", "body": b""}, ValueError, "not allowed together"),
        ({"text": "x", "body": b"x", "headers": HEADER}, ValueError, "not allowed together"),
        ({"content_type": "a/b; charset=c"}, ValueError, "give it as the charset argument"),
        ({"content_type": "a/b; Charset=c"}, ValueError, "give it as the charset argument"),
        ({"headers": HEADER, "content_type": "a/b"}, ValueError, TWICE),
        ({"headers": HEADER, "charset": "c"}, ValueError, TWICE),
        ({"headers": HEADER, "content_type": "a/b", "text": "x"}, ValueError, TWICE),
        ({"headers": HEADER, "charset": "c", "body": b"x"}, ValueError, TWICE),
        ({"text": b"x"}, TypeError, "text argument must be str, not bytes: b'x'"),
        ({"text": 1}, TypeError, "text argument must be str, not int: 1"),
        ({"text": b"x", "headers": HEADER}, TypeError, "text argument must be str, not bytes"),
        ({"body": 1}, ValueError, "Unsupported body type int"),
        ({"body": ["x"]}, ValueError, "Unsupported body type list"),
        ({"body": {"a": 1}}, ValueError, "Unsupported body type dict"),
        ({"content_type": "a/b\r\nX: y"}, ValueError, "no header may have"),
        ({"content_type": "a/b\0"}, ValueError, "no header may have"),
        ({"charset": "c\r\nX: y"}, ValueError, "A charset is a name"),
        ({"charset": ""}, ValueError, "A charset is a name"),
        ({"text": "x", "charset": "no-such-charset"}, LookupError, "no-such-charset"),
        ({"status": 20}, ValueError, "three digits"),
        ({"reason": "a\r\nb"}, ValueError, "Reason cannot contain"),
    ],
)
def test_constructor_refuses(
    arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    # Twice: no cache may let the arguments pass the second time.
    for _ in range(2):
        with pytest.raises(error, match=message):
            Response(**arguments)


def test_text() -> None:
    response = Response()
    assert response.text is None
    response.text = "\xfc"
    assert response.body == b"\xc3\xbc"
    assert (response.content_type, response.charset) == ("text/plain", "utf-8")
    assert response.as_single_write() == (
        200,
        None,
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n",
        b"\xc3\xbc",
    )
    response.charset = "latin-1"
    response.text = "\xfc"
    assert response.body == b"\xfc"
    assert response.text == "\xfc"
    response.text = None
    assert response.body is None
    mistakes: list[Any] = [b"x", 1]
    for bad in mistakes:
        with pytest.raises(TypeError, match="text argument must be str"):
            response.text = bad
    html = Response(content_type="text/html")
    html.text = "x"
    assert html.headers["Content-Type"] == "text/html; charset=utf-8"
    binary = Response(body=b"\xfc")
    with pytest.raises(UnicodeDecodeError):
        _ = binary.text
    stream = Response(body=pieces())
    with pytest.raises(TypeError, match="is a stream"):
        _ = stream.text


def test_body() -> None:
    response = Response(text="x", headers={"Content-Length": "1"})
    response.body = b"more"
    assert response.content_length == 4
    assert "Content-Length" not in response.headers
    assert response.content_type == "text/plain"
    response.body = None
    assert response.content_length == 0
    with pytest.raises(ValueError, match="Unsupported body type int"):
        response.body = 1  # type: ignore[assignment]  # the mistake under test
    data = bytearray(b"a")
    response.body = data
    assert response.body is data
    response.body = memoryview(data)
    data[0] = 0
    assert response.body == b"a"


def test_content_length_follows_from_the_body() -> None:
    response = Response(text="abc")
    assert response.content_length == 3
    for value in (3, 5, None):
        with pytest.raises(RuntimeError, match="Content length is set automatically"):
            response.content_length = value
    assert Response(body=pieces()).content_length is None
    assert Response(headers={"Content-Length": "7"}).content_length == 7


# Sending.


def wire_of_single_write(
    response: Response, method: str
) -> tuple[list[tuple[str, str]], bytes] | None:
    single = response.as_single_write()
    if single is None:
        return None
    status, reason, block, body = single
    assert (status, reason) == (response.status, None)
    lines = block.decode().split("\r\n")
    assert lines.pop() == ""
    fields = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    # The docstring leaves this to the server.
    if method == "HEAD":
        if response.body is None and response.status not in (204, 205, 304):
            fields = [field for field in fields if field != ("Content-Length", "0")]
        body = b""
    return fields, body


CONTENT_TYPES = st.sampled_from([None, "text/html", "application/json", "a/b; c=d", OCTET_STREAM])


# The fixture keeps nothing from one example to the next.
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    status=st.just(101) | st.integers(200, 999) | st.sampled_from([200, 204, 205, 304]),
    method=st.sampled_from(["GET", "HEAD", "POST", "DELETE"]),
    text=st.none() | st.text(max_size=50),
    body=st.none() | st.binary(max_size=50),
    content_type=CONTENT_TYPES,
    charset=st.sampled_from([None, "utf-8", "utf-16"]),
)
@example(status=204, method="GET", text="x", body=None, content_type=None, charset=None)
@example(status=304, method="GET", text=None, body=None, content_type="a/b", charset=None)
def test_both_ways_of_sending_say_the_same(
    send: Make,
    status: int,
    method: str,
    text: str | None,
    body: bytes | None,
    content_type: str | None,
    charset: str | None,
) -> None:
    def make() -> Response:
        return Response(
            status=status,
            text=text,
            body=None if text is not None else body,
            content_type=content_type,
            charset=charset,
        )

    short = wire_of_single_write(make(), method)
    if short is None:
        # Fields that describe content, in a response without content.
        assert status < 200 or status in (204, 205, 304)
        if status < 200:
            return
        assert text is not None or content_type is not None or charset is not None
        return
    long = send(make(), method)
    assert sorted(long.fields) == sorted(short[0])
    assert long.body == short[1]
    assert (long.status, long.reason) == (status, make().reason)


@pytest.mark.parametrize(
    "change",
    [
        lambda response: response.headers.add("Content-Length", "1"),
        lambda response: response.headers.add("connection", "close"),
        lambda response: response.headers.add("X y", "z"),
        lambda response: response.headers.add("X", "\u20ac"),
        lambda response: response.headers.add("Set-Cookie", "a=b") or response.set_cookie("c", "d"),
        lambda response: response.enable_conditions(),
        lambda response: response.force_close(),
        lambda response: response.enable_chunked_encoding(),
        lambda response: response.enable_compression(),
        # An attribute set past its setter: no cached flag may hide it.
        lambda response: setattr(response, "_keep_alive", False),
        lambda response: setattr(response, "_headers", CIMultiDict(Date="y")),
        lambda response: response.mark_sent(1),
        lambda response: setattr(response, "body", bytearray(b"x")),
        lambda response: setattr(response, "body", pieces()),
        lambda response: response.set_status(204),
    ],
)
def test_no_single_write_for_a_response_with_more(change: Callable[[Response], object]) -> None:
    response = Response(text="x")
    assert response.as_single_write() is not None
    change(response)
    assert response.as_single_write() is None


def test_no_single_write_once_prepared(run: Make, ask: Make) -> None:
    response = Response(text="x")
    run(response.prepare(ask()))
    assert response.as_single_write() is None
    run(response.write_eof())
    assert response.as_single_write() is None


def test_single_write_after_setters() -> None:
    response = Response(body=b"<p>")
    response.content_type = "text/html"
    response.charset = "utf-8"
    response.set_status(404, "Gone fishing")
    assert response.as_single_write() == (
        404,
        "Gone fishing",
        b"Content-Type: text/html; charset=utf-8\r\nContent-Length: 3\r\n",
        b"<p>",
    )


def test_the_cache_of_field_lines_is_bounded() -> None:
    for number in range(3 * module._CACHED_LINES):
        kind = f"x/{number}"
        assert Response(content_type=kind).as_single_write() == (
            200,
            None,
            b"Content-Type: %b\r\nContent-Length: 0\r\n" % kind.encode(),
            b"",
        )
    assert module._field_lines.cache_info().currsize <= module._CACHED_LINES


def test_mark_sent() -> None:
    response = Response(text="abc")
    response.mark_sent(3)
    assert response.prepared is True
    assert response.body_length == 3


@pytest.mark.parametrize("body", [b"x", bytearray(b"x"), "x", pieces])
@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_a_body_is_not_written_if_the_response_has_no_content(
    run: Make, ask: Make, method: str, status: int, body: Any
) -> None:
    request = ask(method)
    response = Response(status=status, body=body(b"x") if body is pieces else body)
    run(response.prepare(request))
    run(response.write_eof())
    assert request.wire.calls == ["hook", "head", "eof"]
    assert response.body_length == 0
    length = ["1"] if method == "HEAD" and body is not pieces else []
    assert request.wire.get("Content-Length") == length


def test_a_stream(send: Make) -> None:
    wire = send(Response(body=pieces(b"a", b"", b"bc")))
    assert wire.body == b"abc"
    assert wire.get("Content-Length") == []
    assert wire.get("Content-Type") == [OCTET_STREAM]


# Each way to give a length to a body of unknown size: the writer compares the two.
@pytest.mark.parametrize(
    "make",
    [
        lambda: Response(body=pieces(b"abc"), headers={"Content-Length": "3"}),
        lambda: Response(
            body=pieces(b"abc"), headers={"content-length": "3", "Content-Type": "a/b"}
        ),
        lambda: with_field(Response(body=pieces(b"abc")), "Content-Length", "3"),
        lambda: Response(body=AsyncIterablePayload(pieces(b"abc"), {"Content-Length": "3"})),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_stream_with_a_length(send: Make, make: Callable[[], Response], method: str) -> None:
    response = make()
    assert response.content_length == 3
    wire = send(response, method)
    assert wire.get("Content-Length") == ["3"]
    assert wire.body == (b"abc" if method == "GET" else b"")


def test_the_length_of_a_stream_that_is_encoded_or_replaced(send: Make) -> None:
    response = Response(body=pieces(b"abc"), headers={"Content-Length": "3"})
    response.enable_compression(ContentCoding.gzip)
    assert send(response).get("Content-Length") == []
    response = Response(body=pieces(b"abc"), headers={"Content-Length": "3"})
    response.body = b"other"
    assert send(response).get("Content-Length") == ["5"]


@pytest.mark.parametrize("length", ["2", "4", "x"])
@pytest.mark.parametrize("body", [b"abc", bytearray(b"abc"), io.BytesIO(b"abc"), "abc"])
def test_a_length_that_does_not_fit(run: Make, ask: Make, body: Any, length: str) -> None:
    response = Response(body=body, headers={"Content-Length": length})
    with pytest.raises(ValueError, match=f"Content-Length.*{length}"):
        run(response.prepare(ask()))
    response.headers["Content-Length"] = "03"
    run(response.prepare(ask()))
    assert response.prepared is True


@pytest.mark.parametrize("given", [{"X": "y"}, {"Content-Type": "a/b"}, None])
def test_the_fields_of_a_payload_are_added_to_those_given(given: dict[str, str] | None) -> None:
    payload = BytesPayload(b"abc", {"X-Own": "1", "X": "2"}, content_type="c/d", filename="n.txt")
    payload.set_content_disposition("attachment", filename="n.txt")
    headers = Response(body=payload, headers=given).headers
    assert headers["X-Own"] == "1"
    assert "n.txt" in headers["Content-Disposition"]
    assert headers["X"] == ("y" if given == {"X": "y"} else "2")
    assert headers["Content-Type"] == ("a/b" if given == {"Content-Type": "a/b"} else "c/d")


@pytest.mark.parametrize(
    "make",
    [
        Response,
        lambda: Response(body=b""),
        lambda: Response(body=bytearray()),
        lambda: Response(headers={"X": "y"}),
        lambda: with_field(Response(), "X", "y"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_response_without_a_body_has_no_type(
    send: Make, make: Callable[[], Response], method: str
) -> None:
    wire = send(make(), method)
    says_nothing = method == "HEAD" and make().body is None
    assert wire.get("Content-Type") == []
    assert wire.get("Content-Length") == ([] if says_nothing else ["0"])
    single = make().as_single_write()
    assert single is not None or type(make().body) is bytearray
    if single is not None:
        assert single[2].endswith(b"Content-Length: 0\r\n")
        assert b"Content-Type" not in single[2]


def test_a_stream_of_something_else(run: Make, ask: Make) -> None:
    async def texts() -> AsyncIterator[Any]:
        yield "text"

    response = Response(body=texts())
    run(response.prepare(ask()))
    with pytest.raises(TypeError, match="not str"):
        run(response.write_eof())


def test_chunked(send: Make) -> None:
    response = Response(text="x")
    response.enable_chunked_encoding()
    wire = send(response)
    assert wire.get("Transfer-Encoding") == ["chunked"]
    assert wire.get("Content-Length") == []
    assert wire.body == b"x"


def test_a_length_that_is_not_the_bodys(run: Make, ask: Make) -> None:
    response = Response(text="four", headers={"Content-Length": "5"})
    with pytest.raises(ValueError, match="Content-Length: 5 does not fit the body of 4 bytes"):
        run(response.prepare(ask()))
    assert response.prepared is False


def test_a_length_without_a_body_answers_head(send: Make) -> None:
    wire = send(Response(headers={"Content-Length": "500"}), "HEAD")
    assert wire.get("Content-Length") == ["500"]


def test_write_eof_takes_no_data(run: Make, ask: Make) -> None:
    response = Response(text="x")
    run(response.prepare(ask()))
    with pytest.raises(TypeError, match="takes no data"):
        run(response.write_eof(b"y"))
    run(response.write_eof())
    run(response.write_eof(b"ignored"))
    assert repr(response) == "<Response 200 OK eof>"


def test_nothing_refers_back_to_the_request(run: Make, ask: Make) -> None:
    response = Response(text="x")
    request = ask()
    run(response.prepare(request))
    run(response.write_eof())
    assert request not in gc.get_referents(response.__dict__)


def test_pickle() -> None:
    response = Response(text="x", status=404)
    again = pickle.loads(pickle.dumps(response))
    assert again.as_single_write() == response.as_single_write()
    assert (again.status, again.text) == (404, "x")


def test_executor_arguments_are_accepted() -> None:
    response = Response(text="x", zlib_executor_size=1, zlib_executor=None)
    assert response.as_single_write() is not None


def test_headers_object_is_one() -> None:
    response = Response(text="x")
    assert response.headers is response.headers
    assert type(response.headers) is CIMultiDict
