"""The commands of a chat bot, read from standard input: ``remind 5 "drink tea"``, ``help``.

    echo 'remind 5 tea' | python bot_commands.py

A command is a path of words, so that the router finds it, converts its numbers, and knows how a
command is written. There is one method, ``SAY``.
"""

import shlex
import sys
from datetime import date
from typing import Protocol

from treadle_router import Match, Router, encode_value


class Command(Protocol):
    """A function that answers a command."""

    def __call__(self, match: "Match[Command]", /) -> str:
        """Return the text of the answer."""


router: Router[Command] = Router()


def remind(match: Match[Command]) -> str:
    """Answer ``remind MINUTES WHAT``."""
    return f"In {match.param('minutes', int)} minutes: {match.param('what', str)}"


def days(match: Match[Command]) -> str:
    """Answer ``days from DATE to DATE``."""
    return f"{(match.param('last', date) - match.param('first', date)).days} days"


def usage(match: Match[Command]) -> str:
    """Answer ``help``."""
    return "\n".join(
        f"{route.path[1:].replace('/', ' ')}: {route.extra['help']}" for route in router.routes()
    )


router.add_route("SAY", "/remind/{minutes!int}/{what}", remind, help="remind you", name="remind")
router.add_route("SAY", "/days/from/{first!date}/to/{last!date}", days, help="count days")
router.add_route("SAY", "/help", usage, help="this text")


def answer(line: str) -> str:
    """Return the answer to a line of text."""
    try:
        words = shlex.split(line)
        path = "".join("/" + encode_value(word, slash=False) for word in words)
    except ValueError as error:  # an open quote, or half a character
        return f"I cannot read that: {error}"
    found = router.match("SAY", path)
    if isinstance(found, Match):
        return found.handler(found)
    return f"I do not know {line.strip()!r}. Try 'help'."


if __name__ == "__main__":
    for text in sys.stdin:
        print(answer(text), flush=True)
