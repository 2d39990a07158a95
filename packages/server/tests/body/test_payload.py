"""The body of a request as the body of a response."""

import asyncio

from treadle_responses import Response, get_payload
from treadle_server import StreamReader, StreamReaderPayload


async def _fed(data: bytes) -> StreamReader:
    reader = StreamReader(None, 2**16)
    reader.feed_data(data)
    reader.feed_eof()
    return reader


def test_a_body_is_sent_on_in_pieces_and_not_in_lines() -> None:
    # A line of this length is refused: there is no newline in it.
    data = b"x" * 200_000

    async def main() -> bytes:
        payload = get_payload(await _fed(data), content_type="text/a")
        assert isinstance(payload, StreamReaderPayload)
        assert (payload.size, payload.content_type) == (None, "text/a")
        return await payload.as_bytes()

    assert asyncio.run(main()) == data


def test_a_response_takes_it() -> None:
    async def main() -> object:
        return Response(body=await _fed(b"")).body

    assert isinstance(asyncio.run(main()), StreamReaderPayload)
