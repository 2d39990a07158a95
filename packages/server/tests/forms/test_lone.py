"""``LonePart``: one part by hand, up to its boundary, with the rest put back."""

import pytest

from testkit import Run
from treadle_multipart import MalformedError, PartData, PartEnd
from treadle_server import StreamReader
from treadle_server._forms.lone import LonePart, length_of


class Content:
    """A stream of given pieces."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data = data
        self.size = size

    async def read(self, size: int) -> bytes:
        size = min(size, self.size)
        piece, self.data = self.data[:size], self.data[size:]
        return piece

    def unread_data(self, data: bytes) -> None:
        self.data = data + self.data


async def read(part: LonePart, found: list[bytes]) -> None:
    while type(event := await part.next()) is PartData:
        found.append(event.data)
    assert event == await part.next() == PartEnd()
    assert await part.ends_part()


async def read_all(part: LonePart) -> bytes:
    found: list[bytes] = []
    await read(part, found)
    return b"".join(found)


#: The content, its Content-Length, the data, and the bytes that another reader finds behind it.
PARTS = [
    (b"data\r\n--x--\r\n", "", b"data", b"--x--\r\n"),
    (b"data\r\n--x\r\nA: b\r\n\r\nmore", "", b"data", b"--x\r\nA: b\r\n\r\nmore"),
    (b"data\r\n--x\r\nno header", "", b"data", b"--x\r\nno header"),
    (b"data\r\n--x", "", b"data", b"--x"),
    (b"--x", "", b"", b"--x"),
    (b"\r\n--x", "", b"", b"--x"),
    (b"data\r\n--x--", "4", b"data", b"--x--"),
    (b"\r\n--x--", "0", b"", b"--x--"),
    (b"data\r\n", "4", b"data", b""),
    (b"a\r\n--x--\r\n\r\n--x", "10", b"a\r\n--x--\r\n", b"--x"),
]


@pytest.mark.parametrize(("body", "length", "data", "rest"), PARTS, ids=range(len(PARTS)))
def test_parts(run: Run, body: bytes, length: str, data: bytes, rest: bytes) -> None:
    async def main() -> None:
        for size in (1, 2, 5, 100):
            content = Content(body, size)
            assert await read_all(LonePart(b"--x", content, length)) == data
            assert content.data == rest
        # The reader of a request has the method too.
        stream = StreamReader(None, 2**16)
        stream.feed_data(body)
        stream.feed_eof()
        assert await read_all(LonePart("--x", stream, length)) == data
        assert await stream.read() == rest

    run(main())


MALFORMED = [
    (b"", "", b""),
    (b"data", "", b"data"),
    (b"data\r\n--", "", b"data\r\n--"),
    (b"data", "4", b"data"),
    (b"data\r", "4", b"data"),
    (b"dat", "4", b"dat"),
]


@pytest.mark.parametrize(("body", "length", "data"), MALFORMED)
def test_a_part_without_an_end(run: Run, body: bytes, length: str, data: bytes) -> None:
    async def main() -> None:
        for size in (1, 3, 100):
            part = LonePart(b"--x", Content(body, size), length)
            found: list[bytes] = []
            for _ in range(2):
                with pytest.raises(MalformedError, match="malformed"):
                    await read(part, found)
            # All the data came before the error.
            assert b"".join(found) == data

    run(main())


def test_a_length_that_is_not_that_of_the_part(run: Run) -> None:
    async def main() -> None:
        with pytest.raises(MalformedError, match="Content-Length or the part is malformed"):
            await read_all(LonePart(b"--x", Content(b"dataXX--x--", 100), "4"))

    run(main())


def test_the_end_is_known_with_the_last_data(run: Run) -> None:
    async def main() -> None:
        for body, length in ((b"data\r\n--x", ""), (b"data\r\n--x--", ""), (b"data\r\n--x", "4")):
            for size in (4, 7, 100):
                part = LonePart(b"--x", Content(body, size), length)
                assert await part.next() == PartData(b"data")
                ends = await part.ends_part()
                # A piece without the whole boundary tells only if the length says so.
                assert ends is (size > 7 or bool(length))
                assert await part.next() == PartEnd()
        part = LonePart(b"--x", Content(b"data\r\n--xy\r\n--x", 9), "")
        assert await part.next() == PartData(b"data")
        assert not await part.ends_part()
        assert await part.next() == PartData(b"\r\n--xy")

    run(main())


def test_a_bad_boundary() -> None:
    for length in ("", "4"):
        with pytest.raises(MalformedError, match="boundary"):
            LonePart(b"--" + b"x" * 71, None, length)


LENGTHS = [({}, ""), ({"Content-Length": 5}, "5"), ({"Content-Length": ""}, "")]


@pytest.mark.parametrize(("headers", "length"), LENGTHS)
def test_lengths(headers: dict[str, object], length: str) -> None:
    assert length_of(headers) == length


@pytest.mark.parametrize("length", ["-1", "+5", "1_0", " 5", "0x5", "\uff15"])
def test_malformed_lengths(length: str) -> None:
    with pytest.raises(MalformedError, match="invalid Content-Length"):
        length_of({"Content-Length": length})
