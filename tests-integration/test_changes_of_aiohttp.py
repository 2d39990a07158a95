"""Changes of aiohttp's server since 3.14.0, by their numbers: see treadle's ``docs/parity.md``."""

import asyncio
import gzip
import struct
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from testkit import (
    connecting,
    frame,
    open_websocket,
    read_close,
    read_frame,
    serve,
    upgrade_request,
)
from treadle import BytesPayload, StreamReader, web
from treadle.multipart import content_disposition_filename, parse_content_disposition
from treadle.test_utils import make_mocked_request
from treadle_testing import MemoryClient


async def see(request: web.Request) -> web.Response:
    """Answer with what the request is."""
    body = await request.read()
    facts = [request.method, request.path, request.scheme, request.query_string, len(body)]
    return web.Response(
        text=" ".join(f"{fact!s}" for fact in facts) + f" {request.headers.get('X')}"
    )


async def form(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await request.post())))


async def socket(request: web.Request) -> web.WebSocketResponse:
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    async for message in ws:
        await ws.send_str(f"got {message.data!s}")
    return ws


def make_app() -> web.Application:
    app = web.Application()
    app.router.add_get("/ws", socket)
    app.router.add_post("/form", form)
    app.router.add_route("*", "/{tail:.*}", see)
    return app


def on_server(check: Callable[[connecting], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        async with serve(make_app(), **options) as connect:
            await check(connect)

    asyncio.run(main())


def request(line: bytes, *fields: bytes, body: bytes = b"") -> bytes:
    length = [b"Content-Length: %d" % len(body)] if body else []
    head = [line + b" HTTP/1.1", b"Host: a", *fields, *length, b"Connection: close", b"", b""]
    return b"\r\n".join(head) + body


TOO_MANY = b"&".join(b"a=1" for _ in range(1001))


@pytest.mark.parametrize(
    ("number", "data", "status", "text"),
    [
        (12826, request(b"GET /" + b"a" * 20_000), 414, b""),
        (
            12832,
            request(b"POST /", b"Transfer-Encoding: chunked") + b"1;" + b"a" * 200_000 + b"\r\nx",
            400,
            b"",
        ),
        (12931, request(b"get /ws"), 501, b""),
        (13136, b"GET / HTTP/1.1\nHost: a\r\n\r\n", 400, b""),
        (13171, request(b"GET /path?#part"), 400, b""),
        (13174, request(b"QUERY /"), 200, b"QUERY /"),
        (13212, request(b"GET /a\x01b"), 400, b""),
        (13212, request(b"GET /a\x7fb"), 400, b""),
        (13246, request(b"GET /", b"X: one \t "), 200, b" one"),
        (13671, request(b"HEAD /", body=b"body"), 200, b""),
        (
            13738,
            request(
                b"POST /form", b"Content-Type: application/x-www-form-urlencoded", body=TOO_MANY
            ),
            413,
            b"",
        ),
        (
            13738,
            request(
                b"POST /form", b"Content-Type: application/x-www-form-urlencoded", body=TOO_MANY[4:]
            ),
            200,
            b"1000",
        ),
        (13821, request(b"GET https://a/x"), 200, b"GET /x http "),
        (13858, request(b"GET http:/a/x"), 400, b""),
        (13858, request(b"GET http:///a/x"), 400, b""),
        (
            13894,
            request(b"POST /", b"Content-Encoding: Gzip", body=gzip.compress(b"12345")),
            200,
            b" 5 None",
        ),
        (
            13362,
            request(b"POST /", b"Content-Encoding: gzip", body=gzip.compress(b"") * 40_000),
            400,
            b"",
        ),
    ],
)
def test_one_request(number: int, data: bytes, status: int, text: bytes) -> None:
    async def check(connect: connecting) -> None:
        peer = await connect()
        # In pieces, as from a slow client: limits count the whole line.
        for start in range(0, len(data), 5000):
            await peer.send(data[start : start + 5000])
        answer = await peer.rest()
        assert answer.startswith(b"HTTP/1.1 %d " % status), (number, answer)
        assert text in answer, (number, answer)

    on_server(check)


def test_13356_13016_requests_behind_a_declined_upgrade() -> None:
    """Each of them is answered once, and the body of the declined one is no request."""
    upgrade = (
        b"POST /declined HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        b"Content-Length: 18\r\n\r\nGET /x HTTP/1.1\r\n\r"
    )
    others = b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(60))

    async def check(connect: connecting) -> None:
        answer = await (await connect()).ask(upgrade + others + request(b"GET /last"))
        assert answer.count(b"HTTP/1.1 200 OK") == 62
        for number in range(60):
            assert answer.count(b"GET /%d http" % number) == 1

    on_server(check)


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        (b"", {"head_timeout": 0.1}, b""),
        (b"GET / HTTP/1.1\r\nHost:", {"head_timeout": 0.1}, b"HTTP/1.1 408"),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx",
            {"body_timeout": 0.1},
            b"HTTP/1.1 408",
        ),
    ],
)
def test_13681_the_first_request_has_a_deadline(
    data: bytes, options: dict[str, float], expected: bytes
) -> None:
    async def check(connect: connecting) -> None:
        answer = await (await connect()).ask(data)
        assert answer.startswith(expected)
        assert bool(answer) == bool(expected)

    on_server(check, lingering_timeout=0.1, **options)


