"""Files and iterables as bodies: read in pieces, closed on every path."""

import io
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from treadle_responses import (
    AsyncIterablePayload,
    BufferedReaderPayload,
    BytesIOPayload,
    IOBasePayload,
    IteratorPayload,
    Response,
    TextIOPayload,
)

Make = Callable[..., Any]
DATA = bytes(range(256)) * 2048  # twice the size of a piece


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "r\xe9sum\xe9.pdf"
    path.write_bytes(DATA)
    return path


def test_bytes_io(run: Make) -> None:
    file = io.BytesIO(DATA)
    file.read(10)
    payload = BytesIOPayload(file)
    assert (payload.size, payload.autoclose) == (len(DATA) - 10, True)
    assert payload.decode("latin-1") == DATA[10:].decode("latin-1")
    for _ in range(2):
        assert run(payload.as_bytes()) == DATA[10:]
        assert payload.decode("latin-1") == DATA[10:].decode("latin-1")
        assert not payload.consumed
    assert not file.closed


def test_a_file(run: Make, ask: Make, path: Path) -> None:
    file = path.open("rb")
    file.read(10)
    payload = BufferedReaderPayload(file)
    assert (payload.size, payload.autoclose) == (len(DATA) - 10, False)
    assert payload.content_type == "application/pdf"
    assert payload.filename == path.name
    assert "filename*=UTF-8''r%C3%A9sum%C3%A9.pdf" in payload.headers["Content-Disposition"]
    # As with aiohttp, it can be written again until it is closed, from where it began.
    for limit, expected in ((None, DATA[10:]), (None, DATA[10:]), (5, DATA[10:15])):
        wire = ask().wire
        run(payload.write_with_length(wire, limit))
        assert wire.body == expected
        assert run(payload.as_bytes()) == DATA[10:]
        assert payload.decode("latin-1") == DATA[10:].decode("latin-1")
        assert (payload.size, payload.consumed) == (len(DATA) - 10, False)
    for _ in range(2):
        run(payload.close())
        assert (file.closed, payload.consumed) == (True, True)
    with pytest.raises(TypeError, match="is a stream"):
        payload.decode()
    with pytest.raises(RuntimeError, match="or it was closed"):
        run(payload.as_bytes())


def test_a_file_without_a_name(run: Make) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"abc")
        file.seek(0)
        # A number on some systems, which names nothing.
        payload = IOBasePayload(file, disposition=None)
        assert "Content-Disposition" not in payload.headers
        assert run(payload.as_bytes()) == b"abc"


def test_a_pipe_has_no_size(run: Make) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"abc")
    os.close(writer)
    payload = IOBasePayload(os.fdopen(reader, "rb", buffering=0))
    assert (payload.size, payload.filename) == (None, None)
    assert not payload.consumed
    assert run(payload.as_bytes()) == b"abc"
    # aiohttp writes nothing the second time.
    assert payload.consumed
    with pytest.raises(RuntimeError, match="a stream is read once"):
        run(payload.as_bytes())
    run(payload.close())


class LikeAFile:
    """Has the least of a file."""

    def __init__(self, *, tells: bool) -> None:
        self.left = [b"abc", b"def"]
        self.tells = tells

    def tell(self) -> int:
        if self.tells:
            return 0
        raise OSError("cannot tell")

    def read(self, size: int) -> bytes:
        return self.left.pop(0) if self.left else b""


@pytest.mark.parametrize("tells", [True, False])
def test_an_object_like_a_file(run: Make, tells: bool) -> None:
    file: Any = LikeAFile(tells=tells)
    payload = IOBasePayload(file)
    assert payload.size is None
    assert run(payload.as_bytes()) == b"abcdef"
    run(payload.close())
    assert payload.consumed


class SeekReturnsNothing(io.BytesIO):
    def seek(self, position: int, whence: int = 0) -> int:
        super().seek(position, whence)
        nothing: Any = None
        return nothing  # type: ignore[no-any-return]  # the quirk under test


def test_a_file_that_does_not_return_its_position(run: Make) -> None:
    file = SeekReturnsNothing(b"abc")
    payload = IOBasePayload(file)
    assert payload.size == 3
    assert run(payload.as_bytes()) == b"abc"


