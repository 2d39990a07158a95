"""``wsgi.file_wrapper``: which files are real ones, and the blocks of the others."""

import gzip
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from treadle_asgi._wsgi.files import FileWrapper


def _seeked(path: Path) -> Any:
    file = path.open("rb")
    file.seek(4)
    return file


def _half_read(path: Path) -> Any:
    file = path.open("rb")
    file.read(3)
    return file


def _temporary(path: Path) -> Any:
    file = tempfile.NamedTemporaryFile()  # noqa: SIM115  # the test closes it
    file.write(path.read_bytes())
    file.seek(0)
    return file


def _pipe(path: Path) -> Any:
    reading, writing = os.pipe()
    os.write(writing, path.read_bytes())
    os.close(writing)
    return os.fdopen(reading, "rb")


class _Reader:
    """No more than PEP 3333 asks for."""

    def __init__(self, path: Path) -> None:
        self._inner = io.BytesIO(path.read_bytes())

    def read(self, size: int) -> bytes:
        return self._inner.read(size)


FILES: list[tuple[Callable[[Path], Any], bytes, bool]] = [
    (lambda path: path.open("rb"), b"0123456789", True),
    (lambda path: path.open("rb", buffering=0), b"0123456789", True),
    (lambda path: path.open("r+b"), b"0123456789", True),
    (_temporary, b"0123456789", True),
    (_seeked, b"456789", True),
    (_half_read, b"3456789", True),
    (_pipe, b"0123456789", False),
    (lambda path: io.BytesIO(path.read_bytes()), b"0123456789", False),
    (_Reader, b"0123456789", False),
]


@pytest.mark.parametrize(("make", "content", "is_real"), FILES)
def test_kinds_of_files(
    make: Callable[[Path], Any], content: bytes, is_real: bool, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    wrapper = FileWrapper(make(path), 4)
    real = wrapper.real_file()
    assert (real is not None) is is_real
    if real is not None:
        assert os.pread(real.fd, 99, real.offset) == content
        assert real.size == len(content)
    blocks = list(wrapper)
    assert b"".join(blocks) == content
    assert max(map(len, blocks)) <= 4
    close = getattr(wrapper, "close", None)
    assert (close is None) is (make is _Reader)
    if close is not None:
        close()


def test_a_file_that_decodes_is_not_sent_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    path.write_bytes(gzip.compress(b"content"))
    with gzip.open(path) as file:
        wrapper = FileWrapper(file)
        assert wrapper.real_file() is None
        assert b"".join(wrapper) == b"content"


def test_a_closed_file_is_no_real_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1")
    file = path.open("rb")
    file.close()
    assert FileWrapper(file).real_file() is None


def test_something_else_is_refused() -> None:
    wrong: Any = ["not", "a", "file"]
    with pytest.raises(TypeError, match="takes an open file with a method read"):
        FileWrapper(wrong)
