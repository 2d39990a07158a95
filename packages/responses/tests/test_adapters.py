"""A response sent through ASGI and through WSGI is the same response."""

import gzip
import io
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from treadle_responses import (
    FileFacts,
    HTTPFound,
    HTTPNotFound,
    OpenFileResponse,
    RequestInfo,
    Response,
    ResponseWriter,
    StreamResponse,
    html_response,
    json_response,
)

Through = Callable[..., Any]
Make = Callable[[], StreamResponse]

TEN = b"0123456789"
FACTS = FileFacts(size=10, mtime_ns=1_700_000_000_000_000_000)
TAG = f'"{FACTS.mtime_ns:x}-a"'


async def agen() -> AsyncIterator[bytes]:
    yield b"one,"
    yield b""
    yield b"two"


def gen() -> Iterator[bytes]:
    yield b"one,"
    yield b""
    yield b"two"


def tagged(body: Any = TEN, **kwargs: Any) -> Response:
    response = Response(body=body, **kwargs)
    response.etag = "v1"
    response.last_modified = 1_700_000_000
    response.enable_conditions()
    return response


def compressed(body: Any) -> Response:
    response = Response(body=body, content_type="text/plain")
    response.enable_compression()
    return response


def with_cookies() -> Response:
    response = Response(text="c")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2", path="/b", httponly=True)
    return response


def chunked() -> StreamResponse:
    response = StreamResponse(headers={"Connection": "keep-alive", "X-A": "1"})
    response.enable_chunked_encoding()
    return response


def file(**kwargs: Any) -> OpenFileResponse:
    return OpenFileResponse(io.BytesIO(TEN), facts=FACTS, content_type="text/plain", **kwargs)


PLAIN = "text/plain; charset=utf-8"
BINARY = "application/octet-stream"

