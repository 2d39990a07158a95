"""The private names of aiohttp's request that other people's code reaches for.

They are views of the request's own values, each with its users beside it. Names that the request
has anyway are not here: ``_payload``, ``_read_bytes``, ``_client_max_size``, ``_match_info`` and
``_stored_content_type``.
"""

import sys
import warnings
from typing import TYPE_CHECKING, Any, ClassVar

from treadle_http_parser import Request as Head
from treadle_server._core.types import ConnectionInfo

from .content import RequestContent

if TYPE_CHECKING:
    from .handler import RequestHandler
    from .message import RawRequestMessage
    from .payload_writer import AbstractStreamWriter

__all__ = ["LegacyNames"]


class LegacyNames(RequestContent):
    """The head, the connection and the writer, under private names of aiohttp."""

    #: The attributes that aiohttp's class has; subclasses add to it.
    ATTRS: ClassVar[frozenset[str]] = frozenset({
        "_cache", "_client_max_fields", "_client_max_size", "_content_dict", "_content_type",
        "_headers", "_loop", "_match_info", "_message", "_method", "_payload", "_payload_writer",
        "_post", "_protocol", "_read_bytes", "_rel_url", "_state", "_stored_content_type", "_task",
        "_transport_peername", "_transport_sockname", "_transport_sslcontext", "_version",
    })  # fmt: skip

    _head: Head
    _connection: ConnectionInfo

    _raw_message: "RawRequestMessage | None" = None
    _writer: "AbstractStreamWriter | None" = None
    # The protocol that a request by hand was made with.
    _given_protocol: "RequestHandler | None" = None

    # Type checkers report an attribute that the class does not have.
    if not TYPE_CHECKING and sys.flags.dev_mode:

        def __setattr__(self, name: str, value: Any) -> None:
            if name not in self.ATTRS and not name.startswith("_") and not hasattr(self, name):
                warnings.warn(
                    f"Setting custom {type(self).__name__}.{name} attribute is discouraged: keep "
                    "the value in the request's mapping, under a web.RequestKey",
                    DeprecationWarning,
                    stacklevel=2,
                )
            super().__setattr__(name, value)

    @property
    def _message(self) -> "RawRequestMessage":  # python-engineio
        if self._raw_message is None:
            from .message import message_of

            self._raw_message = message_of(self._head, self.version, self.headers, self.rel_url)
        return self._raw_message

    @property
    def _payload_writer(self) -> "AbstractStreamWriter":  # python-engineio, aiohttp's test suite
        if self._writer is None:
            from .payload_writer import PayloadWriter

            self._writer = PayloadWriter(self._channel)
        return self._writer

    @property
    def _protocol(self) -> "RequestHandler | None":  # Home Assistant, aiohttp's test suite
        if self.made_by_hand:
            return self._given_protocol
        handler = self._connection.handler
        found = None if handler is None else handler()
        from .handler import RequestHandler

        return found if isinstance(found, RequestHandler) else None

    @_protocol.setter
    def _protocol(self, value: "RequestHandler | None") -> None:
        self.made_by_hand = True
        self._given_protocol = value
        from .writer_channel import WriterChannel

        if isinstance(self._channel, WriterChannel):
            self._channel.protocol = value
