"""``request.writer``: a channel under the names of an ``AbstractStreamWriter``."""

import pytest
from multidict import CIMultiDict

from testkit import FakeChannel, Run
from treadle_server import AbstractStreamWriter
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


@pytest.mark.parametrize("line", ["HTTP/1.1", "HTTP/1.1 abc OK", ""])
def test_a_status_line_that_is_none(run: Run, line: str) -> None:
    async def main() -> None:
        with pytest.raises(ValueError, match="is not a status line such as"):
            await PayloadWriter(FakeChannel()).write_headers(line, CIMultiDict())

    run(main())


def test_it_does_not_compress() -> None:
    with pytest.raises(RuntimeError, match=r"call enable_compression\(\) of the response"):
        PayloadWriter(FakeChannel()).enable_compression("gzip")
