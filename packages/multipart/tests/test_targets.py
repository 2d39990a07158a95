"""Targets: each is closed or aborted, exactly once, however the form ends."""

import asyncio
import threading
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from io import BytesIO

import pytest

from treadle_multipart import (
    FormFile,
    FormParser,
    MalformedError,
    MultipartBody,
    MultipartLimits,
    PartBegin,
    PartTooLargeError,
    SpoolPolicy,
    StreamedPart,
    Target,
    TotalTooLargeError,
    UploadTarget,
    UsageError,
    parse_asgi_form,
    parse_form,
    parse_form_async,
    parse_wsgi_form,
)
from treadle_multipart._targets import OwnedTargets

Run = Callable[[Awaitable[object]], object]

_body = MultipartBody(boundary="x")
_body.add_field("a", "1")
_body.add_file("f", b"z" * 5000, filename="f.bin")
_body.add_file("g", b"y" * 5000, filename="g.bin")
TYPE = _body.content_type
BODY = b"".join(_body)
PIECES = [BODY[at : at + 1000] for at in range(0, len(BODY), 1000)]


class Recorder:
    """A target that notes the calls; ``fails`` names the methods that raise."""

    def __init__(self, name: str, log: list[str], fails: str = "") -> None:
        self.name, self.log, self.fails = name, log, fails
        self.size = 0

    def write(self, data: bytes, /) -> None:
        self.size += len(data)
        self._call("write")

    def close(self) -> None:
        self.log.append(f"{self.name} closed at {self.size}")
        self._call("close")

    def abort(self) -> None:
        self.log.append(f"{self.name} aborted")
        self._call("abort")

    def _call(self, name: str) -> None:
        if name in self.fails:
            raise OSError(f"{self.name}.{name}")


class Targets:
    """A ``target_for`` for the two files; ``fails`` has the failing methods of each."""

    def __init__(self, **fails: str) -> None:
        self.log: list[str] = []
        self.fails = fails

    def __call__(self, part: PartBegin) -> Target | None:
        if not part.filename:
            return None
        name = part.name or ""
        if "start" in self.fails.get(name, ""):
            raise OSError(f"{name}.start")
        return Recorder(name, self.log, self.fails.get(name, ""))


def broken(pieces: Iterable[bytes]) -> Iterator[bytes]:
    yield from pieces
    raise ConnectionResetError("gone")


