"""Encode the pieces of one body in the order of their writes, whichever threads do the work.

A body has one compressor, and its output is one stream. So pieces are queued when they are written,
and a call that encodes takes them from the head of the queue: it may encode the pieces of other
calls, but never its own before theirs. A call that is cancelled leaves its piece in the queue or
its output in the encoder, and the next call takes both along. No byte is lost or moved.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final, final

from ._compressors import Compressor

__all__ = ["BodyEncoder"]


@final
class BodyEncoder:
    """The encoding of one body.

    The caller's duties: give each piece to ``add`` and the last one to ``finish``, where the
    response is written; call ``encode`` with the number that they return, in a thread if it may
    take long; then write the result of ``take``, before anything waits.
    """

    __slots__ = ("_added", "_compressor", "_done", "_encoded", "_lock", "_pieces", "finished")

    def __init__(self, compressor: Compressor) -> None:
        self._compressor: Final = compressor
        self._lock: Final = threading.Lock()
        # The pieces that are not encoded yet, each with the compressor's method for it.
        self._pieces: Final[deque[tuple[Callable[[bytes], bytes], bytes]]] = deque()
        self._encoded: Final[deque[bytes]] = deque()
        self._added = 0
        self._done = 0
        #: True once ``finish`` was called: there are no more pieces.
        self.finished = False

    @property
    def waiting(self) -> int:
        """The number of pieces that are not encoded yet, one that is being encoded included."""
        return len(self._pieces)

    def add(self, data: bytes) -> int:
        """Queue a piece and return its number."""
        return self._queue(self._compressor.piece, data)

    def finish(self, data: bytes) -> int:
        """Queue the last piece and return its number; a second call returns it again."""
        if not self.finished:
            self.finished = True
            self._queue(self._compressor.finish, data)
        return self._added

    def _queue(self, call: Callable[[bytes], bytes], data: bytes) -> int:
        self._pieces.append((call, data))
        self._added += 1
        return self._added

    def encode(self, number: int) -> None:
        """Encode all pieces up to the one of this number; blocks, in any thread."""
        with self._lock:
            while self._done < number:
                call, data = self._pieces[0]
                self._encoded.append(call(data))
                self._done += 1
                # Last: until then it counts as waiting.
                self._pieces.popleft()

    def take(self) -> bytes:
        """Return what was encoded since the last call; ``b""`` if another call has taken it."""
        taken = []
        while self._encoded:
            taken.append(self._encoded.popleft())
        return taken[0] if len(taken) == 1 else b"".join(taken)
