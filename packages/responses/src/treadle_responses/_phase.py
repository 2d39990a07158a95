"""The progress of sending a response, and the writes that each phase refuses."""

import enum
from typing import Final, final

__all__ = ["WRITE_REFUSED", "Phase"]


@final
class Phase(enum.Enum):
    """The progress of sending a response; it only moves forward, but for a failed ``prepare``."""

    #: Nothing is sent.
    NEW = enum.auto()
    #: ``prepare`` runs: hooks and files may have it wait before it sends the head.
    PREPARING = enum.auto()
    #: The head is sent, and pieces of the body may be.
    BODY = enum.auto()
    #: ``write_eof`` has begun: no piece may come behind the last one.
    ENDING = enum.auto()
    #: All of it is sent.
    ENDED = enum.auto()


#: The errors of a ``write`` in each phase; None if it is allowed.
WRITE_REFUSED: Final[dict[Phase, str | None]] = {
    Phase.NEW: "Cannot call write() before prepare()",
    Phase.PREPARING: "Cannot call write() before prepare() has returned: it runs in another task",
    Phase.BODY: None,
    Phase.ENDING: "Cannot call write() after write_eof(), which runs in another task",
    Phase.ENDED: "Cannot call write() after write_eof()",
}
