"""The private names of aiohttp's request that other people's code reaches for.

They are views of the request's own values, each with its users beside it. Names that the request
has anyway are not here: ``_payload``, ``_read_bytes``, ``_client_max_size``, ``_match_info`` and
``_stored_content_type``.
"""

from treadle_http_parser import Request as Head
from treadle_server._core.types import ConnectionInfo

from .content import RequestContent
from .handler import RequestHandler
from .message import RawRequestMessage, message_of
from .payload_writer import AbstractStreamWriter, PayloadWriter
from .writer_channel import WriterChannel

__all__ = ["LegacyNames"]


class LegacyNames(RequestContent):
    """The head, the connection and the writer, under private names of aiohttp."""

    _head: Head
    _connection: ConnectionInfo

    _raw_message: RawRequestMessage | None = None
    _writer: AbstractStreamWriter | None = None
    # The protocol that a request by hand was made with.
    _given_protocol: RequestHandler | None = None

    @property
    def _message(self) -> RawRequestMessage:  # python-engineio
        if self._raw_message is None:
            self._raw_message = message_of(self._head, self.version, self.headers, self.rel_url)
        return self._raw_message

    @property
    def _payload_writer(self) -> AbstractStreamWriter:  # python-engineio, aiohttp's test suite
        if self._writer is None:
            self._writer = PayloadWriter(self._channel)
        return self._writer

    @property
    def _protocol(self) -> RequestHandler | None:  # Home Assistant, aiohttp's test suite
        if self.made_by_hand:
            return self._given_protocol
        handler = self._connection.handler
        found = None if handler is None else handler()
        return found if isinstance(found, RequestHandler) else None

    @_protocol.setter
    def _protocol(self, value: RequestHandler | None) -> None:
        self.made_by_hand = True
        self._given_protocol = value
        if isinstance(self._channel, WriterChannel):
            self._channel.protocol = value
