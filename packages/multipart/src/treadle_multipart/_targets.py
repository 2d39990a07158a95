"""The targets of a form that want to be told how it ended: each is closed or aborted, once.

A form is stored as a whole or not at all: its targets are closed when all of it was read, and
aborted if it was not. A target is taken out of the collection before it is called, so that no
second call can follow, not even from another thread.
"""

from collections import deque
from typing import final

from ._errors import UsageError
from ._form import Target, UploadTarget

__all__ = ["OwnedTargets", "note", "refuse_awaitable"]


@final
class OwnedTargets:
    """The targets of one form that have ``abort`` and were not ended yet."""

    __slots__ = ("_targets",)

    def __init__(self) -> None:
        self._targets: deque[UploadTarget] = deque()

    def __bool__(self) -> bool:
        return bool(self._targets)

    def add(self, target: Target) -> None:
        """Own a target, if it has ``abort``; one that several parts share is owned once.

        Raises ``UsageError`` for a target with ``abort`` and without ``close``.
        """
        if not hasattr(target, "abort"):
            return
        if not isinstance(target, UploadTarget):
            raise UsageError(
                f"{type(target).__name__} has abort() but no close(); give it both, or none if the "
                "program ends it"
            )
        if not any(target is owned for owned in self._targets):
            self._targets.append(target)

    def close(self) -> None:
        """Close the targets in the order of their parts; the first error ends this."""
        while (target := self._take()) is not None:
            refuse_awaitable(target, "close", target.close())

    def abort(self) -> list[Exception]:
        """Abort the targets, all of them, and return the errors of those that failed to."""
        errors: list[Exception] = []
        while (target := self._take()) is not None:
            try:
                refuse_awaitable(target, "abort", target.abort())
            except Exception as error:  # noqa: BLE001  # the next targets are aborted all the same
                errors.append(error)
        return errors

    def _take(self) -> UploadTarget | None:
        try:
            return self._targets.popleft()
        except IndexError:
            return None


def refuse_awaitable(target: object, method: str, result: object) -> None:
    """Raise ``UsageError`` if a method of a target is a coroutine.

    Other results do not matter: files return a count.
    """
    if hasattr(result, "__await__"):
        close = getattr(result, "close", None)
        if close is not None:
            close()  # or Python warns that it was never awaited
        raise UsageError(
            f"{type(target).__name__}.{method} is a coroutine; targets are synchronous: "
            "for an asynchronous sink read the events of a MultipartParser"
        )


def note(error: BaseException, others: list[Exception]) -> None:
    """Add the errors of a cleaning up to ``error``, which was its reason, as notes."""
    for other in others:
        error.add_note(f"The clean-up behind this error failed as well: {other!r}")
