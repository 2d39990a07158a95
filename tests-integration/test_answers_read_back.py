"""Our responses, read back by h11, curl and aiohttp's client: the same status, fields and body.

A table of responses, for each method, version of HTTP and client. Behind each one comes another
request on the same connection: what the client has taken for the end of the response was the end.
"""

import asyncio
import gzip
import io
import shutil
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import h11
import pytest

from testkit import Peer, run_on, serve
from treadle_responses import (
    BytesPayload,
    ContentCoding,
    HTTPException,
    HTTPFound,
    HTTPNoContent,
    HTTPNotFound,
    HTTPResetContent,
    Response,
    StreamResponse,
    json_response,
)
from treadle_server import Request

SECONDS: Final = 20
LARGE: Final = b"0123456789abcdef" * 8192
TEXT: Final = "text/plain; charset=utf-8"


@dataclass
class Case:
    """A response, and what a client must read of it."""

    make: Callable[[Request], Awaitable[StreamResponse]]
    body: bytes = b""
    status: int = 200
    #: Fields that must have this value, or be absent.
    fields: dict[str, str | None] = field(default_factory=dict)
    #: True if the connection ends behind the response, for a client of HTTP/1.1.
    closes: bool = False
    #: The same for HEAD, where it is not as for GET.
    head_fields: dict[str, str | None] = field(default_factory=dict)


def returned(make: Callable[[], StreamResponse], *arguments: Any, **rest: Any) -> Case:
    async def handler(request: Request) -> StreamResponse:
        return make()

    return Case(handler, *arguments, **rest)


def raised(make: Callable[[], BaseException], *arguments: Any, **rest: Any) -> Case:
    async def handler(request: Request) -> StreamResponse:
        raise make()

    return Case(handler, *arguments, **rest)


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for piece in data:
        await asyncio.sleep(0)
        yield piece


def with_cookies() -> Response:
    response = Response(text="cookies")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2", path="/b", httponly=True)
    return response


def compressed(response: Response) -> Response:
    response.enable_compression(ContentCoding.gzip)
    return response


def chunked(response: Response) -> Response:
    response.enable_chunked_encoding()
    return response


async def streamed(request: Request) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    for piece in (b"one", b"", b"two", LARGE):
        await response.write(piece)
    await response.write_eof(b"end")
    return response


async def sized(request: Request) -> StreamResponse:
    response = StreamResponse()
    response.content_length = 6
    await response.prepare(request)
    await response.write(b"abc")
    await response.write(bytearray(b"def"))
    return response


async def empty_stream(request: Request) -> StreamResponse:
    response = StreamResponse(status=205)
    await response.prepare(request)
    await response.write(b"dropped")
    return response


def tasks_of(sizes: tuple[int, ...], coding: ContentCoding | None) -> Case:
    """Return a response that several tasks write, each its pieces in their order."""

    async def handler(request: Request) -> StreamResponse:
        response = StreamResponse()
        if coding is not None:
            response.enable_compression(coding)
        await response.prepare(request)

        async def write(letter: bytes) -> None:
            for size in sizes:
                await response.write(letter * size)

        await asyncio.gather(*(write(letter) for letter in (b"a", b"b", b"c")))
        return response

    return Case(handler, bytes(sum(sizes) * 3))


class EarlyHints(HTTPException):
    status_code = 103


