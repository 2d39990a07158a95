"""``treadle``, the command: its subcommands, each in a module of its own.

A subcommand is imported when it is called, so that ``treadle --help`` is there at once.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, NoReturn, final

from .parser import Parser

__all__ = ["main"]


@final
class _Command(NamedTuple):
    """A subcommand: one line of help, and the functions that add its arguments and do it."""

    help: str
    load: Callable[[], Callable[[Parser, Sequence[str]], NoReturn]]


def _run() -> Callable[[Parser, Sequence[str]], NoReturn]:
    from .run import add_run, run

    def call(parser: Parser, arguments: Sequence[str]) -> NoReturn:
        add_run(parser)
        options, rest = parser.parse_known_args(arguments)
        run(parser, options, rest)

    return call


def _dev() -> Callable[[Parser, Sequence[str]], NoReturn]:
    from .dev import add_dev, dev

    def call(parser: Parser, arguments: Sequence[str]) -> NoReturn:
        add_dev(parser)
        options, rest = parser.parse_known_args(arguments)
        dev(parser, options, rest, arguments)

    return call


def _routes() -> Callable[[Parser, Sequence[str]], NoReturn]:
    from .routes import add_routes, routes

    def call(parser: Parser, arguments: Sequence[str]) -> NoReturn:
        add_routes(parser)
        routes(parser, parser.parse_args(arguments))

    return call


def _check() -> Callable[[Parser, Sequence[str]], NoReturn]:
    from .check import add_check, check

    def call(parser: Parser, arguments: Sequence[str]) -> NoReturn:
        add_check(parser)
        check(parser, parser.parse_args(arguments))

    return call


def _new() -> Callable[[Parser, Sequence[str]], NoReturn]:
    from .new import add_new, new

    def call(parser: Parser, arguments: Sequence[str]) -> NoReturn:
        add_new(parser)
        new(parser, parser.parse_args(arguments))

    return call


COMMANDS: Final = {
    "run": _Command("serve an application", _run),
    "dev": _Command("serve it while you work on it: reload, error pages, a readable log", _dev),
    "routes": _Command("list its routes, with those that no request can find", _routes),
    "check": _Command("look for mistakes in its wiring", _check),
    "new": _Command("begin a project", _new),
}

_USAGE: Final = "treadle <command> [options]"


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Do what the command line says, and exit; ``arguments`` are those of the process by default.

    Exits with status 2 and a sentence on standard error if they are wrong.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    listed = "\n".join(f"  {name:<8} {command.help}" for name, command in COMMANDS.items())
    parser = Parser(
        prog="treadle",
        usage=_USAGE,
        description="A web framework for asyncio.",
        epilog=f"commands:\n{listed}\n\n`treadle <command> --help` has the options of each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version())
    parser.add_argument("command", choices=tuple(COMMANDS), metavar="command", help="see below")
    if not arguments:
        parser.print_help(sys.stderr)
        parser.exit(2)
    parser.parse_args(arguments[:1])
    name = arguments[0]
    command = COMMANDS[name]
    parser = Parser(prog=f"treadle {name}", description=command.help.capitalize() + ".")
    try:
        try:
            command.load()(parser, arguments[1:])
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has left, as `head` does: what is in the buffer goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        parser.exit(1)
    except KeyboardInterrupt:
        # While it was starting; a server stops by itself. 130 is what shells know.
        parser.exit(130, "Stopped\n")


def _version() -> str:
    from treadle import __version__

    return f"treadle {__version__}, Python {sys.version.split()[0]}"