#: The response, the method and fields of the request; status, some fields and body of the answer. A
#: field of None must be absent.
CASES: dict[str, tuple[Make, str, dict[str, str], int, dict[str, Any], bytes]] = {
    "text": (lambda: Response(text="h\xe9"), "GET", {}, 200,
        {"Content-Type": PLAIN, "Content-Length": "3"}, b"h\xc3\xa9"),
    "json": (lambda: json_response([1], status=201), "POST", {}, 201,
        {"Content-Type": "application/json; charset=utf-8"}, b"[1]"),
    "html": (lambda: html_response("<p>", headers={"X-A": "1"}), "GET", {}, 200,
        {"Content-Type": "text/html; charset=utf-8", "X-A": "1"}, b"<p>"),
    "empty": (Response, "GET", {}, 200, {"Content-Length": "0", "Content-Type": None}, b""),
    "HEAD": (lambda: Response(body=TEN), "HEAD", {}, 200, {"Content-Length": "10"}, b""),
    "HEAD, slow": (lambda: Response(body=TEN, headers={"X-A": "1"}), "HEAD", {}, 200,
        {"Content-Length": "10", "X-A": "1"}, b""),
    "HEAD without a body": (Response, "HEAD", {}, 200, {"Content-Length": None}, b""),
    "HEAD of a stream": (lambda: Response(body=gen()), "HEAD", {}, 200,
        {"Content-Length": None}, b""),
    "204": (lambda: Response(status=204), "GET", {}, 204,
        {"Content-Length": None, "Content-Type": None}, b""),
    "204 with a body": (lambda: Response(status=204, body=TEN), "GET", {}, 204,
        {"Content-Length": None}, b""),
    "205": (lambda: Response(status=205, text="x"), "GET", {}, 205, {"Content-Length": "0"}, b""),
    "304": (lambda: Response(status=304, headers={"ETag": '"a"'}, body=TEN), "GET", {}, 304,
        {"Content-Length": None, "ETag": '"a"'}, b""),
    "CONNECT": (lambda: Response(body=b""), "CONNECT", {}, 200, {"Content-Length": None}, b""),
    "exception": (HTTPNotFound, "GET", {}, 404, {"Content-Type": PLAIN}, b"404: Not Found"),
    "redirect": (lambda: HTTPFound("/a b"), "GET", {}, 302, {"Location": "/a%20b"}, b"302: Found"),
    "unregistered status": (lambda: Response(status=299, text="x"), "GET", {}, 299, {}, b"x"),
    "bytearray": (lambda: Response(body=bytearray(TEN)), "GET", {}, 200,
        {"Content-Length": "10"}, TEN),
    "asynchronous generator": (lambda: Response(body=agen()), "GET", {}, 200,
        {"Content-Length": None, "Content-Type": BINARY}, b"one,two"),
    "generator": (lambda: Response(body=gen()), "GET", {}, 200,
        {"Content-Length": None, "Content-Type": BINARY}, b"one,two"),
    "iterator": (lambda: Response(body=iter([b"a", b"b"]), content_type="text/csv"), "GET", {},
        200, {"Content-Type": "text/csv"}, b"ab"),
    "BytesIO": (lambda: Response(body=io.BytesIO(TEN)), "GET", {}, 200,
        {"Content-Length": "10"}, TEN),
    "StringIO": (lambda: Response(body=io.StringIO("t")), "GET", {}, 200,
        {"Content-Type": PLAIN}, b"t"),
    "an unwritten stream": (StreamResponse, "GET", {}, 200, {}, b""),
    "chunks are the server's": (chunked, "GET", {}, 200,
        {"Transfer-Encoding": None, "X-A": "1"}, b""),
    "cookies": (with_cookies, "GET", {}, 200,
        {"Set-Cookie": ["a=1; Path=/", "b=2; HttpOnly; Path=/b"]}, b"c"),
    "bytes outside of ASCII": (lambda: Response(headers={"X-N": "\xe9\udcff"}), "GET", {}, 200,
        {"X-N": "\xc3\xa9\xff"}, b""),
    "current by tag": (tagged, "GET", {"If-None-Match": 'W/"v1"'}, 304,
        {"ETag": '"v1"', "Content-Length": None, "Content-Type": None}, b""),
    "current by date": (tagged, "HEAD", {"If-Modified-Since": "Tue, 14 Nov 2023 22:13:20 GMT"},
        304, {"ETag": '"v1"'}, b""),
    "not current": (tagged, "GET", {"If-None-Match": '"v0"'}, 200, {"ETag": '"v1"'}, TEN),
    "a condition that fails": (tagged, "GET", {"If-Match": '"v0"'}, 412, {},
        b"412: Precondition Failed"),
    "a condition of another method": (tagged, "PUT", {"If-Match": '"v0"'}, 200, {}, TEN),
    "a condition of an error": (lambda: tagged(status=404), "GET", {"If-None-Match": "*"}, 404, {},
        TEN),
    "range": (tagged, "GET", {"Range": "bytes=2-3"}, 206,
        {"Content-Range": "bytes 2-3/10", "Content-Length": "2", "Accept-Ranges": "bytes"}, b"23"),
    "range, HEAD": (tagged, "HEAD", {"Range": "bytes=2-3"}, 200, {"Content-Length": "10"}, b""),
    "range of another version": (tagged, "GET", {"Range": "bytes=2-3", "If-Range": '"v0"'}, 200, {},
        TEN),
    "range outside": (tagged, "GET", {"Range": "bytes=10-"}, 416,
        {"Content-Range": "bytes */10"}, b"416: Range Not Satisfiable"),
    "range of a stream": (lambda: tagged(gen()), "GET", {"Range": "bytes=0-1"}, 200,
        {"Accept-Ranges": None}, b"one,two"),
    "current stream": (lambda: tagged(gen()), "GET", {"If-None-Match": "*"}, 304, {}, b""),
    "no conditions": (lambda: Response(body=TEN, headers={"ETag": '"a"'}), "GET",
        {"If-None-Match": '"a"', "Range": "bytes=0-0"}, 200, {}, TEN),
    "file": (file, "GET", {}, 200, {"Content-Length": "10", "Content-Type": "text/plain",
        "ETag": TAG, "Last-Modified": "Tue, 14 Nov 2023 22:13:20 GMT"}, TEN),
    "file, HEAD": (file, "HEAD", {}, 200, {"Content-Length": "10"}, b""),
    "file, range": (file, "GET", {"Range": "bytes=-3"}, 206,
        {"Content-Range": "bytes 7-9/10", "Content-Length": "3"}, b"789"),
    "file, current": (file, "GET", {"If-None-Match": TAG}, 304, {"Content-Type": None}, b""),
    "file, condition": (file, "GET", {"If-Match": '"x"'}, 412, {}, b"412: Precondition Failed"),
    "file, range outside": (file, "GET", {"Range": "bytes=10-"}, 416, {},
        b"416: Range Not Satisfiable"),
    "file, saved": (lambda: file(attachment=True, filename="a.txt"), "GET", {}, 200,
        {"Content-Disposition": 'attachment; filename="a.txt"'}, TEN),
    "file, other status": (lambda: file(status=404), "GET", {"Range": "bytes=0-0"}, 404, {}, TEN),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_answers(case: tuple[Any, ...], through: Through) -> None:
    make, method, fields, status, expected, body = case
    answer = through(make(), method, fields)
    assert (answer.status, answer.body) == (status, body)
    for name, value in expected.items():
        values = [] if value is None else value if isinstance(value, list) else [value]
        assert answer.get(name) == values, name


def test_several_ranges(through: Through) -> None:
    for response in (tagged(), file()):
        answer = through(response, fields={"Range": "bytes=0-0,8-"})
        assert answer.status == 206
        kind = answer.get("Content-Type")[0]
        assert kind.startswith("multipart/byteranges; boundary=")
        assert answer.get("Content-Length") == [str(len(answer.body))]
        assert b"bytes 0-0/10\r\n\r\n0\r\n" in answer.body
        assert b"bytes 8-9/10\r\n\r\n89\r\n" in answer.body


@pytest.mark.parametrize("body", [b"a" * 9000, gen, agen], ids=["bytes", "generator", "async"])
def test_content_codings(body: Any, through: Through) -> None:
    made = body if isinstance(body, bytes) else body()
    answer = through(compressed(made), fields={"accept-encoding": "gzip"})
    assert answer.get("Content-Encoding") == ["gzip"]
    assert answer.get("Vary") == ["Accept-Encoding"]
    plain = body if isinstance(body, bytes) else b"one,two"
    assert gzip.decompress(answer.body) == plain
    assert through(compressed(b"a" * 9000)).body == b"a" * 9000


def test_a_current_copy_has_the_tag_of_its_coding(through: Through) -> None:
    response = tagged(b"a" * 9000, content_type="text/plain")
    response.enable_compression()
    answer = through(response, fields={"Accept-Encoding": "gzip", "If-None-Match": 'W/"v1"'})
    assert (answer.status, answer.get("ETag")) == (304, ['W/"v1"'])
    assert answer.get("Vary") == ["Accept-Encoding"]


def test_large_files_come_in_pieces(tmp_path: Path, through: Through) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(b"x" * 600_000)
    answer = through(OpenFileResponse(path.open("rb")))
    assert (len(answer.body), max(answer.pieces)) == (600_000, 256 * 1024)
    answer = through(Response(body=path.open("rb")))
    assert (len(answer.body), max(answer.pieces)) == (600_000, 256 * 1024)


def test_a_response_is_sent_once(through: Through) -> None:
    for response in (Response(text="a"), Response(text="a", headers={"X": "1"}), file()):
        through(response)
        with pytest.raises(RuntimeError, match="was sent before, and a response is sent once"):
            through(response)


@pytest.mark.parametrize(
    ("fields", "error", "match"),
    [
        ({"X-A": "1\r\nX-B: 2"}, ValueError, r"'X-A' has the control character '\\r' at 1"),
        ({"X-A": "\x00"}, ValueError, "control character"),
        ({"X A": "1"}, ValueError, "'X A' is not the name of a field"),
        ({"X-A\n": "1"}, ValueError, "is not the name"),
        ({"": "1"}, ValueError, "is not the name"),
        ({"X-A": "\ud800"}, ValueError, "half of a surrogate pair"),
        ({"X-A": 1}, TypeError, "must be a str, not 1: give"),
        ({"X-A": None}, TypeError, "must be a str"),
    ],
)
def test_fields_that_cannot_be_sent(
    fields: dict[str, Any], error: type[Exception], match: str, through: Through
) -> None:
    closed = io.BytesIO(TEN)
    response = OpenFileResponse(closed, facts=FACTS, headers=fields)
    with pytest.raises(error, match=match):
        through(response)
    assert closed.closed


@pytest.mark.parametrize("value", ["a\tb", "\u2028", "a" * 3, "\u200b"])
def test_unusual_characters_are_sent(value: str, through: Through) -> None:
    answer = through(Response(headers={"X-A": value}))
    assert answer.get("X-A") == [value.encode().decode("latin-1")]


def test_lines_of_one_name_are_read_as_one(through: Through) -> None:
    assert through(tagged(), fields={"If-None-Match": '"v0", "v1"'}).status == 304


class Failing:
    """A body that fails behind its first piece, and notes that it was closed."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def generator(self) -> Iterator[bytes]:
        try:
            yield b"first"
            raise KeyError("body")
        finally:
            self.log.append("closed")

    async def asynchronous(self) -> AsyncIterator[bytes]:
        try:
            yield b"first"
            raise KeyError("body")
        finally:
            self.log.append("closed")


@pytest.mark.parametrize("kind", ["generator", "asynchronous"])
def test_a_body_that_fails(kind: str, through: Through) -> None:
    body = Failing()
    with pytest.raises(KeyError, match="body"):
        through(Response(body=getattr(body, kind)()))
    assert body.log == ["closed"]


def test_a_file_that_shrinks(tmp_path: Path, through: Through) -> None:
    path = tmp_path / "log"
    path.write_bytes(TEN)
    opened = path.open("rb")
    response = OpenFileResponse(opened)
    path.write_bytes(b"012")
    with pytest.raises(OSError, match="has become shorter while it was sent: 7 bytes are missing"):
        through(response)
    assert opened.closed


def test_a_class_that_replaces_a_method_is_respected(through: Through) -> None:
    class Signed(Response):
        async def prepare(self, request: RequestInfo) -> ResponseWriter | None:
            self.headers["X-Signed"] = "1"
            return await super().prepare(request)

    answer = through(Signed(text="a"))
    assert (answer.get("X-Signed"), answer.body) == (["1"], b"a")
