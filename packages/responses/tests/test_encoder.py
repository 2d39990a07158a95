"""``BodyEncoder``, and the responses that use it: pieces stay in the order of their writes."""

import functools
import threading
import types
import zlib
from collections.abc import Callable, Coroutine, Generator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from treadle_responses import BytesPayload, ContentCoding, Response, StreamResponse
from treadle_responses._compressors import available_codings, make_compressor
from treadle_responses._encoder import BodyEncoder

Make = Callable[..., Any]
Task = Coroutine[Any, Any, object]
_T = TypeVar("_T")

SMALL = b"small"
LARGE = b"large" * 2000


def decoded(data: bytes) -> bytes:
    """Return the content of one whole gzip member; anything else is an error."""
    decoder = zlib.decompressobj(wbits=31)
    content = decoder.decompress(data)
    assert decoder.eof
    assert not decoder.unused_data
    return content


# The encoder.


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 1, 3), (3,), (1, 3), (2, 3)])
def test_a_call_encodes_all_before_its_own_piece(order: tuple[int, ...]) -> None:
    encoder = BodyEncoder(make_compressor("gzip"))
    numbers = [encoder.add(b"one"), encoder.add(b"two"), encoder.finish(b"three")]
    assert encoder.waiting == 3
    wire = b""
    for number in order:
        encoder.encode(numbers[number - 1])
        wire += encoder.take()
    assert encoder.waiting == 0
    assert encoder.take() == b""
    assert decoded(wire) == b"onetwothree"


def test_the_last_piece_is_queued_once() -> None:
    encoder = BodyEncoder(make_compressor("gzip"))
    assert encoder.finish(b"a") == encoder.finish(b"b") == 1
    encoder.encode(1)
    encoder.encode(1)
    assert decoded(encoder.take()) == b"a"


@pytest.mark.parametrize("coding", available_codings())
def test_many_threads(coding: str) -> None:
    encoder = BodyEncoder(make_compressor(coding))
    pieces = [bytes([65 + index % 26]) * (1 + index * 37 % 5000) for index in range(200)]
    numbers = [encoder.add(piece) for piece in pieces]
    start = threading.Barrier(8)

    def work(mine: list[int]) -> None:
        start.wait(10)
        for number in mine:
            encoder.encode(number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [numbers[index::8] for index in range(8)]))
    assert encoder.waiting == 0
    wire = encoder.take()
    plain = BodyEncoder(make_compressor(coding))
    for piece in pieces:
        plain.encode(plain.add(piece))
    assert wire == plain.take()


# Responses. A writer whose threads are run by the test, one call at a time.


@types.coroutine
def turn() -> Generator[None, None, None]:
    """Let other tasks run."""
    yield


class Broken(BaseException):
    """A cancellation, without an event loop."""


def advance(task: Task) -> bool:
    """Run a task to its next wait; True if it has ended."""
    try:
        task.send(None)
    except StopIteration:
        return True
    return False


def finish(task: Task) -> None:
    while not advance(task):
        pass


def run_steps(tasks: Mapping[str, Task], steps: str) -> set[str]:
    """Advance the named tasks in turn; return the names of those that have ended."""
    ended: set[str] = set()
    for name in steps:
        if name not in ended and advance(tasks[name]):
            ended.add(name)
    return ended


@pytest.fixture
def threaded(ask: Make) -> Make:
    """Make a request whose writer waits once before, and once behind, a blocking call."""

    async def run_blocking(call: Callable[[], _T], executor: Executor | None = None) -> _T:
        await turn()
        result = call()
        await turn()
        return result

    def make(**rest: Any) -> Any:
        request = ask(**rest)
        request.wire.run_blocking = run_blocking
        return request

    return make


@pytest.fixture
def response(threaded: Make) -> tuple[StreamResponse, Any]:
    """Return a prepared response that compresses, and its wire."""
    response = StreamResponse()
    response.enable_compression(ContentCoding.gzip)
    request = threaded()
    finish(response.prepare(request))
    return response, request.wire


