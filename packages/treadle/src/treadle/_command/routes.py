"""``treadle routes``: list what an application answers, as a table or as JSON."""

import argparse
import dataclasses
import json
import sys
from typing import NoReturn

from .application import application
from .listing import rows_of, table
from .parser import Parser
from .run import add_entry

__all__ = ["add_routes", "routes"]


def add_routes(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``treadle routes``."""
    add_entry(parser)
    parser.add_argument("--json", action="store_true", help="one JSON array instead of a table")


def routes(parser: Parser, options: argparse.Namespace) -> NoReturn:
    """Print the routes, and exit: with status 1 if there are routes that no request can find."""
    rows = rows_of(application(parser, options))
    if options.json:
        text = json.dumps([dataclasses.asdict(row) for row in rows], indent=2)
    else:
        text = "\n".join(table(rows)) or "The application has no routes."
    sys.stdout.write(text + "\n")
    parser.exit(1 if any(row.hidden is not None for row in rows) else 0)