def test_13501_bytes_behind_an_upgrade_wait_in_the_client() -> None:
    async def main() -> None:
        answers = asyncio.Event()

        async def late(request: web.Request) -> web.WebSocketResponse:
            await answers.wait()
            return await socket(request)

        async with serve(late) as connect:
            peer = await connect()
            peer.writer.write(upgrade_request() + bytes(32 * 2**20))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(peer.writer.drain(), 0.2)
            assert peer.writer.transport.get_write_buffer_size() > 16 * 2**20
            answers.set()
            peer.writer.transport.abort()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("domain", "host", "status"),
    [
        ("example.com", "example.com:8080", 200),
        ("example.com", "EXAMPLE.com", 200),
        ("*.example.com", "A.Example.COM:8080", 200),
        ("example.com:80", "example.com:8080", 404),
        ("example.com", "example.org", 404),
    ],
)
def test_13693_13943_domains(domain: str, host: str, status: int) -> None:
    subapp = web.Application()
    subapp.router.add_get("/x", see)
    app = web.Application()
    app.add_domain(domain, subapp)

    async def main() -> None:
        async with MemoryClient(app) as client:
            assert (await client.get("/x", headers={"Host": host})).status == status

    asyncio.run(main())


TEXT, CONTINUATION, PING, PONG = 1, 0, 9, 10


@pytest.mark.parametrize(
    ("number", "frames", "answers", "close"),
    [
        # A control frame with RSV1, which some clients set on each frame.
        (14007, [frame(PING, b"p", rsv=4)], [(PONG, b"p")], None),
        # Compressed data behind a control frame, and a control frame between fragments.
        (13274, [frame(PING, b"p"), frame(TEXT, b"\xca\x00\x00", rsv=4)], [(PONG, b"p")], None),
        (
            12988,
            [frame(TEXT, b"a", fin=False), frame(PING, b"p"), frame(CONTINUATION, b"b")],
            [(PONG, b"p"), (TEXT, b"got ab")],
            None,
        ),
        (13553, [frame(TEXT, b"a", fin=False), frame(TEXT, b"b")], [], 1002),
        (13415, [b"\x81\xff" + struct.pack("!Q", 2**63 - 1) + b"mask"], [], 1009),
        (12817, [frame(3, b"a")], [], 1002),
        (12817, [frame(PING, b"a" * 126)], [], 1002),
    ],
)
def test_websockets(
    number: int, frames: list[bytes], answers: list[tuple[int, bytes]], close: int | None
) -> None:
    async def check(connect: connecting) -> None:
        deflate = {"Sec_WebSocket_Extensions": "permessage-deflate"}
        peer = await open_websocket(connect, "/ws", **deflate)
        await peer.send(b"".join(frames))
        for answer in answers:
            opcode, data = await read_frame(peer)
            assert (opcode & 0x0F, data) == answer, number
        if close is not None:
            assert await read_close(peer) == close, number

    on_server(check)