# The pieces of each task, and the order in which the tasks run; a letter is one step.
SCHEDULES = [
    (LARGE, SMALL, "aaabbb"),
    (LARGE, SMALL, "abbb" + "aaa"),
    (LARGE, LARGE, "ab" + "ba" * 3),
    (LARGE, LARGE, "ab" + "bbb" + "aaa"),
    (SMALL, LARGE, "ab" + "bb"),
    (LARGE, LARGE, "aabbab"),
]


@pytest.mark.parametrize(("first", "second", "steps"), SCHEDULES)
def test_two_tasks_write(
    response: tuple[StreamResponse, Any], first: bytes, second: bytes, steps: str
) -> None:
    sent, wire = response
    tasks = {"a": sent.write(first), "b": sent.write(second)}
    ended = run_steps(tasks, steps)
    for name in "ab":
        if name not in ended:
            finish(tasks[name])
    finish(sent.write_eof(b"end"))
    assert decoded(wire.body) == first + second + b"end"
    assert sent.body_length == len(wire.body)


@pytest.mark.parametrize("steps", ["aee", "aeea", "aaeae", "aeae"])
def test_the_end_overtakes_no_piece(response: tuple[StreamResponse, Any], steps: str) -> None:
    sent, wire = response
    tasks = {"a": sent.write(LARGE), "e": sent.write_eof(LARGE)}
    ended = run_steps(tasks, steps)
    late = sent.write(b"late")
    with pytest.raises(RuntimeError, match=r"after write_eof\(\)"):
        advance(late)
    for name in "ea":
        if name not in ended:
            finish(tasks[name])
    assert decoded(wire.body) == LARGE + LARGE
    assert wire.calls.count("eof") == 1
    assert sent.eof_sent is True


def test_two_tasks_end(response: tuple[StreamResponse, Any]) -> None:
    sent, wire = response
    first, second = sent.write_eof(LARGE), sent.write_eof()
    advance(first)
    finish(second)
    finish(first)
    assert decoded(wire.body) == LARGE
    assert wire.calls.count("eof") == 1


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("end", [True, False])
def test_a_call_that_is_cancelled_loses_nothing(
    response: tuple[StreamResponse, Any], steps: int, end: bool
) -> None:
    sent, wire = response
    finish(sent.write(b"before"))
    task = sent.write_eof(LARGE) if end else sent.write(LARGE)
    for _ in range(steps):
        advance(task)
    with pytest.raises(Broken):
        task.throw(Broken())
    if not end:
        finish(sent.write(SMALL))
    finish(sent.write_eof())
    assert decoded(wire.body) == b"before" + LARGE + (b"" if end else SMALL)


def test_two_tasks_prepare(threaded: Make) -> None:
    request = threaded()
    response = Response(body=LARGE)
    response.enable_compression(ContentCoding.gzip)
    first, second = response.prepare(request), response.prepare(request)
    assert advance(first) is False
    with pytest.raises(RuntimeError, match="runs already, in another task"):
        advance(second)
    finish(first)
    finish(response.write_eof())
    assert request.wire.calls == ["hook", "head", "eof"]
    assert decoded(request.wire.body) == LARGE


class TwoPieces(BytesPayload):
    async def write(self, writer: Any) -> None:
        await writer.write(LARGE)
        await writer.write(SMALL)


def test_a_payload_is_written_once(threaded: Make) -> None:
    request = threaded()
    response = Response(body=TwoPieces(LARGE + SMALL))
    response.enable_compression(ContentCoding.gzip)
    finish(response.prepare(request))
    first = response.write_eof()
    advance(first)
    with pytest.raises(RuntimeError, match="has not sent all of the body"):
        advance(response.write_eof())
    finish(first)
    assert decoded(request.wire.body) == LARGE + SMALL
    advance(response.write_eof())


def test_small_pieces_take_no_thread(ask: Make, run: Make) -> None:
    request = ask()
    request.wire.run_blocking = functools.partial(pytest.fail, "a thread")
    response = StreamResponse()
    response.enable_compression(ContentCoding.gzip)
    run(response.prepare(request))
    for _ in range(3):
        run(response.write(SMALL))
    run(response.write_eof())
    assert decoded(request.wire.body) == SMALL * 3
