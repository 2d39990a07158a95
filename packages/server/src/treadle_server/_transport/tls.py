"""TLS contexts as a server uses them: checked, and with a sentence for clients of plain HTTP."""

import ssl
from typing import Any, Final, final

__all__ = ["prepare_context"]

_TEXT: Final = (
    b"400: This port speaks HTTPS, and this is a request in plain HTTP."
    b" Begin the address with https://\n"
)
_ANSWER: Final = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(_TEXT), _TEXT)
)


@final
class _Connection(ssl.SSLObject):
    """One side of a connection; the server's looks at the first byte before its handshake.

    A handshake begins with the byte 22 (RFC 8446 section 5.1), and a request with a letter.
    """

    #: Those of a connection of which no byte was seen.
    unseen: tuple[ssl.MemoryBIO, ssl.MemoryBIO] | None = None
    refused = False

    def do_handshake(self) -> None:
        """Go on with the handshake, or answer; raises as ``ssl.SSLObject`` does."""
        if self.unseen is not None:
            incoming, outgoing = self.unseen
            received = incoming.read()
            if received:
                self.unseen = None
            if received[:1].isalpha():
                self.refused = True
                outgoing.write(_ANSWER)
            else:
                incoming.write(received)
        if self.refused:
            # The event loop sends the answer, and waits for more until the client closes or the
            # time for handshakes is over. To close now could cut off the answer.
            raise ssl.SSLWantReadError("the client speaks plain HTTP")
        super().do_handshake()


def prepare_context(context: ssl.SSLContext) -> None:
    """Have the server's connections of ``context`` answer a request in plain HTTP with a 400.

    A context with connections of a class of its own stays as it is. Raises ``TypeError`` for
    another kind of value, and ``ValueError`` for a context of clients: it would fail later, with
    each connection.
    """
    if not isinstance(context, ssl.SSLContext):
        raise TypeError(
            "ssl_context must be an ssl.SSLContext, as web.create_ssl_context('cert.pem',"
            f" 'key.pem') makes one, got {context!r}"
        )
    if context.protocol is ssl.PROTOCOL_TLS_CLIENT:
        raise ValueError(
            "ssl_context is one of clients: make it with web.create_ssl_context(), or with"
            " ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)"
        )
    if context.sslobject_class is not ssl.SSLObject:
        return
    context.sslobject_class = _Connection
    wrap_bio = context.wrap_bio

    def wrap(
        incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, server_side: bool = False, **rest: Any
    ) -> ssl.SSLObject:
        connection = wrap_bio(incoming, outgoing, server_side, **rest)
        if server_side and isinstance(connection, _Connection):
            connection.unseen = incoming, outgoing
        return connection

    context.wrap_bio = wrap  # type: ignore[method-assign, assignment]  # event loops call it
