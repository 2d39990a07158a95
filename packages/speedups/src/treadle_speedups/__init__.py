"""Compiled functions over bytes, which treadle's packages use where they are installed.

``unmask`` removes the mask from the payload of a WebSocket frame (RFC 6455 section 5.3):

>>> from treadle_speedups import unmask
>>> frame = bytes.fromhex("818537fa213d7f9f4d5158")
>>> unmask(frame, 6, 11, frame[2:6])
b'Hello'

Importing this package raises ``ImportError`` if it was installed without a C compiler.
"""

from ._mask import unmask
from ._version import __version__

__all__ = ["__version__", "unmask"]
