"""``request.writer``: a channel under the names of an ``AbstractStreamWriter``."""

import pytest
from multidict import CIMultiDict

from testkit import FakeChannel, Link, Run, run_link, turns
from treadle_responses import Response
from treadle_server import AbstractStreamWriter, BaseRequest
from treadle_server._http.payload_writer import PayloadWriter


def test_a_response(run: Run) -> None:
    async def main() -> None:
        channel = FakeChannel()
        writer: AbstractStreamWriter = PayloadWriter(channel)
        assert (writer.length, writer.output_size) == (None, 0)
        writer.enable_chunking()
        await writer.write_headers("HTTP/1.1 201 Made it", CIMultiDict(A="b"))
        writer.send_headers()
        assert writer.output_size > 0
        await writer.write(b"abc")
        await writer.drain()
        await writer.write_eof(b"d")
        assert (channel.status, channel.body, channel.ended) == (201, b"abcd", True)
        assert ("A", "b") in channel.fields
        assert isinstance(writer, PayloadWriter)
        assert writer.transport is channel.connected

    run(main())


@pytest.mark.parametrize(
    ("head", "sent"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n", [100]),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", [103]),
    ],
)
def test_an_answer_to_expect(run: Run, head: bytes, sent: list[int]) -> None:
    async def main() -> None:
        channel = FakeChannel()
        writer = PayloadWriter(channel)
        await writer.write(head)
        assert (channel.informational, writer.output_size) == (sent, 0)

    run(main())


@pytest.mark.parametrize("line", ["HTTP/1.1", "HTTP/1.1 abc OK", ""])
def test_a_status_line_that_is_none(run: Run, line: str) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="is not a status line such as"):
            await PayloadWriter(FakeChannel()).write_headers(line, CIMultiDict())

    run(main())


def test_it_does_not_compress() -> None:
    with pytest.raises(RuntimeError, match=r"call enable_compression\(\) of the response"):
        PayloadWriter(FakeChannel()).enable_compression("gzip")


def test_the_server_sends_no_second_100() -> None:
    async def handler(request: BaseRequest) -> Response:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return Response(body=await request.read())

    async def play(link: Link) -> None:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        link.feed(head)
        await turns()
        assert link.transport.written == b"HTTP/1.1 100 Continue\r\n\r\n"
        link.feed(b"hi")
        await turns()
        assert link.transport.written.count(b"100 Continue") == 1
        assert link.transport.written.endswith(b"\r\n\r\nhi")
        assert b"Connection: close" not in link.transport.written

    run_link(play, handler)
