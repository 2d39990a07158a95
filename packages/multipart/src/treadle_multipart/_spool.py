"""Store the bytes of an upload: in memory up to a threshold, then in a temporary file."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from os import PathLike
from typing import BinaryIO, final

__all__ = ["Spool", "SpoolPolicy"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolPolicy:
    """Settings for the storage of uploads.

    ``threshold`` is the size in bytes up to which a file stays in memory, ``memory`` the limit for
    all files of a form together. Temporary files are made in ``directory`` (None: the system's
    default). ``open_file`` replaces that: it returns a new, empty binary file. The form closes it,
    but removes no file: closing it must do that. If the file has a method ``abort``, that is called
    in place of ``close`` for a form that was not read to its end.
    """

    # As in aiohttp, and twice as much as in Werkzeug: most avatars and documents stay in memory.
    threshold: int = 1024 * 1024
    # Without it a form of a thousand files just under the threshold would take a gigabyte.
    memory: int = 4 * 1024 * 1024
    directory: str | PathLike[str] | None = None
    open_file: Callable[[], BinaryIO] | None = None

    def make_file(self) -> BinaryIO:
        """Return a new, empty file on disk. Raises ``OSError``."""
        if self.open_file is not None:
            return self.open_file()
        # Imported here, in the thread that may block: it imports a lot, and most forms need no
        # file.
        import tempfile

        # Unnamed if the system can do that: then even a killed process leaves no file behind.
        return tempfile.TemporaryFile(dir=self.directory)  # closed by the form


@final
class Spool:
    """The bytes of one upload while they arrive."""

    __slots__ = ("_memory", "_open", "_policy", "file", "size")

    def __init__(self, policy: SpoolPolicy) -> None:
        self._policy = policy
        self._memory = BytesIO()
        self.file: BinaryIO = self._memory
        self.size: int = 0
        self._open = True

    @property
    def in_memory(self) -> bool:
        """True until the bytes were moved to disk."""
        return self.file is self._memory

    def write(self, data: bytes) -> None:
        """Add bytes behind the others. Raises ``OSError``."""
        self.file.write(data)
        self.size += len(data)

    def roll(self) -> None:
        """Move the bytes to disk. Raises ``OSError``; the spool is then unchanged."""
        if self.in_memory:
            position = self._memory.tell()
            file = self._policy.make_file()
            try:
                with self._memory.getbuffer() as view:
                    file.write(view)
                file.seek(position)
            except BaseException:
                _abort(file)
                raise
            self.file = file
            self._memory.close()

    def close(self) -> None:
        """Close the file, once: the program has done with it."""
        if self._open:
            self._open = False
            self.file.close()

    def abort(self) -> None:
        """Abort the file, or close it if it has no ``abort``: the upload did not arrive whole."""
        if self._open:
            self._open = False
            _abort(self.file)


def _abort(file: BinaryIO) -> None:
    abort: Callable[[], object] = getattr(file, "abort", file.close)
    abort()
