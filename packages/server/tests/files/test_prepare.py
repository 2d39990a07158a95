"""``file_request`` and ``prepare_file``: values in, values out; only the file is real."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from testkit import open_descriptors
from treadle_responses import StreamResponse
from treadle_server._files.prepare import FileRequest, PreparedFile, file_request, prepare_file
from treadle_server._transport.files import OpenFile, open_file

SMALL = b"0123456789"
LARGE = 64 * 1024 + 1


class Asked:
    """A request of another server: it has headers and no raw fields."""

    method = "GET"
    version = (1, 1)
    keep_alive = True
    task = None

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = headers

    @property
    def response_writer(self) -> Any:
        raise AssertionError("Planning writes nothing")

    async def on_prepare(self, response: StreamResponse) -> None:
        raise AssertionError("Planning runs no hooks")


def wanted(method: str = "GET", **fields: str) -> FileRequest:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return FileRequest(method, named, 200, {}, precompressed=True)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "small.txt").write_bytes(SMALL)
    (tmp_path / "small.txt.gz").write_bytes(b"gzipped")
    (tmp_path / "large.bin").write_bytes(bytes(LARGE))
    return tmp_path


def prepared(directory: Path, name: str, request: FileRequest) -> PreparedFile:
    def opener(codings: tuple[str, ...], siblings: bool) -> OpenFile:
        return open_file(str(directory / name), codings, siblings=siblings)

    return prepare_file(request, name, opener)


def test_the_request_is_a_copy_of_the_fields_that_count() -> None:
    response = StreamResponse(status=201, headers={"ETag": '"x"'})
    asked = Asked({"Range": "bytes=0-1", "Accept": "a/b", "If-Match": "*"})
    request = file_request(asked, response, precompressed=False)
    assert request.method == "GET"
    assert request.fields == {"Range": "bytes=0-1", "If-Match": "*"}
    assert (request.status, request.precompressed) == (201, False)
    response.headers["ETag"] = '"y"'
    assert request.given == {"ETag": '"x"'}


@pytest.mark.parametrize(
    ("name", "request_", "status", "data"),
    [
        ("small.txt", wanted(), 200, SMALL),
        ("small.txt", wanted("HEAD"), 200, b""),
        ("small.txt", wanted(Range="bytes=2-4"), 206, b"234"),
        ("small.txt", wanted(Range="bytes=99-"), 416, b"416: Range Not Satisfiable"),
        ("small.txt", wanted(If_None_Match="*"), 304, b""),
        ("small.txt", wanted(If_Match='"other"'), 412, b"412: Precondition Failed"),
        ("small.txt", wanted(Accept_Encoding="gzip"), 200, b"gzipped"),
        ("large.bin", wanted("HEAD"), 200, b""),
        ("large.bin", wanted(Range="bytes=0-1"), 206, b"\0\0"),
    ],
)
def test_a_small_response_is_read_and_the_file_closed(
    files: Path, name: str, request_: FileRequest, status: int, data: bytes
) -> None:
    before = open_descriptors()
    found = prepared(files, name, request_)
    assert (found.plan.status, found.file, found.data) == (status, None, data)
    assert open_descriptors() == before


def test_a_large_file_stays_open(files: Path) -> None:
    found = prepared(files, "large.bin", wanted())
    assert found.file is not None
    assert (found.data, found.plan.length) == (b"", LARGE)
    assert found.file.read(LARGE - 1, 1) == b"\0"
    found.file.close()


def test_several_ranges_are_read_with_their_heads(files: Path) -> None:
    found = prepared(files, "small.txt", wanted(Range="bytes=0-0,5-6"))
    assert found.plan.status == 206
    assert len(found.data) == found.plan.length
    assert found.data.endswith(found.plan.closing)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in found.data.split(b"\r\n--")[:-1]]
    assert bodies == [b"0", b"56"]


@pytest.mark.parametrize(
    ("request_", "name", "codings", "siblings"),
    [
        (wanted(Accept_Encoding="deflate, gzip"), "a.txt", ("gzip",), True),
        (wanted(Accept_Encoding="zstd, gzip"), "a.txt", ("zstd", "gzip"), True),
        (wanted(), "a.txt", (), True),
        # A type that no build step compresses, and an unknown one.
        (wanted(Accept_Encoding="gzip"), "a.png", (), False),
        (wanted(Accept_Encoding="gzip"), "a.unknown", (), False),
        # The response has a coding of its own, or wants no siblings.
        (
            wanted(Accept_Encoding="gzip")._replace(given={"Content-Encoding": "gzip"}),
            "a.txt",
            (),
            False,
        ),
        (wanted(Accept_Encoding="gzip")._replace(precompressed=False), "a.txt", (), False),
    ],
)
def test_siblings_that_are_tried(
    request_: FileRequest, name: str, codings: tuple[str, ...], siblings: bool
) -> None:
    tried = []

    def opener(codings: tuple[str, ...], siblings: bool) -> OpenFile:
        tried.append((codings, siblings))
        raise FileNotFoundError(name)

    with pytest.raises(FileNotFoundError):
        prepare_file(request_, name, opener)
    assert tried == [(codings, siblings)]


def test_a_file_is_closed_if_planning_fails(files: Path) -> None:
    class Broken(dict[str, str]):
        def get(self, key: str, default: object = None) -> Any:
            raise LookupError(key)

    before = open_descriptors()
    broken = wanted()._replace(given=Broken())
    with pytest.raises(LookupError):
        prepared(files, "small.txt", broken)
    assert open_descriptors() == before
