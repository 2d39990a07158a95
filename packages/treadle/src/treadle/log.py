"""The loggers of the server, under aiohttp's names; ``treadle.compat`` gives them aiohttp's too.

``internal_logger``, ``ws_logger`` and ``client_logger`` are there for programs that configure them:
treadle itself writes to the other three.
"""

import logging
from typing import Final

from treadle_server import access_logger, server_logger, web_logger

__all__ = [
    "access_logger",
    "client_logger",
    "internal_logger",
    "server_logger",
    "web_logger",
    "ws_logger",
]


#: The logger ``treadle.client``, to which treadle writes nothing.
client_logger: Final = logging.getLogger("treadle.client")
#: The logger ``treadle.internal``, to which treadle writes nothing.
internal_logger: Final = logging.getLogger("treadle.internal")
#: The logger ``treadle.websocket``, to which treadle writes nothing.
ws_logger: Final = logging.getLogger("treadle.websocket")
