"""Open files as responses; ``test_adapters`` sends them, ``test_fileplan`` has the plans."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from treadle_responses import FileFacts, OpenFileResponse

Make = Callable[..., Any]
FACTS = FileFacts(size=3, mtime_ns=0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "page one.html"
    made.write_bytes(b"<p>")
    return made


@pytest.mark.parametrize(
    ("arguments", "name", "value"),
    [
        ({}, "Content-Type", ["text/html; charset=utf-8"]),
        ({"content_type": "text/csv"}, "Content-Type", ["text/csv"]),
        ({"headers": {"Content-Type": "text/csv"}}, "Content-Type", ["text/csv"]),
        ({}, "Content-Disposition", []),
        ({"attachment": True}, "Content-Disposition", ['attachment; filename="page one.html"']),
        ({"filename": "b"}, "Content-Disposition", ['inline; filename="b"']),
        ({"headers": {"ETag": '"own"'}}, "ETag", ['"own"']),
        ({"facts": FileFacts(3, 0, "gzip", True)}, "Content-Encoding", ["gzip"]),
        ({"facts": FileFacts(3, 0, "gzip", True)}, "Vary", ["Accept-Encoding"]),
        ({}, "Content-Length", ["3"]),
        ({}, "Accept-Ranges", ["bytes"]),
    ],
)
def test_fields(
    arguments: dict[str, Any], name: str, value: list[str], path: Path, send: Make
) -> None:
    wire = send(OpenFileResponse(path.open("rb"), **arguments))
    assert wire.get(name) == value
    assert (wire.status, wire.body) == (200, b"<p>")


def test_a_name_is_not_needed(send: Make) -> None:
    response = OpenFileResponse(io.BytesIO(b"abc"), facts=FACTS, attachment=True)
    wire = send(response)
    assert wire.get("Content-Disposition") == ["attachment"]
    assert wire.get("Content-Type") == ["application/octet-stream"]


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda path: path.open(encoding="utf-8"), TypeError, r"open it with open\(path, 'rb'\)"),
        (str, TypeError, "file must be open for reading bytes"),
        (lambda path: io.BytesIO(b"a"), ValueError, r"give facts=FileFacts\(...\)"),
    ],
)
def test_misuse(make: Make, error: type[Exception], match: str, path: Path) -> None:
    file = make(path)
    with pytest.raises(error, match=match):
        OpenFileResponse(file)
    if not isinstance(file, str):
        file.close()


def test_write_eof_takes_no_data_and_needs_prepare(path: Path, run: Make, ask: Make) -> None:
    response = OpenFileResponse(path.open("rb"))
    with pytest.raises(RuntimeError, match="cannot call write_eof\\(\\) before prepare"):
        run(response.write_eof())
    request = ask()
    run(response.prepare(request))
    with pytest.raises(TypeError, match="takes no data"):
        run(response.write_eof(b"x"))
    run(response.write_eof())
    run(response.write_eof())
    assert request.wire.body == b"<p>"


def test_a_failed_prepare_can_be_repeated(path: Path, run: Make, ask: Make) -> None:
    def refuse(response: object) -> None:
        raise KeyError("hook")

    response = OpenFileResponse(path.open("rb"))
    fields = {"Range": "bytes=1-1"}
    with pytest.raises(KeyError):
        run(response.prepare(ask(headers=fields, hook=refuse)))
    request = ask(headers=fields)
    run(response.prepare(request))
    run(response.write_eof())
    assert (request.wire.status, request.wire.body) == (206, b"p")


def test_small_reads_are_put_together(send: Make) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(1)

    file = Slow(b"abc")
    assert send(OpenFileResponse(file, facts=FACTS)).body == b"abc"
    assert file.closed


def test_release_closes(path: Path) -> None:
    opened = path.open("rb")
    response = OpenFileResponse(opened)
    response.release_body()
    response.release_body()
    assert opened.closed
