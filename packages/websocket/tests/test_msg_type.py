"""One ``WSMsgType`` in a program, whichever library is imported first."""

import subprocess
import sys

import pytest

from treadle_websocket import WSMsgType

_AIOHTTP = "import aiohttp"
_OURS = "import treadle_websocket"
_CHECK = """
import aiohttp.http, treadle_websocket, treadle_websocket._session
from aiohttp._websocket import models, reader_py
from treadle_websocket import WSMsgType, WSMessageText
assert WSMsgType is aiohttp.WSMsgType is aiohttp.http.WSMsgType is models.WSMsgType
assert WSMsgType is treadle_websocket._session.WSMsgType
assert WSMessageText(WSMsgType.TEXT, "text").type is aiohttp.WSMsgType.TEXT
assert reader_py.WS_MSG_TYPE_TEXT is WSMsgType.TEXT
import sys
print(sum("_msg_type" in type(finder).__module__ for finder in sys.meta_path))
"""


def _run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60
    ).stdout.strip()


@pytest.mark.parametrize("order", [(_AIOHTTP, _OURS), (_OURS, _AIOHTTP)])
def test_is_shared_with_aiohttp(order: tuple[str, str]) -> None:
    # Nothing of ours stays among the finders once aiohttp is there.
    assert _run("\n".join([*order, _CHECK])) == "0"


def test_does_not_import_aiohttp() -> None:
    assert _run("import sys, treadle_websocket; print('aiohttp' in sys.modules)") == "False"


@pytest.mark.parametrize(
    "theirs",
    ["class WSMsgType: pass", "import enum\nclass WSMsgType(enum.IntEnum):\n TEXT = 2", ""],
)
def test_another_enumeration_is_left_alone(theirs: str) -> None:
    program = f"""
import sys, types
module = sys.modules["aiohttp._websocket.models"] = types.ModuleType("models")
exec({theirs!r}, vars(module))
import treadle_websocket
print(treadle_websocket.WSMsgType.__module__, treadle_websocket.WSMsgType.TEXT.value)
"""
    assert _run(program) == "treadle_websocket._msg_type 1"


def test_values_are_the_opcodes() -> None:
    assert {kind.name: kind.value for kind in WSMsgType} == {
        "CONTINUATION": 0, "TEXT": 1, "BINARY": 2, "CLOSE": 8, "PING": 9, "PONG": 10,
        "CLOSING": 256, "CLOSED": 257, "ERROR": 258,
    }  # fmt: skip
    assert WSMsgType["text"] is WSMsgType.TEXT
