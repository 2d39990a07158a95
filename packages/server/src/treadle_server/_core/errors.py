"""What a handler can see go wrong with its connection, and the loggers that tell of the rest."""

import logging
from typing import Final

__all__ = [
    "ClientConnectionResetError",
    "PayloadAccessError",
    "RequestPayloadError",
    "access_logger",
    "server_logger",
    "web_logger",
]

access_logger: Final = logging.getLogger("treadle.access")
server_logger: Final = logging.getLogger("treadle.server")
web_logger: Final = logging.getLogger("treadle.web")


class ClientConnectionResetError(ConnectionResetError):
    """The peer is gone: what is written now reaches nobody."""


class RequestPayloadError(Exception):
    """The body that arrives is malformed; the connection closes after the answer."""


class PayloadAccessError(Exception):
    """The body was read after the response had been sent."""
