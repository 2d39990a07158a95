"""The event loop by its name."""

import asyncio
import contextlib
import importlib.util
import sys

import pytest

from treadle_server._run import loops
from treadle_server._run.loops import LoopName, new_loop


@pytest.mark.parametrize("name", [None, "asyncio"])
def test_asyncios_own(name: LoopName | None) -> None:
    with contextlib.closing(new_loop(name)) as loop:
        assert type(loop).__module__.startswith("asyncio")
        assert loop.run_until_complete(asyncio.sleep(0, "ran")) == "ran"


@pytest.mark.parametrize("name", ["auto", "uvloop"])
def test_uvloop_where_it_is_installed(name: LoopName) -> None:
    uvloop = pytest.importorskip("uvloop")
    with contextlib.closing(new_loop(name)) as loop:
        assert isinstance(loop, uvloop.Loop)


def test_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops.importlib.util, "find_spec", lambda _name: None)  # type: ignore[attr-defined]  # the module's import
    with contextlib.closing(new_loop("auto")) as loop:
        assert type(loop).__module__.startswith("asyncio")
    with pytest.raises(ModuleNotFoundError, match=r"needs uvloop: pip install 'treadle\[speedups"):
        new_loop("uvloop")


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="policies are deprecated")
@pytest.mark.skipif(importlib.util.find_spec("uvloop") is None, reason="uvloop is not installed")
def test_a_policy_decides_for_none_only() -> None:
    import uvloop

    before = asyncio.get_event_loop_policy()  # type: ignore[deprecated]  # still there in 3.13
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # type: ignore[deprecated]  # as above
    try:
        with contextlib.closing(new_loop(None)) as loop:
            assert isinstance(loop, uvloop.Loop)
        with contextlib.closing(new_loop("asyncio")) as loop:
            assert not isinstance(loop, uvloop.Loop)
    finally:
        asyncio.set_event_loop_policy(before)  # type: ignore[deprecated]  # as above


def test_another_name() -> None:
    with pytest.raises(ValueError, match="loop must be 'auto', 'asyncio', 'uvloop' or an event"):
        new_loop("trio")  # type: ignore[arg-type]  # what is tested
