"""Responses to requests that were made by hand: fields, framing, and writers that wait."""

import asyncio

import pytest
from multidict import CIMultiDict

from testkit import FakeTransport, Run, request_head
from treadle_server import AbstractStreamWriter, ClientConnectionResetError
from treadle_server._http.interfaces import ResponseChannel
from treadle_server._http.writer_channel import WriterChannel


class Writer(AbstractStreamWriter):
    """Notes its calls; with ``waits`` each coroutine waits once."""

    def __init__(self, *, waits: bool = False) -> None:
        self.calls: list[object] = []
        self.headers: CIMultiDict[str] = CIMultiDict()
        self.waits = waits

    async def _note(self, *call: object) -> None:
        if self.waits:
            await asyncio.sleep(0)
        self.calls.append(call[0] if len(call) == 1 else call)

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        await self._note("write", bytes(chunk))

    async def write_eof(self, chunk: bytes = b"") -> None:
        await self._note("eof", chunk)

    async def drain(self) -> None:
        await self._note("drain")

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:
        self.calls.append("compress")

    def enable_chunking(self) -> None:
        self.calls.append("chunk")

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        self.headers = headers
        await self._note(status_line)


class Handler:
    def __init__(self, transport: asyncio.Transport | None) -> None:
        self.transport = transport


def channel_to(
    writer: Writer, *, method: str = "GET", version: str = "1.1", fields: str = ""
) -> WriterChannel:
    head = request_head(method, "/", fields, version)
    return WriterChannel(writer, Handler(FakeTransport()), head)


FIELDS = ("Date", "Server", "Connection", "Content-Length", "Transfer-Encoding")


@pytest.mark.parametrize(
    ("options", "status", "headers", "added", "length", "chunked"),
    [
        ({}, 200, {}, {"Transfer-Encoding": "chunked"}, None, True),
        ({}, 200, {"Content-Length": "3"}, {}, 3, False),
        ({}, 200, {"Transfer-Encoding": "chunked"}, {}, 0, True),
        ({}, 204, {}, {}, None, False),
        ({"method": "HEAD"}, 200, {}, {}, None, False),
        ({"method": "HEAD"}, 200, {"Transfer-Encoding": "chunked"}, {}, 0, False),
        ({"version": "1.0"}, 200, {}, {"Connection": "close"}, None, False),
        (
            {"version": "1.0", "fields": "Connection: keep-alive\r\n"},
            200,
            {"Content-Length": "3"},
            {"Connection": "keep-alive"},
            3,
            False,
        ),
        (
            {"fields": "Connection: close\r\n"},
            200,
            {"Content-Length": "3"},
            {"Connection": "close"},
            3,
            False,
        ),
    ],
)
def test_the_head(
    run: Run,
    options: dict[str, str],
    status: int,
    headers: dict[str, str],
    added: dict[str, str],
    length: int | None,
    chunked: bool,
) -> None:
    async def main() -> None:
        writer = Writer()
        channel = channel_to(writer, **options)
        channel.write_head(status, "Fine", CIMultiDict(headers), body_follows=True)
        version = options.get("version", "1.1")
        assert writer.calls[-1] == f"HTTP/{version} {status} Fine"
        assert ("chunk" in writer.calls) is chunked
        assert writer.length == length
        sent = dict(writer.headers)
        assert sent.pop("Date").endswith(" GMT")
        assert sent.pop("Server") == "treadle"
        assert sent == headers | added

    run(main())


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(("method", "body"), [("GET", b"abc"), ("HEAD", b"")])
def test_a_body(run: Run, waits: bool, method: str, body: bytes) -> None:
    async def main() -> None:
        writer = Writer(waits=waits)
        channel = channel_to(writer, method=method)
        interface: ResponseChannel = channel
        assert (interface.head_sent, interface.response_ended) == (False, False)
        assert interface.withdraw()
        channel.write_head(200, "OK", CIMultiDict({"Content-Length": "4"}), body_follows=False)
        assert (interface.head_sent, interface.withdraw()) == (True, False)
        await channel.write(b"abc")
        await channel.drain()
        await channel.write_eof(b"d")
        assert (interface.head_sent, interface.response_ended) == (False, True)
        written = [("write", body)] if body else []
        assert writer.calls == ["HTTP/1.1 200 OK", *written, "drain", ("eof", body and b"d")]

    run(main())


@pytest.mark.parametrize("waits", [False, True])
def test_a_whole_response(run: Run, waits: bool) -> None:
    async def main() -> None:
        writer = Writer(waits=waits)
        channel = channel_to(writer)
        channel.write_whole(404, None, b"A: b\r\nContent-Length: 3\r\n", b"abc")
        # What had to wait goes on with the next call.
        await channel.drain()
        assert writer.calls == ["HTTP/1.1 404 Not Found", ("eof", b"abc"), "drain"]
        assert writer.headers["A"] == "b"
        bodiless = channel_to(writer := Writer())
        bodiless.end_bodiless()
        assert writer.calls == [("eof", b"")]

    run(main())


def test_the_transport(run: Run) -> None:
    async def main() -> None:
        channel = channel_to(Writer())
        transport = channel.transport
        assert isinstance(transport, FakeTransport)
        assert not channel.is_lost
        channel.write_informational(103, [("Link", "</a>")])
        assert transport.written == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        assert await channel.run_blocking(lambda: 5) == 5
        waiting = asyncio.ensure_future(channel.wait_client_left())
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.wait([waiting])
        channel.fail(None)
        assert transport.calls == ["abort"]
        assert channel.client_left
        await channel.wait_client_left()
        channel.write_head(200, "OK", CIMultiDict(), body_follows=True)
        with pytest.raises(ValueError, match="The response has begun"):
            channel.write_informational(103)
        channel.protocol = None
        assert channel.transport is None
        channel.fail(None)
        channel.end_upgrade(linger=False)

    run(main())


def test_a_switch_needs_a_transport() -> None:
    head = request_head("GET", "/")
    channel = WriterChannel(Writer(), Handler(None), head)
    with pytest.raises(ClientConnectionResetError, match="has no transport"):
        channel.switch(CIMultiDict(), None)  # type: ignore[arg-type]  # it is not looked at
