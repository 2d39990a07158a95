"""``wsgi.errors``: a text stream that writes its lines to the log."""

from collections.abc import Iterable
from typing import Final, final

from treadle_server import web_logger
from treadle_server.interfaces import log_given, printable

__all__ = ["ErrorStream"]

#: A line without an end is logged in parts of this many characters.
_MOST: Final = 16 * 1024


@final
class ErrorStream:
    """Logs the lines of an application at the level ERROR; one stream for each request."""

    def __init__(self) -> None:
        self._line = ""

    def write(self, text: str) -> int:
        """Log the lines that ``text`` ends; keep the rest until its end comes."""
        if not isinstance(text, str):
            raise TypeError(f"wsgi.errors takes str, not {type(text).__name__}: decode it")
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            _log(line)
        while len(self._line) > _MOST:
            _log(self._line[:_MOST])
            self._line = self._line[_MOST:]
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write each of ``lines``, which bring their own ends."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Log a line that has not ended."""
        line, self._line = self._line, ""
        if line:
            _log(line)


def _log(line: str) -> None:
    if line.strip():
        # Clients decide on much of it: it must not look like another record.
        log_given(web_logger.error, ("%s", printable(line.rstrip("\r"))), {})
