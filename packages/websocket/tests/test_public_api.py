import doctest
import subprocess
import sys

import treadle_websocket
from testkit import check_public_api

PUBLIC = {
    "WS_CLOSED_MESSAGE",
    "WS_CLOSING_MESSAGE",
    "Accept",
    "AllowedOrigins",
    "Decision",
    "Deflation",
    "DeflatePolicy",
    "HandshakeReader",
    "HandshakeRequest",
    "KeepAlive",
    "Message",
    "PerMessageDeflate",
    "PreparedMessage",
    "RawMessage",
    "Reject",
    "ServerHandshake",
    "SessionSettings",
    "State",
    "Verdict",
    "WSCloseCode",
    "WSError",
    "WSHandshakeError",
    "WSLimitError",
    "WSMessage",
    "WSMessageBinary",
    "WSMessageClose",
    "WSMessageClosed",
    "WSMessageClosing",
    "WSMessageContinuation",
    "WSMessageError",
    "WSMessagePing",
    "WSMessagePong",
    "WSMessageText",
    "WSMessageTextBytes",
    "WSMessageTypeError",
    "WSMsgType",
    "WSStateError",
    "WSValueError",
    "WebSocketError",
    "WebSocketSession",
    "__version__",
    "encode_close",
}


def test_public_api() -> None:
    check_public_api(treadle_websocket, PUBLIC)


def test_the_example_in_the_docstring() -> None:
    results = doctest.testmod(treadle_websocket)
    assert results.attempted > 4
    assert results.failed == 0


def test_importing_loads_neither_wsproto_nor_io() -> None:
    code = "import sys, treadle_websocket; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "treadle_websocket" in loaded
    assert not {"wsproto", "h11", "asyncio", "socket", "ssl", "selectors"} & loaded
