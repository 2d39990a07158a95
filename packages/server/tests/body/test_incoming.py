"""The body of the request under way: read, failed, dropped."""

import asyncio

import pytest

from testkit import FakeTransport, Run
from treadle_http_parser import Data, EndOfMessage, Request, ServerConnection
from treadle_server import ServerConfig
from treadle_server._body.incoming import IncomingBody
from treadle_server._http.streams import OpenStreams
from treadle_server._http.writer import StreamWriter
from treadle_server._transport.flow import FlowControl

HEAD = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n{}\r\n"


class Defaults:
    head_block, date, server_header, write_timeout = b"", "now", None, 1.0
    streams: OpenStreams


class Setup:
    def __init__(self, fields: str = "", **options: int) -> None:
        self.transport = FakeTransport()
        core = ServerConnection()
        flow = FlowControl(self.transport)
        writer = StreamWriter(core, flow, self.transport, Defaults(), lambda _upgraded: None)
        self.awaited = 0
        self.incoming = IncomingBody(ServerConfig(**options), flow, writer, self.count)  # type: ignore[arg-type]  # sizes only
        head = core.receive_data(HEAD.format(fields).encode())[0]
        assert isinstance(head, Request)
        self.reader = self.incoming.open(head)

    def count(self) -> None:
        self.awaited += 1


def test_a_body_is_fed_to_its_reader_until_its_end() -> None:
    setup = Setup()
    setup.incoming.feed(Data(b"abc"))
    assert setup.incoming.reader is setup.reader
    setup.incoming.end(EndOfMessage())
    assert setup.incoming.reader is None
    assert setup.reader.take_whole() == b"abc"
    # The end of a request without a body.
    setup.incoming.end(EndOfMessage())


def test_the_end_of_a_body_resumes_reading() -> None:
    setup = Setup(read_bufsize=2)
    setup.incoming.feed(Data(b"abc"))
    assert setup.transport.calls == ["pause_reading"]
    setup.incoming.end(EndOfMessage())
    assert setup.transport.calls == ["pause_reading", "resume_reading"]


def test_a_failure_reaches_the_reader_once() -> None:
    setup = Setup()
    setup.incoming.fail(ValueError("first"))
    setup.incoming.fail(ValueError("second"))
    assert str(setup.reader.exception()) == "first"
    assert setup.incoming.reader is None


def test_each_wait_of_the_handler_is_told(run: Run) -> None:
    async def main() -> None:
        setup = Setup("Expect: 100-continue\r\n")
        for size in (2, 3):
            reading = asyncio.ensure_future(setup.reader.readany())
            await asyncio.sleep(0)
            setup.incoming.feed(Data(bytes(size)))
            assert await reading == bytes(size)
        assert setup.awaited == 2
        assert setup.transport.written.count(b"100 Continue") == 1
        setup.incoming.release()
        reading = asyncio.ensure_future(setup.reader.readany())
        await asyncio.sleep(0)
        setup.incoming.fail(ValueError("lost"))
        with pytest.raises(ValueError, match="lost"):
            await reading
        assert setup.awaited == 2

    run(main())


def test_a_dropped_body_takes_no_memory() -> None:
    setup = Setup(read_bufsize=10)
    setup.incoming.feed(Data(b"x" * 9))
    setup.incoming.discard()
    setup.incoming.feed(Data(b"x" * 80))
    assert setup.reader.total_bytes == 0
    assert "pause_reading" not in setup.transport.calls
    setup.incoming.end(EndOfMessage())
    assert setup.incoming.reader is None


@pytest.mark.parametrize(
    ("fields", "options", "decodes"),
    [
        ("", {}, False),
        ("Content-Encoding: identity\r\n", {}, False),
        ("Content-Encoding: gzip\r\n", {}, True),
        ("Content-Encoding: gzip\r\n", {"auto_decompress": False}, False),
    ],
)
def test_coded_bodies(fields: str, options: dict[str, int], decodes: bool) -> None:
    setup = Setup(fields, **options)
    setup.incoming.feed(Data(b"no gzip"))
    setup.incoming.end(EndOfMessage())
    assert (setup.reader.take_whole() is None) == decodes
