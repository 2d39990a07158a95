"""Passwords: hashed with scrypt and a salt, in threads, and compared in constant time.

scrypt is slow by design, and needs 16 MiB for each call. It runs in a thread, where it lets other
threads run; a semaphore bounds the memory that strangers can have it use.
"""

import asyncio
import base64
import hashlib
import hmac
import os

__all__ = ["MAX_PASSWORD", "MIN_PASSWORD", "Passwords"]

#: The characters of a password.
MIN_PASSWORD = 8
MAX_PASSWORD = 200

#: The work of a hash (RFC 7914); a hash names its own, so that it can grow later.
_N, _R = 2**14, 8


class Passwords:
    """Makes and checks hashes of passwords, some at a time.

    ``work`` is the parameter p of new hashes; tests have no need for as much.
    """

    def __init__(self, at_a_time: int = 4, work: int = 5) -> None:
        self._turn = asyncio.Semaphore(at_a_time)
        self._work = work
        # What an unknown name is compared with.
        self._nobody = f"{_N}:{_R}:{work}:{base64.b64encode(bytes(16)).decode()}:"

    async def hashed(self, password: str) -> str:
        """Return the hash of a new password, as text."""
        salt = os.urandom(16)
        digest = await self._scrypt(password, salt, _N, _R, self._work)
        encoded = [base64.b64encode(each).decode() for each in (salt, digest)]
        return ":".join([str(_N), str(_R), str(self._work), *encoded])

    async def matches(self, password: str, hashed: str | None) -> bool:
        """Return True if the password has this hash.

        None is the hash of a name that does not exist: that takes as long as a wrong password, so
        that a stranger cannot find out names.
        """
        n, r, p, salt, wanted = (hashed or self._nobody).split(":")
        found = await self._scrypt(password, base64.b64decode(salt), int(n), int(r), int(p))
        return hmac.compare_digest(found, base64.b64decode(wanted))

    async def _scrypt(self, password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
        async with self._turn:
            return await asyncio.to_thread(
                hashlib.scrypt, password.encode(), salt=salt, n=n, r=r, p=p
            )
