"""Presence: the members of topics, which the engine forgets if their process does not renew them.

One task renews all members of a process. A name may be there several times, in this process and in
others (a user with two windows), and is gone with the last one: the engine has each process's
members apart, by a token in front of the name.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from typing import Final, final

from treadle_channels._backends.interfaces import Backend, PresenceBackend
from treadle_channels._core.errors import NoPresenceError
from treadle_channels._core.topics import check_topic

from .logs import RareLog

__all__ = ["Presence"]

#: The bytes of the longest name of a member, and of the longest note about one.
_MAX_NAME: Final = 512
_MAX_NOTE: Final = 4096

#: A member is renewed so many times before it would be gone: one or two may fail.
_RENEWALS: Final = 3


def _check_text(what: str, text: str, limit: int) -> None:
    if not isinstance(text, str):
        raise TypeError(f"{what} is a str, not {text!r}")
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ValueError(f"{what} has a lone surrogate: {text[:80]!r}") from error
    if size > limit:
        raise ValueError(f"{what} has {size} bytes, of which {limit} are allowed: {text[:80]!r}...")


@final
class Presence:
    """The members that this process has brought, and how they stay."""

    def __init__(self, backend: Backend, ttl: float) -> None:
        if not 0 < ttl < float("inf"):
            raise ValueError(f"presence_ttl={ttl!r} must be a number of seconds above 0")
        self._backend: Final = backend
        self._ttl: Final = ttl
        self._token: Final = secrets.token_hex(8)
        # For each topic the members with their notes, one for each time that they are there.
        self._own: Final[dict[str, dict[str, list[str]]]] = {}
        self._task: asyncio.Task[None] | None = None
        self._log: Final = RareLog()

    def _engine(self) -> PresenceBackend:
        if not isinstance(self._backend, PresenceBackend):
            raise NoPresenceError(
                f"The backend ({self._backend.description}) does not keep members: use "
                "MemoryBackend for one process, or a Redis backend for several"
            )
        return self._backend

    async def members(self, topic: str) -> dict[str, str]:
        """Return the members of ``topic`` with their notes, in the order of their names."""
        found = await self._engine().members(check_topic(topic))
        size = len(self._token)
        return dict(sorted((key[size:], note) for key, note in sorted(found.items())))

    @contextlib.asynccontextmanager
    async def present(self, topic: str, member: str, note: str = "") -> AsyncIterator[None]:
        """Be a member of ``topic`` in the block."""
        engine = self._engine()
        check_topic(topic)
        _check_text("A member", member, _MAX_NAME)
        if not member:
            raise ValueError("A member must not be empty")
        _check_text("A note", note, _MAX_NOTE)
        notes = self._own.setdefault(topic, {}).setdefault(member, [])
        notes.append(note)
        try:
            await engine.touch(topic, {self._token + member: note}, self._ttl)
            self._renew()
            yield
        finally:
            await self._leave(engine, topic, member, note)

    async def _leave(self, engine: PresenceBackend, topic: str, member: str, note: str) -> None:
        members = self._own.get(topic)
        if members is None or member not in members:
            # ``stop`` has removed it.
            return
        members[member].remove(note)
        if members[member]:
            return
        del members[member]
        if not members:
            del self._own[topic]
        if not self._own and self._task is not None:
            self._task.cancel()
        await self._remove(engine, topic, [member])

    async def _remove(self, engine: PresenceBackend, topic: str, members: list[str]) -> None:
        try:
            await engine.remove(topic, [self._token + member for member in members])
        except Exception as error:  # noqa: BLE001  # it is gone in ``ttl`` seconds anyway
            self._log.error("Could not remove members of the topic %r: %s", topic[:80], error)
            return
        # It may have come back meanwhile, and the engine have removed what it had just got.
        own = self._own.get(topic, {})
        back = {self._token + each: own[each][-1] for each in members if each in own}
        if back:
            await engine.touch(topic, back, self._ttl)

    # Renewal.

    def _renew(self) -> None:
        if self._task is None or self._task.done() or self._task.cancelling():
            self._task = asyncio.get_running_loop().create_task(self._renew_all())

    async def _renew_all(self) -> None:
        engine = self._engine()
        while True:
            await asyncio.sleep(self._ttl / _RENEWALS)
            for topic, members in list(self._own.items()):
                notes = {self._token + member: each[-1] for member, each in members.items()}
                try:
                    await engine.touch(topic, notes, self._ttl)
                except Exception as error:  # noqa: BLE001  # the next time may be better
                    self._log.error("Could not renew members of %r: %s", topic[:80], error)

    async def stop(self) -> None:
        """Remove the members of this process, and end the task."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        own = dict(self._own)
        self._own.clear()
        for topic, members in own.items():
            await self._remove(self._engine(), topic, list(members))
