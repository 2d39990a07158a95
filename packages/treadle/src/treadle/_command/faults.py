"""Show what the user's own code raised: its traceback without the frames that led to it.

A traceback of an import begins with a dozen lines of importlib and of this command. What is shown
begins with the first line of the user.
"""

import os
import sys
import sysconfig
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

__all__ = ["complain", "is_users", "own_part", "shown_traceback"]

_PACKAGES: Final = (
    "treadle", "treadle_asgi", "treadle_http_parser", "treadle_multipart", "treadle_responses",
    "treadle_router", "treadle_server", "treadle_websocket",
)  # fmt: skip


def _folders(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        for folder in getattr(sys.modules.get(name), "__path__", ()):
            yield os.path.join(folder, "")  # noqa: PTH118  # compared with names of files as text


#: Where code is that is not the user's: ours, and the standard library.
_OURS: Final = tuple(_folders(_PACKAGES))
_STANDARD: Final = tuple(
    os.path.join(sysconfig.get_paths()[name], "")  # noqa: PTH118
    for name in ("stdlib", "platstdlib")
)
_SITES: Final = tuple(
    os.path.join(sysconfig.get_paths()[name], "")  # noqa: PTH118
    for name in ("purelib", "platlib")
)


def own_part(error: BaseException) -> TracebackType | None:
    """Return the traceback of ``error`` from the first line of the user on, None without one."""
    place = error.__traceback__
    while place is not None:
        if is_users(place.tb_frame.f_code.co_filename):
            return place
        place = place.tb_next
    return None


def is_users(file: str) -> bool:
    """Return True if the code of ``file`` is neither ours nor the standard library's."""
    if file.startswith(("<frozen ", "<string>", *_OURS)):
        return False
    if file.endswith((".pyx", ".pxd", ".pxi")):
        # Compiled, such as uvloop's loop: there is no line to show.
        return False
    # Packages are in a folder of the standard library.
    return file.startswith(_SITES) or not file.startswith(_STANDARD)


def shown_traceback(error: BaseException, base: Path | None = None) -> str:
    """Return the text of ``error`` with the user's part of its traceback.

    Files below ``base``, the current directory by default, have relative names.
    """
    lines = traceback.format_exception(type(error), error, own_part(error))
    folder = str(Path.cwd() if base is None else base)
    return "".join(lines).replace(f'File "{folder}{os.sep}', 'File "')


def complain(program: str, text: str) -> None:
    """Write a sentence of ``program`` to standard error."""
    sys.stderr.write(f"{program}: error: {text}\n")
