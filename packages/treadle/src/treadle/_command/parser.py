"""The parser of command lines: mistakes are one sentence with the nearest name, and status 2."""

import argparse
import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, Final, NoReturn, final

__all__ = ["Parser"]

_CHOICE: Final = re.compile(r"invalid choice: '(.*?)' \(choose from (.*)\)", re.DOTALL)


@final
class Parser(argparse.ArgumentParser):
    """An ``ArgumentParser`` whose errors are short and name what may have been meant."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # An abbreviation that is clear today is a mistake when another option is added.
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(*args, **kwargs)

    def error(self, message: str) -> NoReturn:
        """Print ``message`` as a sentence with the fix, and exit with status 2."""
        choice = _CHOICE.search(message)
        if choice is not None:
            choices = re.findall(r"[\w.-]+", choice[2])
            before = message[: choice.start()].replace("argument command: ", "")
            message = f"{before}there is no {choice[1]!r}" + _hint(
                choice[1], choices, "it is one of " + ", ".join(choices)
            )
        self.exit(2, f"{self.prog}: error: {message}\n")

    def refuse_unknown(self, rest: Iterable[str]) -> None:
        """Exit with a sentence if ``rest`` has what looks like an option of this parser."""
        for argument in rest:
            if argument.startswith("-") and argument not in ("-", "--"):
                name = argument.partition("=")[0]
                self.error(
                    f"unknown option {name}" + _hint(name, self.option_names(), "see --help")
                )
        for argument in rest:
            self.error(f"unexpected argument {argument!r}; see --help")

    def option_names(self) -> list[str]:
        """Return the long names of the options."""
        return [
            name
            for action in self._actions
            for name in action.option_strings
            if name.startswith("--")
        ]


def _hint(name: str, names: Iterable[str], otherwise: str) -> str:
    near = get_close_matches(name, list(names), 1, 0.6)
    return f"; did you mean {near[0]}?" if near else f"; {otherwise}"
