"""Behaviours of the protocol: what the specification demands, and what servers' suites check.

Each row runs on treadle and on a real uvicorn, over sockets. Where the two differ, the row says so,
and docs/asgi-server.md tells users.
"""

import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, NamedTuple

import pytest

from testkit import Run, serve
from testkit.uvicorn_peer import Connect, on_uvicorn
from treadle_asgi import ASGIApplication, Message, Receive, Scope, Send, host

Note = Callable[[object], None]
#: An application that notes what it sees.
Act = Callable[[Scope, Receive, Send, Note], Awaitable[None]]


@contextlib.asynccontextmanager
async def on_treadle(app: ASGIApplication) -> AsyncIterator[Connect]:
    async with serve(host(app, lifespan="off")) as connect:
        yield connect


def answers(data: bytes) -> list[tuple[int, bytes]]:
    """Return status and body of each response in ``data``."""
    found = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        fields = dict(
            line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line
        )
        status = int(head[9:12])
        body = b""
        if b"content-length" in fields:
            size = int(fields[b"content-length"])
            body, data = data[:size], data[size:]
        elif b"transfer-encoding" in fields:
            while True:
                line, _, data = data.partition(b"\r\n")
                if not line:
                    body += b"<cut>"
                    break
                size = int(line, 16)
                body, data = body + data[:size], data[size + 2 :]
                if not size:
                    break
        elif status >= 200 and status not in (204, 304):
            body, data = b"<rest>" + data, b""
        found.append((status, body))
    return found


async def start(send: Send, status: int = 200, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [*headers]})


async def body(send: Send, data: bytes = b"", more: bool = False) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def whole(receive: Receive) -> tuple[bytes, bool]:
    """Return the body that arrives, and True if the client has left before its end."""
    data = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return data, True
        data += message.get("body", b"")
        if not message.get("more_body", False):
            return data, False


# The applications of the rows.


