"""Bytes of every kind, and values that hold none, for the entrances of a package."""

from collections.abc import Callable
from typing import Any, Final

__all__ = ["HOLD_NO_BYTES", "KINDS_OF_BYTES"]


def _strided(data: bytes) -> memoryview:
    """Return a view that is not contiguous: every second byte of twice as many."""
    return memoryview(b"".join(data[i : i + 1] * 2 for i in range(len(data))))[::2]


#: Functions from ``bytes`` to an object with the same bytes, by the name of the kind.
KINDS_OF_BYTES: Final[dict[str, Callable[[bytes], Any]]] = {
    "bytes": bytes,
    "subclass": type("Bytes", (bytes,), {}),
    "bytearray": bytearray,
    "memoryview": memoryview,
    "writable": lambda data: memoryview(bytearray(data)),
    "strided": _strided,
}

#: Some of them have a length, or are numbers that ``bytes()`` takes.
HOLD_NO_BYTES: Final[list[object]] = ["text", None, 5, 0, True, [b"a"], (1, 2), object()]
