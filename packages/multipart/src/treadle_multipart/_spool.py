"""Where the bytes of an upload go: memory up to a threshold, then a temporary file."""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from os import PathLike
from typing import BinaryIO, final

__all__ = ["Spool", "SpoolPolicy"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolPolicy:
    """How uploads are stored.

    ``threshold`` is the size in bytes up to which a file stays in memory, ``memory`` what all files
    of a form may take together; ``directory`` is where temporary files are made (None: where the
    system makes them); ``open_file`` replaces their making: it returns a new, empty binary file,
    which is removed when closed, if at all.
    """

    # As aiohttp, and twice what Werkzeug keeps: most avatars and documents never touch the disk.
    threshold: int = 1024 * 1024
    # Else a form of a thousand files just under the threshold would take a gigabyte.
    memory: int = 4 * 1024 * 1024
    directory: str | PathLike[str] | None = None
    open_file: Callable[[], BinaryIO] | None = None

    def make_file(self) -> BinaryIO:
        """A new, empty file on disk. Raises ``OSError``."""
        if self.open_file is not None:
            return self.open_file()
        # Here, in the thread that may block: most forms need none, and it imports a lot.
        import tempfile

        # Unnamed where the system can: nothing is left behind, even by a killed process.
        return tempfile.TemporaryFile(dir=self.directory)  # closed by the form


@final
class Spool:
    """The bytes of one upload while they arrive."""

    __slots__ = ("_memory", "_policy", "file", "size")

    def __init__(self, policy: SpoolPolicy) -> None:
        self._policy = policy
        self._memory = BytesIO()
        self.file: BinaryIO = self._memory
        self.size = 0

    @property
    def in_memory(self) -> bool:
        return self.file is self._memory

    def write(self, data: bytes) -> None:
        self.file.write(data)
        self.size += len(data)

    def roll(self) -> None:
        """Move what is there to disk. Raises ``OSError``; the spool is then as it was."""
        if self.in_memory:
            position = self._memory.tell()
            file = self._policy.make_file()
            try:
                with self._memory.getbuffer() as view:
                    file.write(view)
                file.seek(position)
            except BaseException:
                file.close()
                raise
            self.file = file
            self._memory.close()

    def close(self) -> None:
        self.file.close()