@pytest.mark.parametrize(
    ("number", "value", "expected"),
    [
        (12948, "form-data; name=a; filename=", (None, {})),
        (12996, 'form-data ; name="field"', ("form-data", {"name": "field"})),
        (13002, 'form-data; \t name = "field"', ("form-data", {"name": "field"})),
        (13042, "attachment; filename*=unknown''x", ("attachment", {})),
    ],
)
@pytest.mark.filterwarnings("ignore::treadle.BadContentDispositionParam")
@pytest.mark.filterwarnings("ignore::treadle.BadContentDispositionHeader")
def test_content_disposition(number: int, value: str, expected: tuple[str, dict[str, str]]) -> None:
    assert parse_content_disposition(value) == expected, number
    assert content_disposition_filename({"filename": "a"}) == "a"


PART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n%s\r\n\r\n%s\r\n--b--\r\n'


@pytest.mark.parametrize(
    ("number", "part", "status", "text"),
    [
        (12794, PART % (b"Content-Length: +1", b"x"), 400, ""),
        (12794, PART % (b"Content-Length: 1_0", b"x"), 400, ""),
        (13758, PART % (b"Content-Length: 0", b""), 200, "b''"),
        (13509, PART % (b"Content-Transfer-Encoding: base64", b"eHl6"), 200, "b'xyz'"),
    ],
)
def test_parts(number: int, part: bytes, status: int, text: str) -> None:
    async def read(request: web.Request) -> web.Response:
        found = await (await request.multipart()).next()
        data: Any = found
        chunks = b""
        while chunk := await data.read_chunk(4):
            chunks += chunk
        return web.Response(text=repr(data.decode(chunks)))

    app = web.Application()
    app.router.add_post("/", read)

    async def main() -> None:
        async with MemoryClient(app) as client:
            headers = {"Content-Type": "multipart/mixed; boundary=b"}
            response = await client.post("/", data=part, headers=headers)
            assert response.status == status, number
            assert text in await response.text(), number

    asyncio.run(main())


def test_13870_a_separator_in_two_pieces() -> None:
    async def main() -> None:
        reader = StreamReader(None, 2**16)
        for piece in (b"one-", b"-two--three"):
            reader.feed_data(piece)
        reader.feed_eof()
        assert await reader.readuntil(b"--") == b"one--"
        assert await reader.readuntil(b"--") == b"two--"

    asyncio.run(main())


def test_12828_a_read_takes_what_was_there_when_it_began() -> None:
    class Refilling:
        """A reading side that feeds more as soon as it may."""

        reader: StreamReader
        pieces = 0

        def pause_reading(self) -> None: ...

        def resume_reading(self) -> None:
            if self.pieces < 100:
                self.pieces += 1
                self.reader.feed_data(b"x" * 100)

    async def main() -> None:
        side = Refilling()
        side.reader = StreamReader(side, 10)
        side.reader.feed_data(b"x" * 100)
        assert len(await side.reader.readany()) <= 200

    asyncio.run(main())


def test_12831_a_payload_is_closed_if_its_writing_fails() -> None:
    closed: list[bool] = []

    class Body(BytesPayload):
        async def write(self, writer: object) -> None:
            raise ConnectionResetError("the client has left")

        async def close(self) -> None:
            closed.append(True)

    async def main() -> None:
        response = web.Response(body=Body(b"x"))
        await response.prepare(make_mocked_request("GET", "/"))
        with pytest.raises(ConnectionResetError):
            await response.write_eof()

    asyncio.run(main())
    assert closed == [True]


def test_5303_a_fraction_of_a_second_is_not_lost() -> None:
    response = web.Response()
    response.last_modified = datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    assert response.headers["Last-Modified"] == "Thu, 01 Jan 2026 00:00:01 GMT"


def test_13716_6547_definitions_have_slots() -> None:
    for definition in (web.get("/", see), web.static("/s", ".")):
        assert not hasattr(definition, "__dict__")


def test_13580_units_have_no_case() -> None:
    made = make_mocked_request("GET", "/", headers={"Range": "Bytes=1-3"})
    assert made.http_range == slice(1, 4, 1)
