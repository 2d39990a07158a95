"""The shortcut for clients that repeat their field lines, as nearly all do on one connection.

If the next head has the same bytes behind its request line, ``RepeatedHead`` reuses the fields, the
host and the ``Framing`` of the last one. That is right because of this invariant:

- Everything that is reused is a function of the field lines and the version alone.
  ``read_framing`` therefore takes nothing else, and a test pins its signature.
- A rule that looks at the method or the target belongs in ``build_request``, which runs for each
  request after the reuse.
- Only a request line that ``RequestLine`` calls ordinary takes the shortcut, because it is valid
  whatever the fields are; a head with another line is parsed as a whole.

So the second parse on a connection gives what a fresh connection gives. ``test_repeated`` compares
the two for each method, form of target and version with each framing field, ``test_parser`` for
each case of its tables.
"""

from typing import Final, final

from ._events import Request
from ._limits import Limits
from ._parser import REQUEST_LINES, HeadParser, build_request

__all__ = ["RepeatedHead"]

#: Larger heads are not kept: an idle connection holds its last one.
_MAX_HEAD: Final = 1024


@final
class RepeatedHead:
    """A ``HeadParser`` that reads the field lines of a head only if they differ from the last ones.

    ``bench:parser``: without it a request with repeated fields takes 1.85 (``hello``) to 4.3
    (``browser``) times as long; one with other fields takes as long as with it.
    """

    __slots__ = ("_last", "_lines", "_max_head", "_parser")

    def __init__(self, limits: Limits) -> None:
        self._parser: Final = HeadParser(limits)
        # A head of this size cannot exceed a limit on size; the number of fields is that of the
        # last head, which did not exceed it.
        self._max_head: Final = min(_MAX_HEAD, self._parser.allowed_size)
        # The last head that may be repeated, and its bytes behind the request line.
        self._last: Request | None = None
        self._lines = b""

    def feed(self, piece: bytes, head: bytes) -> None:
        """Parse a piece of a head before its end has arrived: ``HeadParser.feed``."""
        self._parser.feed(piece, head)

    def finish(self, rest: bytes, head: bytes) -> Request:
        """Parse the last piece of a head: ``HeadParser.finish``."""
        last = self._last
        line_end = head.find(b"\r\n")
        if (
            last is not None
            and len(head) - len(self._lines) == line_end
            and head.endswith(self._lines)
            # Bytes that ``feed`` has seen are inside httptools, which must then get the rest.
            and rest is head
            and len(head) <= self._max_head
        ):
            line = REQUEST_LINES[head[:line_end]]
            if line is not None and line[3] and line[2] is last.version:
                return build_request(line, last.fields, last.authority, last.framing)
        request = self._parser.finish(rest, head)
        # The authority of an origin-form target is the host, as reuse needs it.
        if len(head) <= self._max_head and head.startswith(b" /", len(request.method)):
            self._last = request
            self._lines = head[line_end:]
        return request

    def close(self) -> None:
        """Drop httptools: ``HeadParser.close``."""
        self._parser.close()