async def stream(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def inline(call: Callable[[bytes], None], data: bytes, /) -> None:
    call(data)


def receiver(pieces: Iterable[bytes]) -> Callable[[], Awaitable[Mapping[str, object]]]:
    left = iter(pieces)

    async def receive() -> Mapping[str, object]:
        piece = next(left, None)
        if piece is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": True}

    return receive


SCOPE = {"type": "http", "headers": [(b"content-type", TYPE.encode())]}
#: What each adapter makes of pieces, and the error if the client leaves behind the last.
Adapter = Callable[[Run, Iterable[bytes], Targets, MultipartLimits], object]
ADAPTERS: dict[str, tuple[Adapter, type[Exception]]] = {
    "file": (
        lambda run, pieces, targets, limits: parse_form(
            TYPE, BytesIO(b"".join(pieces)), target_for=targets, limits=limits
        ),
        MalformedError,
    ),
    "iterable": (
        lambda run, pieces, targets, limits: parse_form(
            TYPE, pieces, target_for=targets, limits=limits
        ),
        MalformedError,
    ),
    "broken iterable": (
        lambda run, pieces, targets, limits: parse_form(
            TYPE, broken(pieces), target_for=targets, limits=limits
        ),
        ConnectionResetError,
    ),
    "wsgi": (
        lambda run, pieces, targets, limits: parse_wsgi_form(
            {
                "CONTENT_TYPE": TYPE,
                "CONTENT_LENGTH": str(len(BODY)),
                "wsgi.input": BytesIO(b"".join(pieces)),
            },
            target_for=targets,
            limits=limits,
        ),
        MalformedError,
    ),
    "async": (
        lambda run, pieces, targets, limits: run(
            parse_form_async(TYPE, stream(pieces), target_for=targets, limits=limits)
        ),
        MalformedError,
    ),
    "threads": (
        lambda run, pieces, targets, limits: run(
            parse_form_async(
                TYPE, stream(pieces), target_for=targets, limits=limits, offload=inline
            )
        ),
        MalformedError,
    ),
    "asgi": (
        lambda run, pieces, targets, limits: run(
            parse_asgi_form(SCOPE, receiver(pieces), target_for=targets, limits=limits)
        ),
        MalformedError,
    ),
    "asgi, threads": (
        lambda run, pieces, targets, limits: run(
            parse_asgi_form(
                SCOPE, receiver(pieces), target_for=targets, limits=limits, offload=inline
            )
        ),
        MalformedError,
    ),
}
NONE = MultipartLimits()


@pytest.mark.parametrize("name", [name for name in ADAPTERS if "broken" not in name])
def test_a_whole_form_closes_its_targets_in_order(name: str, run: Run) -> None:
    targets = Targets()
    pieces = PIECES
    if "asgi" in name:

        async def last() -> Mapping[str, object]:
            return {"type": "http.request", "body": BODY}

        offload = inline if "threads" in name else None
        form = run(parse_asgi_form(SCOPE, last, target_for=targets, offload=offload))
    else:
        form = ADAPTERS[name][0](run, pieces, targets, NONE)
    assert targets.log == ["f closed at 5000", "g closed at 5000"]
    values = [value for _, value in getattr(form, "items")()]  # noqa: B009  # typed as object
    assert values[0] == "1"
    assert [value.size for value in values if isinstance(value, StreamedPart)] == [5000, 5000]


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize(
    ("count", "log"),
    [
        (0, []),
        (1, ["f aborted"]),
        (8, ["f aborted", "g aborted"]),  # the first file is whole, the form is not
        (len(PIECES) - 1, ["f aborted", "g aborted"]),
    ],
)
def test_a_client_that_leaves(name: str, count: int, log: list[str], run: Run) -> None:
    targets = Targets()
    call, error = ADAPTERS[name]
    with pytest.raises(error):
        call(run, PIECES[:count], targets, NONE)
    assert targets.log == log


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize(
    ("fails", "log"),
    [
        ({"f": "start"}, []),
        ({"g": "start"}, ["f aborted"]),
        ({"f": "write"}, ["f aborted"]),
        ({"g": "write"}, ["f aborted", "g aborted"]),
        ({"f": "close"}, ["f closed at 5000", "g aborted"]),
        ({"g": "close"}, ["f closed at 5000", "g closed at 5000"]),
        ({"f": "abort", "g": "write abort"}, ["f aborted", "g aborted"]),
    ],
)
def test_a_target_that_fails(name: str, fails: dict[str, str], log: list[str], run: Run) -> None:
    if name in ("broken iterable", "asgi", "asgi, threads") and "close" in str(fails):
        # The form does not come to its end there.
        log = ["f aborted", "g aborted"]
    targets = Targets(**fails)
    with pytest.raises((OSError, MalformedError)) as info:
        ADAPTERS[name][0](run, PIECES, targets, NONE)
    assert targets.log == log
    notes = getattr(info.value, "__notes__", [])
    assert ["f.abort" in str(notes), "g.abort" in str(notes)] == [
        "abort" in fails.get("f", ""),
        "abort" in fails.get("g", ""),
    ]


@pytest.mark.parametrize("name", ADAPTERS)
@pytest.mark.parametrize(
    ("limits", "error", "log"),
    [
        (MultipartLimits(max_total=1500), TotalTooLargeError, ["f aborted"]),
        (MultipartLimits(max_part_size=4000), PartTooLargeError, ["f aborted"]),
    ],
)
def test_a_limit(
    name: str, limits: MultipartLimits, error: type[Exception], log: list[str], run: Run
) -> None:
    if name == "file":
        # It is read in larger pieces: the limit is exceeded before the part begins.
        log = []
    if name == "wsgi":
        log = []
    targets = Targets()
    with pytest.raises(error):
        ADAPTERS[name][0](run, PIECES, targets, limits)
    assert targets.log == log


def test_malformed_behind_a_file() -> None:
    targets = Targets()
    parser = FormParser(TYPE, target_for=targets)
    parser.receive_data(BODY[:3000])
    with pytest.raises(MalformedError):
        parser.receive_data(b"\r\n--x\r\nno header\r\n\r\n")
    assert targets.log == ["f aborted"]
    parser.close()
    with pytest.raises(UsageError, match="make a new parser"):
        parser.receive_data(b"more")
    with pytest.raises(UsageError, match="make a new parser"):
        parser.receive_eof()
    assert targets.log == ["f aborted"]


def test_with_is_a_way_to_stop() -> None:
    targets = Targets(f="abort")

    def program() -> None:
        with FormParser(TYPE, target_for=targets) as parser:
            parser.receive_data(BODY[:3000])
            raise KeyError("the program's own")

    with pytest.raises(KeyError) as info:
        program()
    assert targets.log == ["f aborted"]
    assert "f.abort" in info.value.__notes__[0]


def test_close_raises_what_nothing_else_would_tell() -> None:
    targets = Targets(f="abort", g="abort")
    parser = FormParser(TYPE, target_for=targets)
    parser.receive_data(BODY[:8000])
    with pytest.raises(OSError, match=r"f\.abort") as info:
        parser.close()
    assert "g.abort" in info.value.__notes__[0]
    assert targets.log == ["f aborted", "g aborted"]
    parser.close()
    assert targets.log == ["f aborted", "g aborted"]


def test_close_behind_the_end_does_nothing() -> None:
    targets = Targets()
    with FormParser(TYPE, target_for=targets) as parser:
        parser.receive_data(BODY)
        assert parser.would_block(0)
        parser.receive_eof()
        assert not parser.would_block(0)
    assert targets.log == ["f closed at 5000", "g closed at 5000"]


def test_a_target_of_several_parts_ends_once() -> None:
    log: list[str] = []
    shared = Recorder("both", log)
    parse_form(TYPE, BODY, target_for=lambda part: shared if part.filename else None)
    assert log == ["both closed at 10000"]


def test_targets_without_abort_stay_open() -> None:
    file = BytesIO()
    with pytest.raises(MalformedError):
        parse_form(TYPE, BODY[:3000], target_for=lambda part: file if part.filename else None)
    assert not file.closed
    assert not isinstance(file, UploadTarget)
    parse_form(TYPE, BODY, target_for=lambda part: file if part.filename else None)
    assert not file.closed


def test_misuse() -> None:
    class NoClose:
        def write(self, data: bytes, /) -> None:
            """Take anything."""

        def abort(self) -> None:
            """Do nothing."""

    with pytest.raises(UsageError, match=r"NoClose has abort\(\) but no close\(\)"):
        parse_form(TYPE, BODY, target_for=lambda part: NoClose())

    class Asynchronous(NoClose):
        async def close(self) -> None:
            """Never awaited."""

    with pytest.raises(UsageError, match=r"Asynchronous\.close is a coroutine"):
        parse_form(TYPE, BODY, target_for=lambda part: Asynchronous())


def test_an_own_file_of_the_spool_is_aborted() -> None:
    log: list[str] = []

    class File(BytesIO):
        def abort(self) -> None:
            log.append("aborted")
            super().close()

        def close(self) -> None:
            if not self.closed:
                log.append("closed")
            super().close()

    spool = SpoolPolicy(threshold=0, open_file=File)
    with parse_form(TYPE, BODY, spool=spool) as form:
        assert isinstance(form["f"], FormFile)
        assert log == []
    form.close()
    assert log == ["closed", "closed"]
    log.clear()
    with pytest.raises(MalformedError):
        parse_form(TYPE, BODY[:8000], spool=spool)
    assert log == ["aborted", "aborted"]


def test_a_cancelled_task_whose_thread_goes_on() -> None:
    """``asyncio.to_thread`` does not wait for its thread: that thread ends the target."""
    writing, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    log: list[str] = []

    class Slow(Recorder):
        def write(self, data: bytes, /) -> None:
            writing.set()
            assert go_on.wait(20)
            super().write(data)
            log.append("written")

        def abort(self) -> None:
            super().abort()
            ended.set()

    async def cancel() -> None:
        task = asyncio.create_task(
            parse_form_async(
                TYPE,
                stream([BODY]),
                target_for=lambda part: Slow("f", log) if part.name == "f" else None,
                offload=asyncio.to_thread,
            )
        )
        await asyncio.to_thread(writing.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert log == []
        go_on.set()

    asyncio.run(cancel())
    assert ended.wait(20)
    assert log == ["written", "f aborted"]


def test_no_two_threads_end_one_target() -> None:
    log: list[str] = []
    for _ in range(50):
        owned = OwnedTargets()
        for number in range(20):
            owned.add(Recorder(str(number), log))
        start = threading.Barrier(2)

        def end(owned: OwnedTargets = owned, start: threading.Barrier = start) -> None:
            start.wait(20)
            owned.abort()

        threads = [threading.Thread(target=end) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not owned
    assert len(log) == 50 * 20


@pytest.mark.parametrize("offload", [None, inline])
def test_a_coroutine_that_is_closed(offload: object) -> None:
    """A server that drops a coroutine throws ``GeneratorExit``, behind which nothing can wait."""
    targets = Targets()

    class Never:
        def __await__(self) -> Generator[None]:
            yield None

    async def stuck() -> AsyncIterator[bytes]:
        yield BODY[:3000]
        await Never()

    coroutine = parse_form_async(TYPE, stuck(), target_for=targets, offload=offload)  # type: ignore[arg-type]  # None or inline
    coroutine.send(None)
    coroutine.close()
    assert targets.log == ["f aborted"]
