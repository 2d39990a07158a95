"""Keys of bounded length: a stranger may decide on the text of a key.

A short key stays as it is, for operators who look into a store. A long one is digested, and so is
one that begins like a digest, so that no client can choose the key of another one.
"""

from hashlib import blake2b
from typing import Final

__all__ = ["MOST_OF_KEY", "bounded_key"]

#: Longer than an address, an e-mail address or the hexadecimal digits of a SHA-256.
MOST_OF_KEY: Final = 96

_MARK: Final = "~"


def bounded_key(key: str) -> str:
    """Return a text of at most 96 characters that no other key has.

    Raises ``TypeError`` for what is no text.
    """
    # Fast path of bench:limits.
    if type(key) is str and len(key) <= MOST_OF_KEY and key.isascii() and key[:1] != _MARK:
        return key
    if not isinstance(key, str):
        raise TypeError(f"The key of a limit is a str, not {key!r}")
    # Lone surrogates come from the bytes of a request.
    digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=24)
    return _MARK + digest.hexdigest()
