"""Requests that programs make with aiohttp's constructor, and copies of requests."""

import warnings
from typing import Any

import pytest
from multidict import CIMultiDict
from yarl import URL

from testkit import (
    CONNECTION,
    FakeChannel,
    FakeTransport,
    KeepingWriter,
    Run,
    fed_body,
    request_by_hand,
    request_head,
)
from treadle_responses import (
    RequestKey,
    Response,
    StreamResponse,
)
from treadle_server import (
    EMPTY_PAYLOAD,
    Application,
    BaseRequest,
    HttpVersion,
    Request,
    UrlMappingMatchInfo,
    WebSocketResponse,
)
from treadle_server._app.routed import NotRoutedError
from treadle_server._http.hooks import RequestHooks

HANDSHAKE = {
    "Host": "x",
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}


@pytest.mark.parametrize(
    ("made", "name", "value"),
    [
        (request_by_hand(), "method", "GET"),
        (request_by_hand(), "version", HttpVersion(1, 1)),
        (request_by_hand(), "path_qs", "/path?a=1"),
        (request_by_hand(), "host", "192.0.2.1"),
        (request_by_hand(headers={"Host": "example.org:81"}), "host", "example.org:81"),
        (request_by_hand(host="other"), "host", "other"),
        (request_by_hand(), "remote", "192.0.2.7"),
        (request_by_hand(remote="10.0.0.1"), "remote", "10.0.0.1"),
        (request_by_hand(scheme="https"), "secure", True),
        (request_by_hand(path="https://h:99/p?q"), "scheme", "http"),
        (request_by_hand(path="https://h:99/p?q"), "host", "h:99"),
        (request_by_hand(path="https://h:99/p?q"), "rel_url", URL("/p?q")),
        (request_by_hand(path="https://h/p"), "url", URL("http://h/p")),
        (request_by_hand(path="https://h/p", host="i", scheme="https"), "url", URL("https://i/p")),
        (request_by_hand(path="/путь"), "raw_path", "/путь"),
        (request_by_hand(path="/путь"), "path", "/путь"),
        (request_by_hand(), "body_exists", False),
        (request_by_hand(payload=fed_body(b"x")), "body_exists", True),
        (request_by_hand(payload=fed_body(b"x")), "can_read_body", True),
        (request_by_hand(), "client_max_size", 1024**2),
        (request_by_hand(client_max_size=None), "client_max_size", 0),
        (request_by_hand(client_max_fields=5), "client_max_fields", 5),
    ],
)
def test_values(made: BaseRequest, name: str, value: object) -> None:
    assert getattr(made, name) == value


@pytest.mark.parametrize(
    ("path", "text"),
    [("/a", "<Request GET /a >"), ("/\U0001f415", "<Request GET /\\U0001f415 >")],
)
def test_repr(path: str, text: str) -> None:
    assert repr(request_by_hand(path=path)) == text


def test_a_response_goes_to_the_writer(run: Run) -> None:
    async def main() -> None:
        writer = KeepingWriter()
        made = request_by_hand(writer=writer)
        response = Response(text="hello", headers={"A": "b"})
        await response.prepare(made)
        await response.write_eof()
        assert writer.status_line == "HTTP/1.1 200 OK"
        assert (writer.headers["A"], writer.headers["Content-Length"]) == ("b", "5")
        assert (writer.body, writer.ended) == (b"hello", True)

    run(main())


def test_prepare_returns_the_writer_which_compresses(run: Run) -> None:
    class Compresses(KeepingWriter):
        coding = ""

        def enable_compression(
            self, encoding: str = "deflate", strategy: int | None = None
        ) -> None:
            self.coding = encoding

    async def main() -> None:
        writer = Compresses()
        made = request_by_hand(writer=writer, headers={"Accept-Encoding": "gzip"})
        response = StreamResponse()
        response.content_type = "text/plain"
        response.enable_compression()
        prepared: Any = await response.prepare(made)
        assert prepared is writer
        assert await response.prepare(made) is prepared
        assert (writer.coding, writer.headers["Content-Encoding"]) == ("gzip", "gzip")
        await response.write_eof(b"plain")
        assert writer.body == b"plain"

    run(main())


