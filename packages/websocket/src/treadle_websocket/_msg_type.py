"""The type of a message: one enumeration in a program, aiohttp's if the program has that too.

Programs written for aiohttp compare ``msg.type is aiohttp.WSMsgType.TEXT``. With an enumeration of
our own beside aiohttp's this would be false, silently. So both libraries use the same object: the
one of aiohttp if it is loaded, otherwise ours, which aiohttp gets when it is imported later.
Nothing here imports aiohttp.
"""

import sys
from collections.abc import Sequence
from enum import IntEnum
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Final, final

__all__ = ["WSMsgType"]

#: The module in which aiohttp defines its enumeration, before any other module takes it from there.
_THEIRS: Final = "aiohttp._websocket.models"


class WSMsgType(IntEnum):
    """The type of a message: the opcodes of RFC 6455 section 5.2, and three that are never sent."""

    CONTINUATION = 0x0
    TEXT = 0x1
    BINARY = 0x2
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA

    CLOSING = 0x100
    CLOSED = 0x101
    ERROR = 0x102

    # Lower-case aliases, for programs written for aiohttp 3.
    text = TEXT
    binary = BINARY
    ping = PING
    pong = PONG
    close = CLOSE
    closing = CLOSING
    closed = CLOSED
    error = ERROR


def _is_same(theirs: object) -> bool:
    """Return True if ``theirs`` has all names of ours, with the same values."""
    names = dict(WSMsgType.__members__)
    members = getattr(theirs, "__members__", {})
    return {name: members.get(name) for name in names} == names


@final
class _LoadsWithOurs(Loader):
    """Loads aiohttp's module, then puts our enumeration in the place of its own."""

    def __init__(self, loader: Loader) -> None:
        self._loader: Final = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        if _is_same(getattr(module, "WSMsgType", None)):
            module.WSMsgType = WSMsgType  # type: ignore[attr-defined]  # it has one: asked above


@final
class _Finder(MetaPathFinder):
    """Finds that module once, for ``_LoadsWithOurs``; all others are found as before."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != _THEIRS:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _LoadsWithOurs(spec.loader)
        return spec


if _THEIRS in sys.modules:
    _theirs = getattr(sys.modules[_THEIRS], "WSMsgType", None)
    if _is_same(_theirs):
        globals()["WSMsgType"] = _theirs
else:
    sys.meta_path.insert(0, _Finder())
