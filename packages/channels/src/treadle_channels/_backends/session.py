"""What one engine must bring so that a ``Link`` keeps it connected: a session, and its options.

A session is one life of the connections to an engine, from their opening to the first error. It
holds no decisions about what comes after: those are the link's.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar, final

from treadle_channels._core.errors import BackendError

__all__ = ["Call", "LinkOptions", "Session", "WhenDown"]

#: What ``publish`` does while the link is down.
WhenDown = Literal["fail", "queue"]

W = TypeVar("W")


@final
@dataclass(frozen=True, slots=True)
class LinkOptions:
    """The options that all engines have."""

    #: False: ``start`` succeeds although the engine cannot be reached.
    required: bool = True
    when_down: WhenDown = "fail"
    #: The messages that wait at most for the return of the engine, with ``when_down="queue"``.
    queue_limit: int = 1000
    #: The seconds that the engine has for each step: to connect, to answer.
    timeout: float = 5.0
    #: The seconds between two questions whether the engine is still there.
    heartbeat: float = 5.0

    def __post_init__(self) -> None:
        if self.when_down not in ("fail", "queue"):
            raise ValueError(f"when_down={self.when_down!r}: give 'fail' or 'queue'")
        if self.queue_limit < 1:
            raise ValueError(f"queue_limit={self.queue_limit!r}: give at least 1")
        if not self.timeout > 0 or not self.heartbeat > 0:
            raise ValueError(
                f"timeout={self.timeout!r}, heartbeat={self.heartbeat!r}: give seconds above 0"
            )


@final
class Call(Generic[W]):
    """One question to the engine, and the future of its answer."""

    __slots__ = ("future", "keep", "size", "work")

    def __init__(
        self, work: W, size: int, future: "asyncio.Future[object] | None", *, keep: bool
    ) -> None:
        self.work = work
        #: The bytes of the question, by which batches are bounded.
        self.size = size
        #: None for a message that waits for the engine's return.
        self.future = future
        #: True for a message that may wait for it.
        self.keep = keep


class Session(Protocol[W]):
    """One life of the connections to an engine; each method may end it with an exception.

    The link calls ``open`` first and ``close`` last, and the others in tasks of their own: one
    ``listen``, and at most one of each other method at a time. ``change`` and ``check`` have
    deadlines of their own, the link gives its timeout to ``open`` and ``send``.
    """

    #: The cheapest call.
    ping: W

    async def open(self) -> None:
        """Connect; the link gives it its timeout."""

    async def listen(self) -> None:
        """Give what is received to the sink until the connection is lost; never return."""

    async def change(self, add: Sequence[str], drop: Sequence[str]) -> None:
        """Subscribe to the topics of ``add``, unsubscribe from ``drop``; return when it is so."""

    async def send(self, batch: Sequence[W]) -> Sequence[object | BackendError]:
        """Ask the engine, and return the answers in order; a refusal is an error among them."""

    async def check(self) -> None:
        """Return when the engine has answered on the connection that listens."""

    async def close(self) -> None:
        """Close the connections, also of a session whose opening failed."""