BUG: Final = b"500 Internal Server Error\n\nServer got itself in trouble"
CASES: dict[str, Case] = {
    "nothing": returned(
        Response,
        fields={"content-type": None, "content-length": "0"},
        # The handler has not said that the response to GET is empty.
        head_fields={"content-length": None},
    ),
    "empty bytes": returned(lambda: Response(body=b""), fields={"content-type": None}),
    "empty text": returned(lambda: Response(text=""), fields={"content-type": TEXT}),
    "text": returned(lambda: Response(text="\xe9"), b"\xc3\xa9", fields={"content-type": TEXT}),
    "json": returned(lambda: json_response({"a": 1}), b'{"a": 1}'),
    "large": returned(lambda: Response(body=LARGE), LARGE),
    "a reason": returned(lambda: Response(status=299, reason="Mine", text="x"), b"x", 299),
    "404": raised(HTTPNotFound, b"404: Not Found", 404, fields={"content-type": TEXT}),
    "302": raised(lambda: HTTPFound("/x"), b"302: Found", 302, fields={"location": "/x"}),
    "204": raised(HTTPNoContent, b"", 204, fields={"content-length": None}),
    "204 with a body": returned(lambda: Response(status=204, text="x"), b"", 204),
    "205": raised(HTTPResetContent, b"", 205, fields={"content-length": "0"}),
    "205 with a body": returned(
        lambda: Response(status=205, text="x"), b"", 205, fields={"content-length": "0"}
    ),
    "205, streamed": Case(empty_stream, b"", 205, {"content-length": "0"}),
    "304 with a body": returned(lambda: Response(status=304, body=b"x"), b"", 304),
    # A client would take an interim answer's successor for the final one.
    "103": returned(lambda: Response(status=103), BUG, 500, closes=True),
    "103 as an exception": raised(EarlyHints, BUG, 500, closes=True),
    "101": returned(lambda: Response(status=101), BUG, 500, closes=True),
    "an iterable": returned(lambda: Response(body=pieces(b"a", b"", LARGE)), b"a" + LARGE),
    "an iterable with a length": returned(
        lambda: Response(body=pieces(b"abc", b"def"), headers={"Content-Length": "6"}),
        b"abcdef",
        fields={"content-length": "6", "transfer-encoding": None},
    ),
    "a file": returned(
        lambda: Response(body=io.BytesIO(LARGE), headers={"X-A": "b"}),
        LARGE,
        fields={"content-length": str(len(LARGE)), "x-a": "b"},
    ),
    "a payload": returned(
        lambda: Response(body=BytesPayload(b"x", {"X-Own": "1"}), headers={"X-A": "b"}),
        b"x",
        fields={"x-own": "1", "x-a": "b"},
    ),
    "chunked": returned(lambda: chunked(Response(text="abc")), b"abc"),
    "cookies": returned(with_cookies, b"cookies"),
    "compressed": returned(lambda: compressed(Response(body=LARGE)), LARGE),
    "a compressed iterable": returned(
        lambda: compressed(Response(body=pieces(LARGE, b"x", LARGE))), LARGE + b"x" + LARGE
    ),
    "a compressed iterable with a length": returned(
        lambda: compressed(Response(body=pieces(b"abc"), headers={"Content-Length": "3"})),
        b"abc",
        fields={"content-length": None},
    ),
    "streamed": Case(streamed, b"onetwo" + LARGE + b"end"),
    "sized": Case(sized, b"abcdef", fields={"content-length": "6"}),
    "three tasks": tasks_of((10, 70_000, 5), None),
    "three tasks, gzip": tasks_of((10, 70_000, 5, 20_000), ContentCoding.gzip),
    "three tasks, deflate": tasks_of((70_000, 70_000), ContentCoding.deflate),
    "keep-alive": returned(
        lambda: Response(text="x", headers={"Connection": "keep-alive", "Keep-Alive": "timeout=5"}),
        b"x",
    ),
    "close": returned(
        lambda: Response(text="x", headers={"Connection": "close", "Keep-Alive": "timeout=5"}),
        b"x",
        fields={"connection": "close", "keep-alive": None},
        closes=True,
    ),
    "an offer to upgrade": returned(
        lambda: Response(text="x", headers={"Upgrade": "h2c"}), b"x", fields={"upgrade": "h2c"}
    ),
    "fields of another response": returned(
        lambda: Response(
            text="x",
            headers={"Transfer-Encoding": "chunked", "Date": "then", "Server": "other"},
        ),
        b"x",
        fields={"transfer-encoding": None, "date": "then", "server": "other"},
    ),
}
# Mistakes: a client must see that it has not got a whole response.
CUT: dict[str, Callable[[Request], Awaitable[StreamResponse]]] = {}


def cut(name: str) -> Callable[[Any], Any]:
    def decorate(handler: Any) -> Any:
        CUT[name] = handler
        return handler

    return decorate


@cut("an iterable that is too short")
async def _(request: Request) -> StreamResponse:
    return Response(body=pieces(b"abc"), headers={"Content-Length": "5"})


@cut("an iterable that is too long")
async def _(request: Request) -> StreamResponse:
    return Response(body=pieces(b"abc", b"def"), headers={"Content-Length": "5"})


@cut("a stream that is too short")
async def _(request: Request) -> StreamResponse:
    response = StreamResponse(headers={"Content-Length": "5"})
    await response.prepare(request)
    await response.write(b"abc")
    return response


@cut("a stream that is too long")
async def _(request: Request) -> StreamResponse:
    response = StreamResponse(headers={"Content-Length": "5"})
    await response.prepare(request)
    await response.write(b"abc")
    await response.write(b"def")
    return response


async def dispatch(request: Request) -> StreamResponse:
    name = request.query.get("case")
    if name is None:
        return Response(text="another")
    return await (CUT[name](request) if name in CUT else CASES[name].make(request))


