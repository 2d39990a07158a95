"""The payload of a request's body, so that a handler can send the body on as it arrives."""

from treadle_responses import AsyncIterablePayload, LooseHeaders, payload_type

from .stream import StreamReader

__all__ = ["StreamReaderPayload"]


@payload_type(StreamReader)
class StreamReaderPayload(AsyncIterablePayload):
    """The unread rest of a ``StreamReader``, in the pieces in which it arrives.

    Iterated as any other iterable it would give lines, which have a limit.
    """

    def __init__(
        self,
        value: StreamReader,
        headers: LooseHeaders | None = None,
        content_type: str | None = None,
        filename: str | None = None,
        encoding: str | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(value.iter_any(), headers, content_type, filename, encoding, **kwargs)
