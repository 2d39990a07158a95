"""The mask of payload (RFC 6455 section 5.3): compiled by ``treadle-speedups``, or in Python.

``unmask`` is the function of that package where it is installed, else ``unmask_in_python``; both
return the same bytes. Compiled, 65,000 bytes take a twentieth of the time.
"""

from collections.abc import Callable
from typing import Final, TypeAlias

__all__ = ["COMPILED", "Unmask", "unmask", "unmask_in_python"]

#: From data, start, stop and the four bytes of the key to the payload.
Unmask: TypeAlias = Callable[[bytes, int, int, bytes], bytes | bytearray]

# Below this size one XOR of two big integers is fastest, above it four strided
# ``bytes.translate``; they cross at 400 to 900 bytes on CPython 3.11 to 3.13
# (``bench:websocket --masks``).
_STRIPES_FROM: Final = 512

_from_bytes: Final = int.from_bytes

# ``_XOR[k]`` maps each byte b to b ^ k. 64 KiB, filled with the first large frame.
_XOR: Final[list[bytes]] = []


def unmask_in_python(data: bytes, start: int, stop: int, key: bytes) -> bytes | bytearray:
    """XOR ``data[start:stop]`` with the four bytes of ``key``, repeated.

    The same operation masks.
    """
    size = stop - start
    if size < _STRIPES_FROM:
        stream = (key * ((size + 3) >> 2))[:size]
        # Big-endian is the default; passing it as an argument would take 10 % longer.
        return (_from_bytes(data[start:stop]) ^ _from_bytes(stream)).to_bytes(size)
    if not _XOR:
        _XOR.extend(bytes(byte ^ k for byte in range(256)) for k in range(256))
    out = bytearray(size)
    out[0::4] = data[start:stop:4].translate(_XOR[key[0]])
    out[1::4] = data[start + 1 : stop : 4].translate(_XOR[key[1]])
    out[2::4] = data[start + 2 : stop : 4].translate(_XOR[key[2]])
    out[3::4] = data[start + 3 : stop : 4].translate(_XOR[key[3]])
    return out


unmask: Unmask = unmask_in_python
#: True if ``unmask`` is compiled.
COMPILED = False
try:
    from treadle_speedups import unmask
except ImportError:
    pass
else:
    COMPILED = True
