"""Tear-down: steps that all run, whatever the others raise."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

__all__ = ["CleanupError", "run_all"]


class CleanupError(RuntimeError):
    """Several cleanup contexts failed to clean up; ``exceptions`` has the error of each."""

    @property
    def exceptions(self) -> list[BaseException]:
        """The errors of the contexts, in the order in which they were left."""
        exceptions: list[BaseException] = self.args[1]
        return exceptions


async def run_all(steps: Iterable[Callable[[], Awaitable[object]]]) -> None:
    """Run every step in order, whatever the ones before have raised, and then raise.

    One error is raised as it is, several as ``CleanupError``; but of these the first that is no
    ``Exception`` comes alone: ``SystemExit``, ``KeyboardInterrupt`` and the cancellation of this
    task are meant for the caller's caller. If nobody has cancelled this task, a ``CancelledError``
    is an error like others: a step has awaited another task, which was cancelled.
    """
    errors: list[BaseException] = []
    for step in steps:
        try:
            await step()
        except GeneratorExit:
            # The caller's coroutine is being closed: it may not await any more.
            raise
        except BaseException as error:  # noqa: BLE001  # raised below
            errors.append(error)
    for raised in errors:
        if len(errors) == 1 or _is_for_the_caller(raised):
            raise raised
    if errors:
        raise CleanupError("Multiple errors on cleanup stage", errors)


def _is_for_the_caller(error: BaseException) -> bool:
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return not isinstance(error, Exception)
