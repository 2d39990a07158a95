"""The mask in Python and compiled: both are that of wsproto."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wsproto.frame_protocol import XorMaskerSimple

from treadle_websocket import _mask
from treadle_websocket._mask import unmask, unmask_in_python

SIZES = [0, 1, 3, 4, 5, 7, 8, 9, 125, 126, 127, 511, 512, 513, 65_535, 65_536, 65_537]

both = pytest.mark.parametrize("function", [unmask_in_python, unmask], ids=["python", "chosen"])


@both
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("key", [b"\0\0\0\0", b"\x01\x02\x03\x04", b"\xff\0\xff\x80"])
def test_masking_is_that_of_wsproto(function: _mask.Unmask, size: int, key: bytes) -> None:
    data = bytes(i * 7 & 0xFF for i in range(size))
    assert function(data, 0, size, key) == XorMaskerSimple(key).process(bytearray(data))


@both
@given(st.binary(max_size=2000), st.data(), st.binary(min_size=4, max_size=4))
def test_a_range_of_the_data(
    function: _mask.Unmask, data: bytes, draw: st.DataObject, key: bytes
) -> None:
    start = draw.draw(st.integers(0, len(data)))
    stop = draw.draw(st.integers(start, len(data)))
    expected = bytes(byte ^ key[at & 3] for at, byte in enumerate(data[start:stop]))
    assert function(data, start, stop, key) == expected


@both
def test_masking_twice_gives_the_data(function: _mask.Unmask) -> None:
    data, key = bytes(range(256)) * 5, b"mask"
    masked = bytes(function(data, 0, len(data), key))
    assert masked != data
    assert function(masked, 0, len(data), key) == data


# Programs start with one of these: an import of the package fails, or gets another module.
HIDDEN = "import sys; sys.modules['treadle_speedups'] = None"
BROKEN = "import sys; sys.modules['treadle_speedups'] = type(sys)('treadle_speedups')"
PRESENT = """import sys
module = sys.modules['treadle_speedups'] = type(sys)('treadle_speedups')
module.unmask = lambda data, start, stop, key: b'Hi'
"""


@pytest.mark.parametrize(
    ("prepare", "compiled", "text"),
    [(HIDDEN, False, "Hello"), (BROKEN, False, "Hello"), (PRESENT, True, "Hi")],
    ids=["not installed", "without the function", "installed"],
)
def test_the_compiled_one_is_chosen_if_it_can_be_imported(
    prepare: str, compiled: bool, text: str
) -> None:
    program = f"""{prepare}
from treadle_websocket import WebSocketSession, _mask
(message,) = WebSocketSession().receive_data(bytes.fromhex('818537fa213d7f9f4d5158'))
print(_mask.COMPILED, message.data)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [str(compiled), text]
