"""``PartStream``: any content, nothing read ahead, and failures that are raised again."""

from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace

import pytest

from testkit import Run
from treadle_multipart import End, MalformedError, MultipartParser, PartBegin, PartData, PartEnd
from treadle_server._forms.events import PartStream, source_of

BODY = b"--x\r\n\r\nabc\r\n--x--\r\n"


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    for piece in data:
        yield piece


class Readable:
    def __init__(self, data: bytes) -> None:
        self.data = data

    async def read(self, size: int) -> bytearray:
        piece, self.data = self.data[:size], self.data[size:]
        return bytearray(piece)


class ReadableAny(Readable):
    async def readany(self) -> bytes:
        return bytes(await self.read(7))


CONTENTS: dict[str, Callable[[], object]] = {
    "iterable": lambda: pieces(BODY[:9], b"", BODY[9:]),
    "read": lambda: Readable(BODY),
    "readany": lambda: ReadableAny(BODY),
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_contents(run: Run, kind: str) -> None:
    async def main() -> None:
        source = source_of(CONTENTS[kind]())
        data = b""
        while piece := await source():
            assert type(piece) is bytes
            data += piece
        assert data == BODY
        assert await source() == b""

    run(main())


def test_other_types_of_content() -> None:
    with pytest.raises(TypeError, match=r"SimpleNamespace: give a stream \(request\.content\)"):
        source_of(SimpleNamespace())


def test_events_come_one_by_one(run: Run) -> None:
    async def main() -> None:
        read = 0

        async def counted() -> bytes:
            nonlocal read
            read += 1
            return BODY if read == 1 else b""

        stream = PartStream(MultipartParser("x"), counted)
        begin = await stream.next()
        assert isinstance(begin, PartBegin)
        assert stream.begin is begin
        assert not await stream.ends_part()
        assert await stream.next() == PartData(b"abc")
        assert await stream.ends_part()
        assert await stream.next() == End()
        assert await stream.next() == End()
        assert not await stream.ends_part()
        # Nothing was read ahead.
        assert read == 1

    run(main())


ENDINGS = [
    (b"--", True),
    (b"--\r\n", True),
    (b"", False),
    (b"-", False),
    (b" \r", False),
]


@pytest.mark.parametrize(("ending", "complete"), ENDINGS)
def test_a_body_by_hand_may_end_behind_any_delimiter(
    run: Run, ending: bytes, complete: bool
) -> None:
    async def main() -> None:
        for by_hand in (True, False):
            data = iter([b"--x\r\n\r\nabc\r\n--x", ending])

            async def source(data: Iterator[bytes] = data) -> bytes:
                return next(data, b"")

            stream = PartStream(MultipartParser("x"), source, by_hand=by_hand)
            await stream.next()
            assert await stream.next() == PartData(b"abc")
            # Only a program's own reader waits for the end of the line.
            assert await stream.ends_part() is by_hand
            if by_hand:
                assert await stream.next() == End()
            elif complete:
                assert [await stream.next(), await stream.next()] == [PartEnd(), End()]
            else:
                with pytest.raises(MalformedError, match="before the final boundary"):
                    await stream.next()

    run(main())


CUT_OFF = [b"", b"--x\r\n\r\nabc", b"--x\r\n\r\nabc\r\n--", b"--x\r\n\r\nabc\r\n--x\r\n"]


@pytest.mark.parametrize("body", CUT_OFF)
def test_a_body_by_hand_must_not_be_cut_off_elsewhere(run: Run, body: bytes) -> None:
    async def main() -> None:
        stream = PartStream(MultipartParser("x"), source_of(pieces(body)), by_hand=True)
        with pytest.raises(MalformedError):
            [await stream.next() for _ in range(4)]

    run(main())


def test_a_line_that_only_looks_like_a_delimiter_ends_no_part(run: Run) -> None:
    async def main() -> None:
        content = pieces(b"--x\r\n\r\nabc\r\n--x", b"y\r\n--x--")
        stream = PartStream(MultipartParser("x"), source_of(content), by_hand=True)
        await stream.next()
        assert await stream.next() == PartData(b"abc")
        assert not await stream.ends_part()
        assert await stream.next() == PartData(b"\r\n--xy")
        assert await stream.ends_part()

    run(main())


def test_a_failure_stays(run: Run) -> None:
    async def main() -> None:
        async def nothing() -> bytes:
            return b""

        stream = PartStream(MultipartParser("x"), nothing)
        for _ in range(2):
            with pytest.raises(MalformedError, match="no line --x"):
                await stream.next()
        stream = PartStream(MultipartParser("x"), nothing, lambda error: KeyError(error.status))
        for _ in range(2):
            with pytest.raises(KeyError, match="400"):
                await stream.next()

    run(main())
