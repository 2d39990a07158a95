"""The event loop of ``run_app``, by name."""

import asyncio
import importlib
import importlib.util
from typing import Literal, TypeAlias

__all__ = ["LoopName", "new_loop"]

#: The names of event loops that ``run_app`` takes.
LoopName: TypeAlias = Literal["auto", "asyncio", "uvloop"]


def new_loop(name: LoopName | None) -> asyncio.AbstractEventLoop:
    """Return a new event loop: that of the policy, asyncio's own, or one of uvloop.

    ``auto`` is uvloop's (on Windows winloop's) if it is installed, and else asyncio's. Raises
    ``ValueError`` for another name, and ``ModuleNotFoundError`` with what to install.
    """
    if name is None:
        return asyncio.new_event_loop()
    if name == "auto":
        for module in ("uvloop", "winloop"):
            if importlib.util.find_spec(module) is not None:
                return _of(module)
        name = "asyncio"
    if name == "asyncio":
        # Not ``asyncio.new_event_loop``, which asks a policy that may be uvloop's. The class is the
        # default one of the system.
        kind = getattr(asyncio, "ProactorEventLoop", asyncio.SelectorEventLoop)
        loop: asyncio.AbstractEventLoop = kind()
        return loop
    if name == "uvloop":
        if importlib.util.find_spec("uvloop") is None:
            raise ModuleNotFoundError(
                "loop='uvloop' needs uvloop: pip install 'treadle[speedups]', or loop='auto'",
                name="uvloop",
            )
        return _of("uvloop")
    raise ValueError(f"loop must be 'auto', 'asyncio', 'uvloop' or an event loop, got {name!r}")


def _of(module: str) -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = importlib.import_module(module).new_event_loop()
    return loop
