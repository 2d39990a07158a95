"""A coded body between the socket and its reader: bytes wait coded, and are decoded when read.

A body takes the memory of the bytes that were received and of one decoded piece, however much they
inflate to, and back-pressure counts the bytes that the peer has sent.
"""

from collections import deque
from typing import Final, final

from treadle_http_parser import ContentDecoder, ContentEncodingError, available_codings
from treadle_responses import HTTPRequestEntityTooLarge, HTTPUnsupportedMediaType
from treadle_server._core.errors import RequestPayloadError

__all__ = ["CodedBody", "coding_error"]

#: Decoded bytes that a reader gets at once.
_PIECE: Final = 64 * 1024


def coding_error(error: ContentEncodingError) -> Exception:
    """Return the error for a body that cannot be decoded, which is also the answer to it."""
    if error.status == 415:
        # RFC 9110 section 15.5.16: the response says what would have been accepted.
        accepted = ", ".join(available_codings())
        return HTTPUnsupportedMediaType(
            text=f"415: {error.reason}", headers={"Accept-Encoding": accepted}
        )
    if error.status == 413:
        return HTTPRequestEntityTooLarge(0, text=f"413: {error.reason}")
    return RequestPayloadError(error.reason)


@final
class CodedBody:
    """The coded bytes of one body that wait to be read."""

    __slots__ = ("_decoder", "_pieces", "size")

    def __init__(self, decoder: ContentDecoder) -> None:
        self._decoder: Final = decoder
        self._pieces: Final[deque[bytes]] = deque()
        #: Coded bytes that wait.
        self.size = 0

    def feed(self, data: bytes) -> None:
        """Take bytes from the peer."""
        self._pieces.append(data)
        self.size += len(data)

    def read(self, *, ended: bool) -> bytes:
        """Return the next decoded piece; ``b""`` when more input is needed, or at the end.

        ``ended`` tells that no more will be fed. Raises what ``coding_error`` returns.
        """
        decoder = self._decoder
        try:
            while not (piece := decoder.read(_PIECE)):
                if not self._pieces:
                    if ended:
                        decoder.finish()
                    return b""
                data = self._pieces.popleft()
                self.size -= len(data)
                decoder.feed(data)
        except ContentEncodingError as error:
            self._pieces.clear()
            self.size = 0
            raise coding_error(error) from error
        return piece
