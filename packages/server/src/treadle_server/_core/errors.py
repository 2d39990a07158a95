"""The errors of a connection that a handler can see, and the loggers of the server."""

import logging
from typing import Final

__all__ = [
    "BodyDiscardedError",
    "ClientConnectionResetError",
    "PayloadAccessError",
    "RequestPayloadError",
    "access_logger",
    "server_logger",
    "web_logger",
    "workers_logger",
]

#: The logger of the access log, ``treadle.access``.
access_logger: Final = logging.getLogger("treadle.access")
#: The logger of the server's own errors, ``treadle.server``.
server_logger: Final = logging.getLogger("treadle.server")
#: The logger for applications, ``treadle.web``: ``app.logger``.
web_logger: Final = logging.getLogger("treadle.web")
workers_logger: Final = logging.getLogger("treadle.workers")


class ClientConnectionResetError(ConnectionResetError):
    """The peer has closed the connection: bytes that are written now are lost."""


class BodyDiscardedError(ClientConnectionResetError):
    """The client has its whole response, which has no body: nothing needs to be written any more.

    A handler handles it like a client that has left; the server ends the response normally.
    """


class RequestPayloadError(Exception):
    """The body of the request is malformed; the connection closes after the answer."""


class PayloadAccessError(Exception):
    """The body was read after the response had been sent."""