def test_text(run: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("\xfc\n", "utf-16")
    with path.open(encoding="utf-16") as file:
        payload = TextIOPayload(file)
        assert (payload.size, payload.content_type) == (None, "text/plain; charset=utf-8")
        for _ in range(2):
            assert run(payload.as_bytes()) == b"\xc3\xbc\n"
    with path.open(encoding="utf-16") as file:
        latin = TextIOPayload(file, encoding="latin-1", disposition=None)
        # The charset of the payload wins, as in aiohttp.
        assert run(latin.as_bytes("utf-8")) == b"\xfc\n"


def test_reads_are_bounded_and_go_through_the_hook(run: Make, ask: Make, path: Path) -> None:
    calls: list[int] = []

    async def run_blocking(call: Callable[[], bytes], executor: object = None) -> bytes:
        data = call()
        calls.append(len(data))
        return data

    request = ask()
    request.wire.run_blocking = run_blocking
    response = Response(body=path.open("rb"))
    run(response.prepare(request))
    run(response.write_eof())
    assert request.wire.body == DATA
    assert calls == [256 * 1024, 256 * 1024]


def test_a_file_as_a_body(send: Make, path: Path) -> None:
    file = path.open("rb")
    response = Response(body=file)
    assert isinstance(response.body, BufferedReaderPayload)
    assert response.content_length == len(DATA)
    with pytest.raises(UnicodeDecodeError):
        _ = response.text
    # Looking at it has not moved its position.
    wire = send(response)
    assert wire.body == DATA
    assert wire.get("Content-Length") == [str(len(DATA))]
    assert wire.get("Content-Type") == ["application/pdf"]
    assert file.closed


@pytest.mark.parametrize(
    "arguments", [{"content_type": "a/b"}, {"headers": {"Content-Type": "a/b"}}]
)
def test_the_fields_of_the_response_win(send: Make, path: Path, arguments: dict[str, Any]) -> None:
    wire = send(Response(body=path.open("rb"), **arguments))
    assert wire.get("Content-Type") == ["a/b"]
    other = Response(body=path.open("rb"), headers={"Content-Disposition": "inline"})
    assert send(other).get("Content-Disposition") == ["inline"]


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
def test_a_file_that_is_not_sent_is_closed(
    send: Make, path: Path, method: str, status: int
) -> None:
    file = path.open("rb")
    assert send(Response(body=file, status=status), method).body == b""
    assert file.closed


def test_abandoned(path: Path) -> None:
    file = path.open("rb")
    Response(body=file).release_body()
    assert file.closed
    Response(text="x").release_body()


def test_a_file_that_grew_or_shrank(send: Make, tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"abc")
    response = Response(body=path.open("rb"))
    path.write_bytes(b"abcdef")
    assert send(response).body == b"abc"
    response = Response(body=path.open("rb"))
    path.write_bytes(b"a")
    # Fewer bytes than announced: the writer sees it, and ends the connection.
    wire = send(response)
    assert (wire.get("Content-Length"), wire.body) == (["6"], b"a")


class Broken(io.RawIOBase):
    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        raise OSError("disk on fire")


def test_an_error_while_reading_closes(run: Make, ask: Make) -> None:
    file = Broken()
    response = Response(body=file)
    run(response.prepare(ask()))
    with pytest.raises(OSError, match="on fire"):
        run(response.write_eof())
    assert file.closed


class Gone(Exception):
    pass


def test_a_client_that_leaves(run: Make, ask: Make, path: Path) -> None:
    ended: list[str] = []

    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            ended.append("closed")

    async def write(data: bytes) -> None:
        raise Gone

    file = path.open("rb")
    bodies: Iterator[Any] = iter([pieces(), file])
    for body in bodies:
        request = ask()
        response = Response(body=body)
        run(response.prepare(request))
        request.wire.write = write
        with pytest.raises(Gone):
            run(response.write_eof())
    assert ended == ["closed"]
    assert file.closed


def test_iterables(run: Make, ask: Make) -> None:
    class Numbers:
        def __init__(self) -> None:
            self.left = 3

        def __aiter__(self) -> "Numbers":
            return self

        async def __anext__(self) -> bytes:
            if not self.left:
                raise StopAsyncIteration
            self.left -= 1
            return b"%d" % self.left

    payload = AsyncIterablePayload(Numbers(), content_type="text/plain")
    assert (payload.size, payload.content_type) == (None, "text/plain")
    with pytest.raises(TypeError, match="Unable to decode - content not cached"):
        payload.decode()
    # The pieces are kept, so that it can be written again.
    for limit in (None, 2):
        assert run(payload.as_bytes()) == b"210"
        assert payload.decode() == "210"
        wire = ask().wire
        run(payload.write_with_length(wire, limit))
        assert wire.body == b"210"[:limit]
        assert not payload.consumed
    # Without them aiohttp writes nothing the second time.
    payload = AsyncIterablePayload(Numbers())
    run(payload.write(ask().wire))
    assert payload.consumed
    for again in (payload.as_bytes(), payload.write(ask().wire)):
        with pytest.raises(RuntimeError, match="written before"):
            run(again)
    with pytest.raises(TypeError, match="must be an AsyncIterable"):
        AsyncIterablePayload([b"x"])  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize(
    ("make", "value"),
    [
        (IOBasePayload, io.BytesIO(b"x")),
        (BufferedReaderPayload, io.BytesIO(b"x")),
        (BytesIOPayload, io.BytesIO(b"x")),
        (TextIOPayload, io.StringIO("x")),
    ],
)
def test_the_disposition_is_the_second_position(make: Make, value: io.IOBase) -> None:
    payload = make(value, "inline", {"X-Name": "y"}, filename="a.txt", of_a_subclass=3)
    assert payload.headers["Content-Disposition"] == 'inline; filename="a.txt"'
    assert payload.headers["X-Name"] == "y"
    assert isinstance(payload, IOBasePayload)


def test_keywords_of_subclasses_are_ignored_as_in_aiohttp() -> None:
    payload = AsyncIterablePayload(_nothing(), of_a_subclass=3)
    assert payload.size is None


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


def test_a_file_has_text_before_it_is_sent(run: Make, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a caf\xe9", "latin-1")
    binary = path.open("rb")
    binary.read(2)
    for payload, arguments in (
        (BufferedReaderPayload(binary), ("latin-1",)),
        (TextIOPayload(path.open(encoding="latin-1")), ()),
    ):
        text = payload.decode(*arguments)
        assert text == payload.decode(*arguments)
        assert text.endswith("caf\xe9")
        assert run(payload.as_bytes()) in (b"caf\xe9", b"a caf\xc3\xa9")
        run(payload.close())
    assert Response(body=io.BufferedReader(io.BytesIO(b"test"))).text == "test"


def test_a_pipe_has_no_text_before_it_is_sent() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    with os.fdopen(reader, "rb", buffering=0) as file, pytest.raises(TypeError, match="a stream"):
        IOBasePayload(file).decode()


def count(log: list[str]) -> Iterator[bytes]:
    try:
        for number in range(3):
            yield b"%d" % number
    finally:
        log.append("closed")


def test_an_iterator(run: Make, ask: Make, send: Make) -> None:
    log: list[str] = []
    payload = IteratorPayload(count(log), content_type="text/csv")
    assert (payload.size, payload.autoclose) == (None, False)
    with pytest.raises(TypeError, match="is a stream"):
        payload.decode()
    assert run(payload.as_bytes()) == b"012"
    with pytest.raises(RuntimeError, match="read once"):
        run(payload.write(ask().wire))
    assert send(Response(body=iter([b"a", b"", b"b"]))).body == b"ab"
    for wrong in ([b"a"], b"a", 1):
        with pytest.raises(TypeError, match="value must be an iterator of bytes"):
            IteratorPayload(wrong)  # type: ignore[arg-type]  # the mistake under test


def test_an_iterator_left_halfway_is_closed(run: Make, ask: Make) -> None:
    log: list[str] = []
    payload = IteratorPayload(count(log))
    wire = ask().wire
    run(payload.write_with_length(wire, 1))
    assert (wire.body, log) == (b"0", [])
    run(payload.close())
    run(payload.close())
    assert log == ["closed"]
    # One without close().
    run(IteratorPayload(map(bytes, [b"a"])).close())


def test_an_iterator_of_the_wrong_pieces(send: Make) -> None:
    with pytest.raises(TypeError):
        send(Response(body=iter(["text"])))  # type: ignore[arg-type]  # the mistake under test
