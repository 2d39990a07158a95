import ast
import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import treadle_websocket

PUBLIC = {
    "WS_CLOSED_MESSAGE",
    "WS_CLOSING_MESSAGE",
    "Accept",
    "AllowedOrigins",
    "Decision",
    "Deflation",
    "DeflatePolicy",
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
}
SOURCES = sorted(Path(treadle_websocket.__file__).parent.glob("_*.py"))
MODULES = [path for path in SOURCES if path.stem not in ("__init__", "_version")]


def test_public_names() -> None:
    assert set(treadle_websocket.__all__) == PUBLIC
    assert all(hasattr(treadle_websocket, name) for name in PUBLIC)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_module_has_a_docstring_and_its_names(path: Path) -> None:
    # Read rather than imported: compiled modules have no docstrings.
    assert ast.get_docstring(ast.parse(path.read_text()))
    module = importlib.import_module(f"treadle_websocket.{path.stem}")
    assert all(hasattr(module, entry) for entry in module.__all__)


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