def test_a_websocket(run: Run) -> None:
    async def main() -> None:
        writer = KeepingWriter()
        made = request_by_hand(headers=HANDSHAKE, writer=writer)
        ws = WebSocketResponse()
        assert ws.can_prepare(made).ok
        await ws.prepare(made)
        assert writer.status_line == "HTTP/1.1 101 Switching Protocols"
        assert writer.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        await ws.send_str("hi")
        transport = made.transport
        assert isinstance(transport, FakeTransport)
        assert transport.written == b"\x81\x02hi"
        assert not ws.closed

    run(main())


def test_the_match_info_of_a_request_by_hand(run: Run) -> None:
    async def main() -> None:
        made = request_by_hand()
        assert isinstance(made, Request)
        for name in ("match_info", "app", "config_dict"):
            with pytest.raises(AssertionError, match="not routed yet"):
                getattr(made, name)
        app = Application()
        seen: list[object] = []

        async def signal(request: Request, response: StreamResponse) -> None:
            seen.append((request, response))

        app.on_response_prepare.append(signal)

        async def handler(request: Request) -> StreamResponse:
            raise AssertionError("it is never called")

        route = app.router.add_get("/", handler)
        info = UrlMappingMatchInfo({"a": "b"}, route)
        info.add_app(app)
        app.on_response_prepare.freeze()
        made._match_info = info
        assert made.match_info is info
        assert made.app is app
        assert list(made.config_dict) == []
        response = Response()
        await response.prepare(made)
        assert seen == [(made, response)]

    assert issubclass(NotRoutedError, RuntimeError)
    run(main())


KEY = RequestKey("key", str)


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ({}, "path_qs", "/path?a=1"),
        ({"method": "POST"}, "method", "POST"),
        ({"rel_url": "/other?x"}, "raw_path", "/other?x"),
        ({"rel_url": URL("/other")}, "rel_url", URL("/other")),
        ({"headers": {"B": "c"}}, "raw_headers", ((b"B", b"c"),)),
        ({"headers": [("B", "c")]}, "headers", CIMultiDict(B="c")),
        ({"scheme": "https"}, "secure", True),
        ({"host": "other"}, "host", "other"),
        ({"remote": "10.0.0.1"}, "remote", "10.0.0.1"),
        ({"client_max_size": 5}, "client_max_size", 5),
        ({"client_max_fields": 5}, "client_max_fields", 5),
    ],
)
@pytest.mark.parametrize("by_hand", [True, False])
def test_clones(options: dict[str, Any], name: str, value: object, by_hand: bool) -> None:
    if by_hand:
        made = request_by_hand(headers={"Host": "x"})
    else:
        head = request_head("GET", "/path?a=1")
        made = Request.received(head, EMPTY_PAYLOAD, FakeChannel(), CONNECTION)
    made[KEY] = "before"
    copy = made.clone(**options)
    assert type(copy) is Request
    assert getattr(copy, name) == value
    # A second one keeps what was overridden.
    assert getattr(copy.clone(), name) == value
    copy[KEY] = "after"
    assert made[KEY] == "before"
    assert copy.content is made.content
    assert copy.writer is made.writer
    assert copy.transport is made.transport
    assert isinstance(copy.hooks, RequestHooks)
    assert copy.hooks is made.hooks


def test_a_request_that_was_read_has_no_clones(run: Run) -> None:
    async def main() -> None:
        made = request_by_hand("POST", payload=fed_body(b"abc"))
        await made.read()
        with pytest.raises(RuntimeError, match="Cannot clone request after reading its content"):
            made.clone()

    run(main())


def test_nothing_is_warned_of(run: Run) -> None:
    async def main() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            made = request_by_hand("POST", payload=fed_body(b"abc")).clone(method="PUT")
            await made.read()
        assert made.method == "PUT"

    run(main())
