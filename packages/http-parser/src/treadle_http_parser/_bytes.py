"""Bytes of any kind, where they enter the package: what is kept of them is ``bytes``.

A ``bytearray`` or ``memoryview`` is copied, because its owner may change it while it is kept here.
Anything else is refused with a sentence before it changes a state: some of it has a length and can
be cut, and would come out again as an empty message or as data.
"""

__all__ = ["as_bytes"]


def as_bytes(data: object, call: str) -> bytes:
    """Return ``data`` as ``bytes``; raises ``TypeError`` for what holds no bytes.

    ``call`` is the function that the data was given to. Hot paths call it unless
    ``type(data) is bytes``.
    """
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    hint = ": encode it" if isinstance(data, str) else ""
    raise TypeError(f"{call} takes bytes, bytearray or memoryview, not {type(data).__name__}{hint}")
