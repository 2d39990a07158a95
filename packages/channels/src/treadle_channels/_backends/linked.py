"""The part of a backend that all engines share: its life, its topics, what waits to be sent.

A backend of an engine says how a session is made (``_session``), what is told when a link is back
(``_back``), and how a message becomes a call.
"""

from collections.abc import Collection
from typing import Generic, TypeVar

from treadle_channels._core.errors import BackendUnavailableError

from .interfaces import Sink
from .link import Link
from .session import LinkOptions, Session

__all__ = ["LinkedBackend"]

W = TypeVar("W")


class LinkedBackend(Generic[W]):
    """A backend over a ``Link``; ``stop`` ends what ``start`` has begun."""

    def __init__(self, description: str, options: LinkOptions) -> None:
        self._description = description
        self._sink: Sink | None = None
        self._link: Link[W] = Link(self._session, self._back, options, description)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._description}>"

    def _session(self) -> Session[W]:
        raise NotImplementedError

    def _back(self, missed: bool) -> None:
        raise NotImplementedError

    def _to(self) -> Sink:
        if self._sink is None:
            raise BackendUnavailableError(f"{self._description} is not started")
        return self._sink

    @property
    def description(self) -> str:
        """The engine and where it is, without passwords."""
        return self._description

    @property
    def connected(self) -> bool:
        """True while messages can be published and are received."""
        return self._link.connected

    async def start(self, sink: Sink) -> None:
        """Connect; raises ``BackendUnavailableError`` if the engine cannot be reached.

        With ``required=False`` it returns then too, and the backend goes on trying.
        ``BackendError`` says that the engine refuses us: a wrong password, or no such engine.
        """
        if self._sink is not None:
            raise RuntimeError(f"{self._description} was started already: stop it first")
        self._sink = sink
        try:
            await self._link.start()
        except BaseException:
            self._sink = None
            raise

    async def stop(self) -> None:
        """Disconnect; messages that wait for the engine are dropped, which the log tells."""
        await self._link.stop()
        self._sink = None

    async def subscribe(self, topics: Collection[str]) -> None:
        """Receive the messages of ``topics`` that are published from the return on."""
        self._to()
        await self._link.subscribe(topics)

    async def unsubscribe(self, topics: Collection[str]) -> None:
        """Receive no messages of ``topics`` any more."""
        self._link.unsubscribe(topics)
