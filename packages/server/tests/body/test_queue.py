"""The bytes of a body that wait, beside a model that is one ``bytes``."""

import random
import time

import pytest

from treadle_server._body.queue import ByteQueue


def filled(pieces: list[bytes]) -> ByteQueue:
    queue = ByteQueue()
    for piece in pieces:
        queue.append(piece)
    return queue


def lines(queue: ByteQueue, separator: bytes) -> list[bytes]:
    found = []
    while queue.size:
        line = bytearray()
        while queue.size and not queue.move_line(separator, line):
            pass
        found.append(bytes(line))
    return found


@pytest.mark.parametrize("seed", range(50))
def test_takes_what_one_bytes_object_would_give(seed: int) -> None:
    random_ = random.Random(seed)
    pieces = [random_.randbytes(random_.randint(1, 9)) for _ in range(random_.randint(1, 9))]
    queue, model = filled(pieces), b"".join(pieces)
    taken = 0
    while model:
        limit = random_.choice([-1, 1, 2, 5, 30])
        data = queue.take(limit)
        expected = model if limit < 0 else model[:limit]
        assert data == expected
        model = model[len(expected) :]
        taken += len(expected)
        assert (queue.size, queue.taken) == (len(model), taken)


def test_a_whole_piece_is_handed_out_as_it_is() -> None:
    piece = bytes(1000)
    assert filled([piece]).take(-1) is piece


LARGE = bytes(64 * 1024)

#: Pieces, the bytes that are taken from them first, and what ``take_any`` then gives step by step.
ANY = [
    ([b"ab"], 0, [b"ab"]),
    ([b"ab", b"cd"], 1, [b"bcd"]),
    ([LARGE], 0, [LARGE]),
    ([LARGE, LARGE, b"ab", b"cd"], 0, [LARGE, LARGE, b"abcd"]),
    ([LARGE, b"ab"], 10, [LARGE[10:], b"ab"]),
    ([LARGE + b"ab", b"cd"], len(LARGE), [b"ab", b"cd"]),
    ([LARGE[1:], b"ab"], 0, [LARGE[1:] + b"ab"]),
]


@pytest.mark.parametrize(("pieces", "before", "expected"), ANY, ids=range(len(ANY)))
def test_large_pieces_are_not_joined(
    pieces: list[bytes], before: int, expected: list[bytes]
) -> None:
    queue = filled(pieces)
    if before:
        queue.take(before)
    found = []
    while queue.size:
        found.append(queue.take_any())
    assert found == expected
    assert queue.taken == sum(map(len, pieces))
    for piece in found:
        # A large piece was not copied.
        assert piece is LARGE or piece != LARGE


SPLITS = [
    [b"one\ntwo\n\nthree"],
    [b"one\n", b"two\n", b"\n", b"three"],
    [bytes([byte]) for byte in b"one\ntwo\n\nthree"],
    [b"on", b"e\ntwo", b"\n\nth", b"ree"],
]


@pytest.mark.parametrize("pieces", SPLITS, ids=["whole", "lines", "bytes", "odd"])
def test_lines(pieces: list[bytes]) -> None:
    assert lines(filled(pieces), b"\n") == [b"one\n", b"two\n", b"\n", b"three"]


@pytest.mark.parametrize("seed", range(50))
def test_long_separators_across_pieces(seed: int) -> None:
    random_ = random.Random(seed)
    body = bytes(random_.choices(b"ab-", k=40))
    cuts = sorted(random_.sample(range(1, 40), 6))
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, 40], strict=True)]
    expected = [line + b"ab-" for line in body.split(b"ab-")]
    expected[-1] = expected[-1][:-3]
    assert lines(filled(pieces), b"ab-") == [line for line in expected if line]


def test_chunks_end_where_they_were_ended() -> None:
    queue = ByteQueue()
    for piece, ended in ((b"a", True), (b"bc", False), (b"d", True), (b"e", False)):
        queue.append(piece)
        if ended:
            queue.end_chunk()
    assert queue.take_chunk() == (b"a", True)
    assert queue.take(1) == b"b"
    assert queue.take_chunk() == (b"cd", True)
    assert queue.take_chunk() == (b"e", False)


def test_pieces_without_chunks_come_one_by_one() -> None:
    whole = b"cd"
    queue = filled([b"ab", whole, b"e"])
    assert queue.take(1) == b"a"
    assert queue.take_chunk() == (b"b", False)
    chunk, _ = queue.take_chunk()
    assert chunk is whole
    assert queue.take_chunk() == (b"e", False)
    assert (queue.size, queue.taken) == (0, 5)


def test_the_ends_of_taken_chunks_are_forgotten() -> None:
    queue = ByteQueue()
    for _ in range(10):
        for _ in range(1000):
            queue.append(b"a")
            queue.end_chunk()
        assert queue.take(-1) == b"a" * 1000
    assert len(queue._chunk_ends or ()) <= 1
    queue.append(b"b")
    queue.end_chunk()
    assert queue.take_chunk() == (b"", True)
    assert queue.take_chunk() == (b"b", True)


def test_clear() -> None:
    queue = filled([b"abc", b"def"])
    queue.take(1)
    queue.clear()
    queue.append(b"ghi")
    assert (queue.size, queue.taken) == (3, 1)
    assert queue.take(-1) == b"ghi"


@pytest.mark.parametrize("separator", [b"\n", b"ab"])
def test_small_reads_of_a_large_piece_are_linear(separator: bytes) -> None:
    def seconds(size: int) -> float:
        pieces = [separator * (1000 // len(separator))] * (size // 1000)
        pieces.append(separator[:1] + b"x" * size)
        queue = filled(pieces)
        start = time.process_time()
        while queue.size:
            queue.move_line(separator, bytearray())
        queue = filled(pieces)
        while queue.size:
            queue.take(10)
        return time.process_time() - start

    # 4 is linear, 16 quadratic; of several measurements the best counts.
    ratios = []
    for _ in range(4):
        ratios.append(seconds(400_000) / seconds(100_000))
        if ratios[-1] < 8:
            break
    assert min(ratios) < 8, ratios
