"""The layout of an access log line: values in, a line and the values by name out.

Much of a line is a stranger's: paths, fields, behind a proxy even addresses. Characters that are
not printable are escaped as in Python, and in the line quotes and backslashes get a backslash, so
that no request can end a line, imitate another value of it or move the cursor of a terminal.
"""

from collections.abc import Sequence
from typing import Final, final

from treadle_server._core.logs import printable

__all__ = ["Key", "LineLayout"]

#: The name of a value, or that of a mapping and the name in it.
Key = str | tuple[str, str]


@final
class LineLayout:
    """A template with ``%s`` for each value, and the key of each."""

    __slots__ = ("_backslashes", "_mappings", "_names", "_quotes", "_template")

    def __init__(self, template: str, keys: Sequence[Key]) -> None:
        self._template: Final = template
        # A line with other numbers of them has some in its values.
        self._quotes: Final = template.count('"')
        self._backslashes: Final = template.count("\\")
        # The positions of the values, by name. Of a key that is given twice the last counts.
        self._names: Final = [(key, i) for i, key in enumerate(keys) if isinstance(key, str)]
        mappings: dict[str, list[tuple[str, int]]] = {}
        for i, key in enumerate(keys):
            if not isinstance(key, str):
                mappings.setdefault(key[0], []).append((key[1], i))
        self._mappings: Final = list(mappings.items())

    def compose(self, values: Sequence[object]) -> tuple[str, dict[str, object]]:
        """Return the line of ``values``, and the values by name."""
        line = self._template % tuple(values)
        if not (
            line.isprintable()
            and line.count('"') == self._quotes
            and line.count("\\") == self._backslashes
        ):
            # Rare: one look at the whole line costs less than one at each value.
            line = self._template % tuple(map(_quoted, values))
            values = [printable(value) if isinstance(value, str) else value for value in values]
        by_name: dict[str, object] = {name: values[i] for name, i in self._names}
        for name, places in self._mappings:
            by_name[name] = {field: values[i] for field, i in places}
        return line, by_name


def _quoted(value: object) -> object:
    if not isinstance(value, str):
        return value
    return printable(value.replace("\\", "\\\\").replace('"', '\\"'))
