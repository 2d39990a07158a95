"""``StreamReader`` without a connection: fed by the test, read by the test."""

import asyncio
import gzip
from collections.abc import Awaitable, Callable

import pytest

from testkit import run_on
from treadle_http_parser import Fields
from treadle_server import PayloadAccessError, RequestPayloadError, StreamReader
from treadle_server._body.stream import EMPTY_PAYLOAD, RequestBody

run = run_on("asyncio")

LARGE = bytes(64 * 1024)


class Flow:
    """A connection's reading side that notes what it was told."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause_reading(self) -> None:
        self.calls.append("pause")

    def resume_reading(self) -> None:
        self.calls.append("resume")


def fed(*pieces: bytes, high: int = 1000, eof: bool = True, chunked: bool = False) -> RequestBody:
    reader = RequestBody(Flow(), high)
    for piece in pieces:
        reader.feed(piece, chunked)
    if eof:
        reader.end()
    return reader


Read = Callable[[RequestBody], Awaitable[object]]


async def all_of(reader: RequestBody) -> list[bytes]:
    return [line async for line in reader]


async def pieces(reader: RequestBody) -> list[bytes]:
    return [piece async for piece in reader.iter_any()]


async def threes(reader: RequestBody) -> list[bytes]:
    return [piece async for piece in reader.iter_chunked(3)]


async def chunks(reader: RequestBody) -> list[tuple[bytes, bool]]:
    return [chunk async for chunk in reader.iter_chunks()]


#: A way to read ``ab\n`` ``cd`` ``e\n``, and what it gives.
READS: list[tuple[Read, object]] = [
    (lambda reader: reader.read(), b"ab\ncde\n"),
    (lambda reader: reader.read(0), b""),
    (lambda reader: reader.read(4), b"ab\nc"),
    (lambda reader: reader.read(100), b"ab\ncde\n"),
    (lambda reader: reader.readany(), b"ab\ncde\n"),
    (lambda reader: reader.readexactly(4), b"ab\nc"),
    (lambda reader: reader.readline(), b"ab\n"),
    (lambda reader: reader.readuntil(b"d"), b"ab\ncd"),
    (lambda reader: reader.readuntil(b"de"), b"ab\ncde"),
    (lambda reader: reader.readuntil(b"nix"), b"ab\ncde\n"),
    # Without HTTP chunks, piece by piece as in aiohttp.
    (lambda reader: reader.readchunk(), (b"ab\n", False)),
    (all_of, [b"ab\n", b"cde\n"]),
    (pieces, [b"ab\ncde\n"]),
    (threes, [b"ab\n", b"cde", b"\n"]),
    (chunks, [(b"ab\n", False), (b"cd", False), (b"e\n", False)]),
]


@pytest.mark.parametrize(("read", "expected"), READS, ids=range(len(READS)))
def test_reading_a_body_that_has_arrived(read: Read, expected: object) -> None:
    async def main() -> None:
        assert await read(fed(b"ab\n", b"cd", b"e\n")) == expected

    run(main())


#: As above, for a reader that is there before the bytes are; pieces then come one by one.
LATE: list[tuple[Read, object]] = [
    (lambda reader: reader.read(), b"ab\ncde\n"),
    (lambda reader: reader.read(4), b"ab\n"),
    (lambda reader: reader.readexactly(4), b"ab\nc"),
    (lambda reader: reader.readuntil(b"de"), b"ab\ncde"),
    (all_of, [b"ab\n", b"cde\n"]),
    (pieces, [b"ab\n", b"cd", b"e\n"]),
    (chunks, [(b"ab\n", True), (b"cd", True), (b"e\n", True)]),
]


@pytest.mark.parametrize(("read", "expected"), LATE, ids=range(len(LATE)))
def test_reading_a_body_that_arrives(read: Read, expected: object) -> None:
    async def main() -> None:
        reader = fed(eof=False)
        reading = asyncio.ensure_future(read(reader))
        for piece in (b"ab\n", b"cd", b"e\n"):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            reader.feed(piece, True)
        await asyncio.sleep(0)
        reader.end()
        assert await reading == expected

    run(main())


def test_an_early_end_of_readexactly() -> None:
    async def main() -> None:
        with pytest.raises(asyncio.IncompleteReadError) as caught:
            await fed(b"abc").readexactly(5)
        assert (caught.value.partial, caught.value.expected) == (b"abc", 5)

    run(main())


WRONG: list[tuple[Read, type[Exception], str]] = [
    (lambda reader: reader.readuntil(b""), ValueError, "Separator should be at least one-byte"),
    (lambda reader: reader.readuntil(b"x", max_size=3), ValueError, "more than 3 bytes .*b'abcdef"),
    (lambda reader: reader.readline(max_line_length=2), ValueError, "Got more than 2 bytes when"),
]


@pytest.mark.parametrize(("read", "error", "text"), WRONG, ids=["empty", "long", "line"])
def test_separators_that_cannot_be_found(read: Read, error: type[Exception], text: str) -> None:
    async def main() -> None:
        with pytest.raises(error, match=text):
            await read(fed(b"abcdef"))

    run(main())


@pytest.mark.parametrize(("size", "pieces"), [(0, []), (-1, [b"abc"]), (2, [b"ab", b"c"])])
def test_sizes_of_iter_chunked(size: int, pieces: list[bytes]) -> None:
    async def main() -> None:
        assert [piece async for piece in fed(b"abc").iter_chunked(size)] == pieces

    run(main())


# Fed by hand, as programs for aiohttp do.


def by_hand(limit: int = 2, *pieces: bytes) -> tuple[StreamReader, Flow]:
    flow = Flow()
    reader = StreamReader(flow, limit, timer=None, loop=None)
    for piece in pieces:
        assert reader.feed_data(piece, 17) is False
    return reader, flow


def test_a_body_by_hand_pauses_above_twice_the_limit() -> None:
    async def main() -> None:
        reader, flow = by_hand(2, b"abcd")
        assert reader.get_read_buffer_limits() == (2, 4)
        assert flow.calls == []
        reader.feed_data(b"e")
        assert flow.calls == ["pause"]
        await reader.read(3)
        assert flow.calls == ["pause"]
        await reader.read(1)
        assert flow.calls == ["pause", "resume"]
        reader.set_read_chunk_size(1)
        assert reader.get_read_buffer_limits() == (2, 4)
        reader.set_read_chunk_size(8)
        assert reader.get_read_buffer_limits() == (8, 16)
        reader.feed_eof()
        assert await reader.read() == b"e"
        with pytest.raises(AssertionError, match="feed_data after feed_eof"):
            reader.feed_data(b"x")

    run(main())


def test_an_exception_by_hand_counts_at_once() -> None:
    async def main() -> None:
        reader, _ = by_hand(10, b"abc")
        cause = KeyError("x")
        reader.set_exception(ValueError("first"), cause)
        with pytest.raises(ValueError, match="first") as caught:
            await reader.read(1)
        assert caught.value.__cause__ is cause
        reader.set_exception(TypeError("second"))
        with pytest.raises(TypeError, match="second"):
            reader.read_nowait()

    run(main())


def test_chunks_by_hand() -> None:
    async def main() -> None:
        reader, _ = by_hand(10)
        with pytest.raises(RuntimeError, match="without calling begin_chunk_receiving first"):
            reader.end_http_chunk_receiving()
        for piece in (b"abc", b"", b"de"):
            reader.begin_http_chunk_receiving()
            reader.feed_data(piece)
            reader.end_http_chunk_receiving()
        assert await reader.read(3) == b"abc"
        assert await reader.readchunk() == (b"", True)
        reading = asyncio.ensure_future(reader.readchunk())
        assert await reading == (b"de", True)
        reading = asyncio.ensure_future(reader.readchunk())
        await asyncio.sleep(0)
        reader.feed_data(b"f")
        assert await reading == (b"f", False)
        reading = asyncio.ensure_future(reader.readchunk())
        await asyncio.sleep(0)
        reader.end_http_chunk_receiving()
        assert await reading == (b"", True)
        reader.feed_eof()
        assert await reader.readchunk() == (b"", False)
        late, _ = by_hand(10, b"abc")
        with pytest.raises(RuntimeError, match="when some data was already fed"):
            late.begin_http_chunk_receiving()

    run(main())


def test_bytes_that_are_put_back() -> None:
    async def main() -> None:
        reader, _ = by_hand(10, b"abc", b"def")
        assert await reader.read(2) == b"ab"
        with pytest.warns(DeprecationWarning, match=r"^unread_data\(\) is deprecated"):
            reader.unread_data(b"ab")
        assert reader.total_bytes == 6
        reader.feed_eof()
        assert await reader.read() == b"abcdef"

    run(main())


@pytest.mark.parametrize(
    ("reader", "text"),
    [
        (by_hand(2**18, b"abc")[0], "<StreamReader 3 bytes>"),
        (by_hand(1)[0], "<StreamReader low=1 high=2>"),
        (EMPTY_PAYLOAD, "<EmptyStreamReader>"),
    ],
)
def test_repr(reader: StreamReader, text: str) -> None:
    assert repr(reader) == text
    failed, _ = by_hand(2**18)
    failed.set_exception(KeyError("x"))
    assert repr(failed) == "<StreamReader e=KeyError('x')>"


def test_reading_pauses_above_the_mark_and_goes_on_below_half_of_it() -> None:
    async def main() -> None:
        flow = Flow()
        reader = RequestBody(flow, 10)
        reader.feed(b"x" * 10)
        assert flow.calls == []
        reader.feed(b"x")
        assert flow.calls == ["pause"]
        await reader.read(5)
        assert flow.calls == ["pause"]
        await reader.read(1)
        assert flow.calls == ["pause", "resume"]

    run(main())


def test_a_body_that_has_arrived_asks_nothing_of_the_connection() -> None:
    async def main() -> None:
        flow = Flow()
        reader = RequestBody(flow, 10)
        reader.feed(b"x" * 8)
        reader.end()
        await reader.read()
        assert flow.calls == []
        assert reader.at_eof()

    run(main())


#: A way to read ``LARGE`` ``LARGE`` ``end``, and what it gives.
LARGE_READS: list[tuple[Read, object]] = [
    (lambda reader: reader.readany(), LARGE),
    (pieces, [LARGE, LARGE, b"end"]),
    (lambda reader: reader.read(), LARGE + LARGE + b"end"),
    (lambda reader: reader.read(len(LARGE) + 1), LARGE + b"\0"),
]


@pytest.mark.parametrize(("read", "expected"), LARGE_READS, ids=range(len(LARGE_READS)))
def test_large_pieces_come_as_they_arrived(read: Read, expected: object) -> None:
    async def main() -> None:
        assert await read(fed(LARGE, LARGE, b"end")) == expected

    run(main())


def test_a_large_piece_is_not_copied() -> None:
    async def main() -> None:
        reader = fed(LARGE, LARGE, b"end")
        assert await reader.readany() is LARGE
        assert await anext(reader.iter_any()) is LARGE

    run(main())


def test_reading_goes_on_when_enough_large_pieces_were_taken() -> None:
    async def main() -> None:
        flow = Flow()
        reader = RequestBody(flow, len(LARGE))
        reader.feed(LARGE)
        reader.feed(LARGE)
        await reader.readany()
        assert flow.calls == ["pause"]
        await reader.readany()
        assert flow.calls == ["pause", "resume"]

    run(main())


def test_an_error_comes_behind_the_bytes_before_it() -> None:
    async def main() -> None:
        reader = fed(b"abc", eof=False)
        reader.fail(RequestPayloadError("broken"))
        reader.fail(ValueError("the second one is ignored"))
        assert await reader.readany() == b"abc"
        for _ in range(2):
            with pytest.raises(RequestPayloadError, match="broken"):
                await reader.readany()
        assert isinstance(reader.exception(), RequestPayloadError)

    run(main())


def test_an_error_wakes_the_reader() -> None:
    async def main() -> None:
        reader = fed(eof=False)
        reading = asyncio.ensure_future(reader.readany())
        await asyncio.sleep(0)
        assert reader.waiting
        reader.fail(RequestPayloadError("broken"))
        with pytest.raises(RequestPayloadError):
            await reading
        assert not reader.waiting

    run(main())


def test_one_task_reads_at_a_time() -> None:
    async def main() -> None:
        reader = fed(eof=False)
        first = asyncio.ensure_future(reader.readany())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="called while another coroutine is already"):
            await reader.readany()
        with pytest.raises(RuntimeError, match="Called while some coroutine is waiting"):
            reader.read_nowait()
        reader.feed(b"x")
        assert await first == b"x"

    run(main())


def test_before_each_wait() -> None:
    async def main() -> None:
        calls: list[str] = []
        reader = RequestBody(None, 10, lambda: calls.append("100"))
        reader.feed(b"a")
        await reader.readany()
        assert calls == []
        for _ in range(2):
            asyncio.get_running_loop().call_soon(reader.feed, b"b")
            await reader.readany()
        assert calls == ["100", "100"]
        # A body that has ended keeps nothing of the connection.
        reader.end()
        assert await reader.readany() == b""
        assert calls == ["100", "100"]

    run(main())


def test_a_body_that_is_dropped() -> None:
    async def main() -> None:
        flow = Flow()
        reader = RequestBody(flow, 10)
        reader.feed(b"x" * 20)
        reader.discard()
        reader.feed(b"more")
        assert flow.calls == ["pause", "resume"]
        assert reader.total_bytes == 0
        with pytest.raises(PayloadAccessError, match="its response was already sent"):
            await reader.read()

    run(main())


def test_reading_without_waiting() -> None:
    reader = fed(b"abc", eof=False)
    assert reader.read_nowait(2) == b"ab"
    assert reader.read_nowait() == b"c"
    assert reader.read_nowait() == b""
    reader.fail(RequestPayloadError("broken"))
    with pytest.raises(RequestPayloadError):
        reader.read_nowait()


def test_take_whole_is_for_bodies_that_have_arrived() -> None:
    assert fed(b"ab", b"c").take_whole() == b"abc"
    assert fed().take_whole() == b""
    assert fed(b"abc", eof=False).take_whole() is None
    assert RequestBody.whole(b"abc").take_whole() == b"abc"


def test_decodes_tells_of_a_coding_that_reads_undo() -> None:
    assert not fed(b"abc").decodes
    assert not RequestBody.whole(b"abc").decodes
    reader = fed(eof=False)
    reader.decode("gzip", 100)
    assert reader.decodes


def test_counts() -> None:
    reader = fed(b"abc", b"de", eof=False)
    assert (reader.total_bytes, reader.total_raw_bytes) == (5, 5)
    assert reader.read_nowait(4) == b"abcd"
    assert (reader.total_bytes, reader.total_raw_bytes) == (5, 5)
    assert not reader.is_eof()
    reader.end(((b"X-Sum", b"5"),))
    assert reader.is_eof()
    assert not reader.at_eof()
    assert reader.read_nowait() == b"e"
    assert reader.at_eof()
    trailers: Fields = ((b"X-Sum", b"5"),)
    assert reader.trailers == trailers


def test_waiting_for_the_end() -> None:
    async def main() -> None:
        reader = fed(b"abc", eof=False, high=10)
        asyncio.get_running_loop().call_soon(reader.end)
        await reader.wait_eof()
        assert await reader.read() == b"abc"
        full = fed(b"x" * 11, eof=False, high=10)
        with pytest.raises(RuntimeError, match="11 bytes fill the read buffer of 10"):
            await full.wait_eof()

    run(main())


def test_the_empty_body_stays_empty() -> None:
    async def main() -> None:
        assert await EMPTY_PAYLOAD.read() == b""
        assert EMPTY_PAYLOAD.at_eof()
        EMPTY_PAYLOAD.discard()
        EMPTY_PAYLOAD.set_exception(ValueError("ignored"))
        assert await EMPTY_PAYLOAD.read() == b""

    run(main())


def test_a_reader_that_never_waits_gives_others_their_turn() -> None:
    async def main() -> None:
        reader = fed(*[b"x"] * 3000)
        turns = 0

        def turn() -> None:
            nonlocal turns
            turns += 1
            asyncio.get_running_loop().call_soon(turn)

        asyncio.get_running_loop().call_soon(turn)
        while await reader.read(1):
            pass
        assert turns >= 2

    run(main())


def test_a_coded_body_pauses_by_its_coded_size() -> None:
    async def main() -> None:
        data = gzip.compress(bytes(100_000), mtime=0)
        flow = Flow()
        reader = RequestBody(flow, len(data) - 1)
        reader.decode("gzip", 0)
        reader.feed(data)
        assert flow.calls == ["pause"]
        reader.end()
        assert await reader.read() == bytes(100_000)

    run(main())
