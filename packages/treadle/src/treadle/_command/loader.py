"""Make the application of an entry, in this process or in each worker."""

import sys
from collections.abc import Awaitable, Sequence
from typing import Final, NoReturn, final

from treadle_server import Application
from treadle_server.interfaces import UnusableError

from .entry import Entry, EntryError
from .faults import complain, shown_traceback
from .source import ImportFailedError, load_entry, make_source

__all__ = ["Loader", "tell"]


def tell(program: str, error: EntryError) -> None:
    """Write what is wrong with an entry to standard error: the user's traceback, and a sentence."""
    if isinstance(error, ImportFailedError) and not isinstance(error.error, SystemExit):
        sys.stderr.write(shown_traceback(error.error))
    complain(program, str(error))


@final
class Loader:
    """Makes the application where it is served, so that a new worker has the code of today."""

    def __init__(self, program: str, entry: Entry, arguments: Sequence[str]) -> None:
        self._program: Final = program
        #: What is served; with the name that was found, once it is made.
        self.entry: Entry = entry
        self._arguments: Final = arguments

    def make(self) -> Application | Awaitable[Application]:
        """Return the application, or what makes it; raises ``EntryError``."""
        self.entry, found = load_entry(self.entry)
        return make_source(self.entry, found, self._arguments)

    def __call__(self) -> Application | Awaitable[Application]:
        """Return the application, in a worker: no other worker is tried if it cannot be made."""
        try:
            made = self.make()
        except EntryError as error:
            self._give_up(error)
        return made if isinstance(made, Application) else self._wait(made)

    async def _wait(self, made: Awaitable[Application]) -> Application:
        try:
            return await made
        except EntryError as error:
            self._give_up(error)

    def _give_up(self, error: EntryError) -> NoReturn:
        tell(self._program, error)
        raise UnusableError(2) from error