async def echo(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    note(await whole(receive))
    await start(send)
    await body(send, b"done")


async def shows_path(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    note((scope["method"], scope["path"], scope["raw_path"], scope["query_string"]))
    note((scope["http_version"], scope["scheme"], scope["root_path"]))
    await start(send)
    await body(send)


async def shows_headers(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    note([(bytes(name), bytes(value)) for name, value in scope["headers"]])
    await start(send)
    await body(send)


async def streams(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await start(send)
    await body(send, b"a", more=True)
    await body(send, b"", more=True)
    await body(send, b"b", more=True)
    await body(send)


async def in_background(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await start(send)
    await body(send, b"sent")
    note((await receive())["type"])
    note("behind")


async def fails_in_background(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await start(send)
    await body(send, b"sent")
    raise ValueError("in the background")


async def fails_at_once(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    raise ValueError("at once")


async def fails_behind_start(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await start(send, 201)
    raise ValueError("behind the start")


async def fails_half_way(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await start(send)
    await body(send, b"half", more=True)
    raise ValueError("half way")


async def returns_nothing(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    return


async def returns_behind_start(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await start(send, 201)


async def returns_half_way(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await start(send)
    await body(send, b"half", more=True)


async def no_content(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await start(send, 204)
    await body(send)


async def not_modified(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await start(send, 304, (b"etag", b'"a"'))
    await body(send)


async def sized(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await start(send, 200, (b"content-length", b"4"))
    await body(send, b"ab", more=True)
    await body(send, b"cd")


async def hello(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await start(send, 200, (b"content-length", b"5"))
    await body(send, b"hello")


async def answers_early(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    note((await receive())["more_body"])
    await start(send, 413, (b"content-length", b"0"))
    await body(send)


async def never_reads(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
    await start(send, 403, (b"content-length", b"0"))
    await body(send)


def refused(*messages: Message) -> Act:
    """Return an application that notes the class of the error that its last message raises."""

    async def act(scope: Scope, receive: Receive, send: Send, note: Note) -> None:
        for message in messages[:-1]:
            await send(message)
        try:
            await send(messages[-1])
        except Exception as error:
            note(type(error).__name__)
            raise

    return act


START: Final[Message] = {"type": "http.response.start", "status": 200}
BODY: Final[Message] = {"type": "http.response.body", "body": b"x"}

GET: Final = b"GET / HTTP/1.1\r\nHost: a\r\n"
CLOSE: Final = b"Connection: close\r\n\r\n"
POST: Final = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"

ERROR: Final = (500, "an error page")


class Row(NamedTuple):
    app: Act
    request: bytes
    #: The statuses and bodies of the responses, and the notes of the application.
    expected: tuple[list[tuple[int, object]], list[object]]
    #: What uvicorn does, if it differs.
    uvicorn: tuple[list[tuple[int, object]], list[object]] | None = None


ROWS = {
    # The scope.
    "a decoded path": Row(
        shows_path,
        b"GET /a%20b/%C3%A9?q=%20 HTTP/1.1\r\nHost: a\r\n" + CLOSE,
        ([(200, b"")], [("GET", "/a b/é", b"/a%20b/%C3%A9", b"q=%20"), ("1.1", "http", "")]),
    ),
    "a path that is not UTF-8": Row(
        shows_path,
        b"GET /%FF HTTP/1.1\r\nHost: a\r\n" + CLOSE,
        ([(200, b"")], [("GET", "/\ufffd", b"/%FF", b""), ("1.1", "http", "")]),
    ),
    "an absolute target": Row(
        shows_path,
        b"GET http://b/x?y HTTP/1.1\r\nHost: b\r\n" + CLOSE,
        ([(200, b"")], [("GET", "/x", b"/x", b"y"), ("1.1", "http", "")]),
    ),
    "HTTP/1.0": Row(
        shows_path,
        b"GET / HTTP/1.0\r\n\r\n",
        ([(200, b"")], [("GET", "/", b"/", b""), ("1.0", "http", "")]),
    ),
    "a method in another case": Row(
        shows_path,
        b"PROPFIND / HTTP/1.1\r\nHost: a\r\n" + CLOSE,
        ([(200, b"")], [("PROPFIND", "/", b"/", b""), ("1.1", "http", "")]),
    ),
    "headers in order, with lower-case names": Row(
        shows_headers,
        b"GET / HTTP/1.1\r\nHOST: a\r\nX-B: 2\r\nx-a:1\r\nX-B: \xff \r\n" + CLOSE,
        (
            [(200, b"")],
            [
                [
                    (b"host", b"a"),
                    (b"x-b", b"2"),
                    (b"x-a", b"1"),
                    (b"x-b", b"\xff"),
                    (b"connection", b"close"),
                ]
            ],
        ),
        # RFC 9110 section 5.5: whitespace around a value is no part of it.
        (
            [(200, b"")],
            [
                [
                    (b"host", b"a"),
                    (b"x-b", b"2"),
                    (b"x-a", b"1"),
                    (b"x-b", b"\xff "),
                    (b"connection", b"close"),
                ]
            ],
        ),
    ),
    # Bodies of requests.
    "no body": Row(echo, GET + CLOSE, ([(200, b"done")], [(b"", False)])),
    "a body with a length": Row(
        echo, POST + b"Content-Length: 5\r\n\r\nhello", ([(200, b"done")], [(b"hello", False)])
    ),
    "a body in chunks": Row(
        echo,
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        ([(200, b"done")], [(b"abcde", False)]),
    ),
    "a body in chunks with trailers": Row(
        echo,
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
        ([(200, b"done")], [(b"abc", False)]),
    ),
    "a body with a broken chunk": Row(
        echo,
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
        ([(200, b"done")], [(b"abc", True)]),
        # uvicorn answers itself, in front of what its application says.
        ([(400, "an error page")], [(b"abc", True)]),
    ),
    "100 Continue when the body is read": Row(
        echo,
        POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
        # The client of this row leaves then.
        ([(100, b"")], [(b"", True)]),
    ),
    "no 100 Continue if the body is not read": Row(
        never_reads,
        POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n",
        ([(403, b"")], []),
    ),
    "an answer before the body has arrived": Row(
        answers_early,
        POST + b"Content-Length: 1000\r\n\r\n" + b"x" * 500,
        ([(413, b"")], [True]),
    ),
    # Responses.
    "a stream": Row(streams, GET + CLOSE, ([(200, b"ab")], [])),
    "a stream to HTTP/1.0": Row(
        streams,
        b"GET / HTTP/1.0\r\n\r\n",
        ([(200, b"<rest>ab")], []),
        # uvicorn sends chunks to a client that does not know them.
        ([(200, b"ab")], []),
    ),
    "a body of its Content-Length": Row(sized, GET + CLOSE, ([(200, b"abcd")], [])),
    "HEAD": Row(hello, b"HEAD / HTTP/1.1\r\nHost: a\r\n" + CLOSE, ([(200, b"")], [])),
    "204": Row(no_content, GET + CLOSE, ([(204, b"")], [])),
    "304": Row(not_modified, GET + CLOSE, ([(304, b"")], [])),
    "two requests in one packet": Row(
        hello, GET + b"\r\n" + GET + CLOSE, ([(200, b"hello"), (200, b"hello")], [])
    ),
    "a request behind a body": Row(
        echo,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" + GET + CLOSE,
        ([(200, b"done"), (200, b"done")], [(b"hi", False), (b"", False)]),
    ),
    "work behind the response": Row(
        in_background, GET + CLOSE, ([(200, b"sent")], ["http.disconnect", "behind"])
    ),
    "a failure behind the response": Row(
        fails_in_background,
        GET + b"\r\n" + GET + CLOSE,
        ([(200, b"sent"), (200, b"sent")], []),
        ([(200, b"sent")], []),
    ),
    # Applications that fail.
    "raises at once": Row(fails_at_once, GET + CLOSE, ([ERROR], [])),
    "raises behind the start": Row(
        fails_behind_start,
        GET + CLOSE,
        ([ERROR], []),
        # uvicorn has sent the head.
        ([(201, b"<cut>")], []),
    ),
    "raises half way": Row(fails_half_way, GET + CLOSE, ([(200, b"half<cut>")], [])),
    "returns without a response": Row(returns_nothing, GET + CLOSE, ([ERROR], [])),
    "returns behind the start": Row(
        returns_behind_start, GET + CLOSE, ([ERROR], []), ([(201, b"<cut>")], [])
    ),
    "returns half way": Row(returns_half_way, GET + CLOSE, ([(200, b"half<cut>")], [])),
    # Messages that may not come.
    "a body before its start": Row(refused(BODY), GET + CLOSE, ([ERROR], ["RuntimeError"])),
    "a second start": Row(
        refused(START, START),
        GET + CLOSE,
        ([ERROR], ["RuntimeError"]),
        ([(200, b"<cut>")], ["RuntimeError"]),
    ),
    "a body behind the end": Row(
        refused(START, BODY, BODY), GET + CLOSE, ([(200, b"x")], ["RuntimeError"])
    ),
    "an unknown message": Row(
        refused({"type": "http.response.nothing"}), GET + CLOSE, ([ERROR], ["RuntimeError"])
    ),
    "a body of str": Row(
        refused(START, {**BODY, "body": "x"}),
        GET + CLOSE,
        ([ERROR], ["TypeError"]),
        ([(200, b"<cut>")], ["TypeError"]),
    ),
    "a header of str": Row(
        refused({**START, "headers": [("x-a", "b")]}),
        GET + CLOSE,
        ([ERROR], ["TypeError"]),
        ([], ["TypeError"]),
    ),
    "a value with CR LF": Row(
        refused({**START, "headers": [(b"x-a", b"b\r\nc: d")]}),
        GET + CLOSE,
        ([ERROR], ["ValueError"]),
        ([], ["RuntimeError"]),
    ),
    "a name with a space": Row(
        refused({**START, "headers": [(b"x a", b"b")]}),
        GET + CLOSE,
        ([ERROR], ["ValueError"]),
        ([], ["RuntimeError"]),
    ),
    "a status that is none": Row(
        refused({**START, "status": 99}),
        GET + CLOSE,
        ([ERROR], ["ValueError"]),
        ([], ["KeyError"]),
    ),
    "a status of str": Row(
        refused({**START, "status": "200"}),
        GET + CLOSE,
        ([ERROR], ["TypeError"]),
        ([], ["KeyError"]),
    ),
    "more bytes than announced": Row(
        refused({**START, "headers": [(b"content-length", b"0")]}, BODY),
        GET + CLOSE,
        ([ERROR], ["RuntimeError"]),
        ([(200, b"")], ["RuntimeError"]),
    ),
    "fewer bytes than announced": Row(
        refused({**START, "headers": [(b"content-length", b"2")]}, BODY),
        GET + CLOSE,
        ([ERROR], ["RuntimeError"]),
        ([(200, b"x")], ["RuntimeError"]),
    ),
    # Requests that no application sees.
    "a request that is none": Row(
        echo,
        b"nonsense\r\n\r\n",
        ([(400, "an error page")], []),
    ),
}


def seen(data: bytes) -> list[tuple[int, object]]:
    """Return what the client has got; the texts of errors are the servers' own."""
    return [
        (status, "an error page" if status in (400, 500) else content)
        for status, content in answers(data)
    ]


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("server", ["treadle", "uvicorn"])
def test_row(run: Run, name: str, server: str, caplog: pytest.LogCaptureFixture) -> None:
    row = ROWS[name]
    caplog.set_level(logging.CRITICAL)
    notes: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await row.app(scope, receive, send, notes.append)

    async def main() -> None:
        on = on_treadle(app) if server == "treadle" else on_uvicorn(app, "none")
        async with on as connect:
            peer = await connect()
            await peer.send(row.request)
            if "100 Continue when" in name:
                data = await peer.head()
            else:
                data = await peer.rest()
        expected = row.expected if server == "treadle" else row.uvicorn or row.expected
        assert (seen(data), notes) == expected

    run(main())
