"""The responses of handlers, read by another implementation of HTTP: h11.

Whatever status, method, version and fields: on the wire is exactly one response, with that status
and that body, and the next request on the connection works.
"""

import asyncio
import gzip
import json
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import h11
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import treadle_responses
from testkit import Peer, run_on, serve
from treadle_responses import (
    ContentCoding,
    HTTPException,
    HTTPMethodNotAllowed,
    HTTPMove,
    HTTPRequestEntityTooLarge,
    HTTPUnavailableForLegalReasons,
    Response,
    StreamResponse,
    json_response,
)
from treadle_server import Request

_SECONDS = 10


class Read(NamedTuple):
    """A response as h11 reads it; ``whole`` is True if it ended before the connection did."""

    status: int
    reason: str
    headers: dict[str, str]
    body: bytes
    whole: bool


class Reader:
    """Reads the responses of one connection."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.kept = b""

    async def ask(self, method: str, path: str, version: str = "1.1", fields: str = "") -> Read:
        """Send a request and read its response."""
        head = f"{method} {path} HTTP/{version}\r\nHost: x\r\n{fields}\r\n"
        await self.peer.send(head.encode("latin-1"))
        # A client for each response: h11 must not need to know what came before.
        client = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
        client.send(h11.Request(method=method, target=path, headers=[("Host", "x")]))
        client.send(h11.EndOfMessage())
        if self.kept:
            client.receive_data(self.kept)
        status, reason, headers, body = 0, "", {}, bytearray()
        ended = False
        while True:
            event = client.next_event()
            if event is h11.NEED_DATA:
                data = await asyncio.wait_for(self.peer.reader.read(65536), _SECONDS)
                ended = not data
                client.receive_data(data)
            elif isinstance(event, h11.Response):
                status, reason = event.status_code, event.reason.decode("latin-1")
                for name, value in event.headers:
                    text = name.decode()
                    assert text not in headers or text == "set-cookie", f"{text} twice"
                    headers[text] = value.decode("latin-1")
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, (h11.EndOfMessage, h11.ConnectionClosed)):
                break
        trailing = client.trailing_data[0]
        self.kept = bytes(trailing)
        return Read(status, reason, headers, bytes(body), not ended)


FIELD_NAMES = st.sampled_from(["X-A", "x-b", "ETag", "Cache-Control", "Vary", "Location"])
FIELD_VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
BODIES = st.binary(max_size=2000)
KINDS = st.sampled_from(["whole", "fields", "stream", "sized", "iterable", "compressed", "chunked"])


def make(kind: str, status: int, fields: dict[str, str], body: bytes) -> StreamResponse:
    """Return the response of one kind."""
    if kind == "whole":
        return Response(status=status, body=body)
    if kind == "iterable":

        async def pieces() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 100):
                yield body[start : start + 100]

        return Response(status=status, headers=fields, body=pieces())
    if kind in ("stream", "sized"):
        response = StreamResponse(status=status, headers=fields)
        if kind == "sized":
            response.content_length = len(body)
        return response
    whole = Response(status=status, headers=fields, body=body)
    if kind == "compressed":
        whole.enable_compression(ContentCoding.deflate)
    return whole


@settings(deadline=None, max_examples=50)
@given(
    exchanges=st.lists(
        st.tuples(
            KINDS,
            st.integers(200, 999) | st.sampled_from([200, 204, 205, 206, 304, 404, 416]),
            st.sampled_from(["GET", "HEAD", "POST", "OPTIONS"]),
            st.dictionaries(FIELD_NAMES, FIELD_VALUES, max_size=3),
            BODIES,
        ),
        min_size=1,
        max_size=6,
    ),
    version=st.sampled_from(["1.1", "1.1", "1.0"]),
)
@example(
    exchanges=[("stream", 200, "HEAD", {}, b"abc"), ("whole", 200, "GET", {}, b"x")], version="1.1"
)
@example(
    exchanges=[("stream", 304, "GET", {}, b"abc"), ("sized", 204, "GET", {}, b"x")], version="1.1"
)
def test_one_request_one_response(exchanges: list[Any], version: str) -> None:
    async def handler(request: Request) -> StreamResponse:
        kind, status, _, fields, body = exchanges[int(request.query["n"])]
        response = make(kind, status, fields, body)
        if kind in ("stream", "sized"):
            await response.prepare(request)
            for start in range(0, len(body), 100):
                await response.write(body[start : start + 100])
        return response

    async def main() -> None:
        async with serve(handler) as connect:
            reader = Reader(await connect())
            for number, (kind, status, method, fields, body) in enumerate(exchanges):
                read = await reader.ask(method, f"/?n={number}", version)
                assert read.status == status
                empty = method == "HEAD" or status in (204, 205, 304)
                if kind == "compressed" and body and not empty and status != 206:
                    assert read.headers["content-encoding"] == "deflate"
                else:
                    assert read.body == (b"" if empty else body)
                sent = {} if kind == "whole" else {n.lower(): v for n, v in fields.items()}
                got = {name: read.headers.get(name) for name in sent}
                if kind == "compressed":
                    sent.pop("etag", None)
                    got.pop("etag", None)
                assert got == sent
                if not empty:
                    # Framed by one of the three ways, and by one only.
                    chunked = "transfer-encoding" in read.headers
                    assert not (chunked and "content-length" in read.headers)
                    assert chunked <= (version == "1.1")
                if read.headers.get("connection") == "close" or version == "1.0":
                    reader = Reader(await connect())
                else:
                    assert read.whole

    run_on("asyncio")(main())


ERRORS = sorted(
    (
        kind
        for kind in vars(treadle_responses).values()
        if isinstance(kind, type) and issubclass(kind, HTTPException) and kind.status_code >= 0
    ),
    key=lambda kind: kind.__name__,
)


def error_of(kind: type[HTTPException], **arguments: Any) -> HTTPException:
    """Construct any of the classes."""
    first: tuple[Any, ...] = ()
    if issubclass(kind, HTTPMove):
        first = ("/there",)
    elif issubclass(kind, HTTPMethodNotAllowed):
        first = ("GET", ["PUT", "DELETE"])
    elif issubclass(kind, HTTPRequestEntityTooLarge):
        first = (10, 20)
    elif issubclass(kind, HTTPUnavailableForLegalReasons):
        first = ("http://example.org/court",)
    return kind(*first, **arguments)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_every_exception_raised_by_a_handler(kind: type[HTTPException]) -> None:
    ways: dict[str, Callable[[], HTTPException]] = {
        "plain": lambda: error_of(kind),
        "own": lambda: error_of(kind, reason="My Reason", text="my text", headers={"X-Mine": "1"}),
        "late": lambda: error_of(kind),
    }

    async def handler(request: Request) -> StreamResponse:
        if request.path == "/late":
            await asyncio.sleep(0)
        error = ways[request.path[1:]]()
        raise error

    async def main() -> None:
        async with serve(handler) as connect:
            reader = Reader(await connect())
            expected, read = error_of(kind), Read(0, "", {}, b"", whole=False)
            empty = kind.status_code in (204, 205, 304)
            for way in ("plain", "late"):
                read = await reader.ask("GET", f"/{way}")
                assert read.status == kind.status_code
                assert read.reason == expected.reason
                assert read.body == ("" if empty else expected.text or "").encode()
                if not kind.empty_body:
                    assert read.headers["content-type"] == "text/plain; charset=utf-8"
                for name, value in expected.headers.items():
                    if not empty and name != "Content-Length":
                        assert read.headers[name.lower()] == value
                head = await reader.ask("HEAD", f"/{way}")
                assert (head.status, head.body) == (kind.status_code, b"")
                assert head.headers.get("content-length") == read.headers.get("content-length")
            own = await reader.ask("GET", "/own")
            assert (own.status, own.reason) == (kind.status_code, "My Reason")
            assert own.body == (b"" if empty else b"my text")
            assert own.headers["x-mine"] == "1"
            html = await reader.ask("GET", "/plain", fields="Accept: text/html\r\n")
            if kind.empty_body or issubclass(kind, HTTPRequestEntityTooLarge):
                assert html.body == read.body
            else:
                assert html.headers["content-type"] == "text/html; charset=utf-8"
                assert html.headers["vary"] == "Accept"
                assert f"<h1>{kind.status_code} ".encode() in html.body
            # Words of one's own stay as they are, whatever is asked for.
            mine = await reader.ask("GET", "/own", fields="Accept: text/html\r\n")
            assert mine.body == own.body

    run_on("asyncio")(main())


def test_a_returned_exception_works_and_warns() -> None:
    async def handler(request: Request) -> StreamResponse:
        return treadle_responses.HTTPNotFound()

    async def main() -> None:
        async with serve(handler) as connect:
            reader = Reader(await connect())
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                read = await reader.ask("GET", "/path")
            assert (read.status, read.body) == (404, b"404: Not Found")
            assert [warning.category for warning in caught] == [DeprecationWarning]
            assert "A handler returned HTTPNotFound: raise it" in str(caught[0].message)

    run_on("asyncio")(main())


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "text/plain; charset=utf-8"),
        ("text/html", "text/html; charset=utf-8"),
        ("application/json", "application/problem+json; charset=utf-8"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
    ],
)
def test_ghsa_7gpw_error_pages_say_nothing_of_the_request(accept: str, content_type: str) -> None:
    async def handler(request: Request) -> StreamResponse:
        if "raise" in request.query:
            raise KeyError("<script>alert(1)</script>")
        raise treadle_responses.HTTPNotFound

    async def main() -> None:
        async with serve(handler) as connect:
            fields = f"Accept: {accept}\r\nX-Evil: <script>\r\n"
            for path, status in [("/<script>", 404), ("/<script>?raise", 500)]:
                read = await Reader(await connect()).ask("GET", path, fields=fields)
                assert read.status == status
                assert read.headers["content-type"] == content_type
                assert b"<script" not in read.body

    run_on("asyncio")(main())


def test_bodies_that_are_compressed_in_a_thread_keep_their_order() -> None:
    async def handler(request: Request) -> StreamResponse:
        response = json_response({"n": request.query["n"], "fill": "x" * 20_000})
        response.enable_compression()
        return response

    async def main() -> None:
        async with serve(handler) as connect:
            peer = await connect()
            for number in range(5):
                head = f"GET /?n={number} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n"
                await peer.send(head.encode())
            for number in range(5):
                status, body = await peer.response()
                assert status == 200
                assert json.loads(gzip.decompress(body))["n"] == str(number)

    run_on("asyncio")(main())
