"""``wsgi.file_wrapper``: a file as the result of an application, which the server sends its way."""

import io
import os
import stat
from collections.abc import Callable
from typing import Final, Protocol, final

__all__ = ["FileWrapper", "Readable", "RealFile"]

#: Bytes that are read at a time if the application names no number.
_BLOCK: Final = 64 * 1024

_REAL: Final = (io.BufferedReader, io.BufferedRandom, io.FileIO)


class Readable(Protocol):
    """A file as PEP 3333 asks for it: one with ``read(size)``."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""


@final
class RealFile:
    """A regular file of the system, from the position at which the application has left it."""

    __slots__ = ("fd", "offset", "size")

    def __init__(self, fd: int, offset: int, size: int) -> None:
        self.fd: Final = fd
        self.offset: Final = offset
        #: The bytes from ``offset`` to the end.
        self.size: Final = size


@final
class FileWrapper:
    """An iterable over the blocks of ``file``; as the result of an application, better than that.

    ``close`` calls that of the file, if it has one.
    """

    def __init__(self, file: Readable, block_size: int = _BLOCK) -> None:
        if not callable(getattr(file, "read", None)):
            raise TypeError(
                f"wsgi.file_wrapper takes an open file with a method read(), not {file!r}"
            )
        self._file: Final = file
        self._block: Final = block_size
        close: Callable[[], object] | None = getattr(file, "close", None)
        if close is not None:
            # PEP 3333: only if the file has one. An attribute, as the iterable's own method.
            self.close: Callable[[], object] = close

    def __iter__(self) -> "FileWrapper":
        return self

    def __next__(self) -> bytes:
        block = self._file.read(self._block)
        if not block:
            raise StopIteration
        return block

    def real_file(self) -> RealFile | None:
        """Return the regular file behind it; None for anything else, which must be read."""
        file: object = self._file
        if type(file).__module__ == "tempfile":
            file = getattr(file, "file", file)
        # Other classes may make other bytes of the descriptor's, as ``gzip.GzipFile`` does.
        if not isinstance(file, _REAL) or not isinstance(getattr(file, "raw", file), io.FileIO):
            return None
        try:
            fd = file.fileno()
            found = os.fstat(fd)
            if not stat.S_ISREG(found.st_mode):
                return None
            offset = file.tell()
        except (OSError, ValueError):
            return None
        return RealFile(fd, offset, max(0, found.st_size - offset))
