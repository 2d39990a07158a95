"""Tear-down: steps that all run, whatever the others raise."""

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
    ``Exception`` comes alone: a cancellation, ``SystemExit`` and ``KeyboardInterrupt`` are meant
    for the caller's caller.
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
        if len(errors) == 1 or not isinstance(raised, Exception):
            raise raised
    if errors:
        raise CleanupError("Multiple errors on cleanup stage", errors)