@dataclass
class Read:
    """A response as a client reads it."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def get(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


def check(case: Case, name: str, method: str, version: str, read: Read, *, decoded: bool) -> None:
    assert read.status == case.status
    fields = case.fields | (case.head_fields if method == "HEAD" else {})
    for field_name, value in fields.items():
        assert read.get(field_name) == ([] if value is None else [value]), field_name
    body = read.body
    coding = read.get("content-encoding")
    if coding and body and not decoded:
        body = gzip.decompress(body) if coding == ["gzip"] else zlib.decompress(body)
    if method == "HEAD":
        assert body == b""
    elif name.startswith("three tasks"):
        # The order within each task is that of its calls; all of it has arrived.
        assert sorted(body) == sorted(b"abc" * (len(case.body) // 3))
    else:
        assert body == case.body
    if name == "cookies":
        assert read.get("set-cookie") == ["a=1; Path=/", "b=2; HttpOnly; Path=/b"]
    if version == "1.0":
        assert read.get("transfer-encoding") == []


async def read_with_h11(peer: Peer, method: str, target: str, version: str) -> tuple[Read, bool]:
    """Return a response, and True if the connection is kept."""
    client = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    client.send(h11.Request(method=method, target=target, headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    fields = "Connection: keep-alive\r\n" if version == "1.0" else ""
    await peer.send(f"{method} {target} HTTP/{version}\r\nHost: x\r\n{fields}\r\n".encode())
    read = Read(0, [], b"")
    while True:
        event = client.next_event()
        if event is h11.NEED_DATA:
            client.receive_data(await asyncio.wait_for(peer.reader.read(65536), SECONDS))
        elif isinstance(event, h11.Response):
            read.status = event.status_code
            read.headers = [(key.decode(), value.decode()) for key, value in event.headers]
        elif isinstance(event, h11.Data):
            read.body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            break
    assert client.trailing_data[0] == b""
    kept = "close" not in read.get("connection")
    return read, kept


def quoted(name: str) -> str:
    return "/?case=" + name.replace(" ", "%20").replace(",", "%2C")


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_h11(method: str, version: str) -> None:
    async def main() -> None:
        async with serve(dispatch) as connect:
            for name, case in CASES.items():
                if name == "chunked" and version == "1.0":
                    # It asks for what that client does not know.
                    continue
                peer = await connect()
                read, kept = await read_with_h11(peer, method, quoted(name), version)
                check(case, name, method, version, read, decoded=False)
                if version == "1.1":
                    assert kept is not case.closes, name
                if kept:
                    another, _ = await read_with_h11(peer, "GET", "/", version)
                    assert another.body == b"another", name
                else:
                    assert await peer.rest() == b""

    run_on("asyncio")(main())


@pytest.mark.parametrize("name", CUT)
def test_h11_sees_a_body_that_does_not_fit_its_length(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with serve(dispatch) as connect:
            with pytest.raises((h11.RemoteProtocolError, ConnectionResetError)):
                await read_with_h11(await connect(), "GET", quoted(name), "1.1")
            # HEAD has the length that was given.
            head, _ = await read_with_h11(await connect(), "HEAD", quoted(name), "1.1")
            assert (head.get("content-length"), head.body) == (["5"], b"")

    run_on("asyncio")(main())
    assert "Content-Length" in caplog.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_client_of_aiohttp(method: str) -> None:
    async def main() -> None:
        async with serve(dispatch) as connect:
            peer = await connect()
            host, port = peer.writer.get_extra_info("peername")[:2]
            timeout = aiohttp.ClientTimeout(SECONDS)
            async with aiohttp.ClientSession(timeout=timeout) as session:
                for name, case in CASES.items():
                    url = f"http://{host}:{port}{quoted(name)}"
                    async with session.request(method, url, allow_redirects=False) as response:
                        read = Read(
                            response.status,
                            [(key, value) for key, value in response.headers.items()],
                            await response.read(),
                        )
                    check(case, name, method, "1.1", read, decoded=True)
                    async with session.get(f"http://{host}:{port}/") as response:
                        assert await response.text() == "another"

    run_on("asyncio")(main())


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_curl(method: str, version: str) -> None:
    async def main() -> None:
        async with serve(dispatch) as connect:
            peer = await connect()
            host, port = peer.writer.get_extra_info("peername")[:2]
            for name, case in CASES.items():
                if name == "chunked" and version == "1.0":
                    continue
                process = await asyncio.create_subprocess_exec(
                    "curl", "--silent", "--show-error", f"--http{version}", "--max-time", "20",
                    *(["--head"] if method == "HEAD" else ["--include"]),
                    f"http://{host}:{port}{quoted(name)}",
                    stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                )  # fmt: skip
                output, errors = await process.communicate()
                assert (process.returncode, errors) == (0, b""), name
                head, _, body = output.partition(b"\r\n\r\n")
                first, *lines = head.decode("latin-1").split("\r\n")
                pairs = [line.partition(": ")[::2] for line in lines]
                read = Read(int(first.split()[1]), pairs, body)
                if read.get("transfer-encoding"):
                    # curl has read the chunks; the field is that of the wire.
                    assert version == "1.1"
                check(case, name, method, version, read, decoded=False)

    run_on("asyncio")(main())
