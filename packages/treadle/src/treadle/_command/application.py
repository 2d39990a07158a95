"""The application of an entry for commands that only look at it: made, and not started."""

import argparse
import asyncio
from collections.abc import Awaitable

from treadle.web import Application

from .entry import EntryError, app_folder, find_entry
from .loader import Loader, tell
from .parser import Parser

__all__ = ["application"]


def application(parser: Parser, options: argparse.Namespace) -> Application:
    """Return the application that ``options`` name; exits with status 2 and a sentence if none."""
    try:
        entry = find_entry(options.entry, app_folder(options.app_dir))
        made = Loader(parser.prog, entry, ()).make()
        return made if isinstance(made, Application) else asyncio.run(_result(made))
    except EntryError as error:
        tell(parser.prog, error)
        parser.exit(2)


async def _result(made: Awaitable[Application]) -> Application:
    return await made
