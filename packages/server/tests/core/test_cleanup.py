"""Cleanup contexts by themselves: the order of entering and leaving, and errors at each point."""

import contextlib
import re
from collections.abc import AsyncIterator, Iterator

import pytest

from testkit import run_on
from treadle_server import CleanupError
from treadle_server._core.cleanup import CleanupContext

run = run_on("asyncio")


class Recorder:
    """Makes contexts that note when they are entered and left, and fail where they are told to."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def generator(self, name: str, fails: str = "") -> "object":
        async def context(app: str) -> AsyncIterator[None]:
            self._note("enter", name, fails)
            yield
            self._note("leave", name, fails)

        return context

    def manager(self, name: str, fails: str = "") -> "object":
        @contextlib.asynccontextmanager
        async def context(app: str) -> AsyncIterator[None]:
            self._note("enter", name, fails)
            yield
            self._note("leave", name, fails)

        return context

    def _note(self, event: str, name: str, fails: str) -> None:
        self.events.append(f"{event} {name} ")
        if fails == event:
            raise ValueError(f"{event} {name}")


def contexts_of(*factories: object) -> CleanupContext[str]:
    contexts: CleanupContext[str] = CleanupContext()
    contexts.extend(factories)  # type: ignore[arg-type]  # of both kinds
    contexts.freeze()
    return contexts


def test_entered_in_order_and_left_in_reverse() -> None:
    async def main() -> None:
        note = Recorder()
        contexts = contexts_of(note.generator("a"), note.manager("b"), note.generator("c"))
        await contexts.enter("app")
        await contexts.leave()
        assert "".join(note.events) == "enter a enter b enter c leave c leave b leave a "
        # Left once.
        await contexts.leave()
        assert len(note.events) == 6

    run(main())


@pytest.mark.parametrize("kind", ["generator", "manager"])
def test_only_entered_contexts_are_left(kind: str) -> None:
    async def main() -> None:
        note = Recorder()
        failing = getattr(note, kind)("b", "enter")
        contexts = contexts_of(note.generator("a"), failing, note.generator("c"))
        with pytest.raises(ValueError, match="enter b"):
            await contexts.enter("app")
        await contexts.leave()
        assert "".join(note.events) == "enter a enter b leave a "

    run(main())


def test_one_error_is_raised_as_it_is() -> None:
    async def main() -> None:
        note = Recorder()
        contexts = contexts_of(note.generator("a"), note.manager("b", "leave"))
        await contexts.enter("app")
        with pytest.raises(ValueError, match="leave b"):
            await contexts.leave()
        assert note.events[-1] == "leave a "

    run(main())


def test_several_errors_are_raised_together() -> None:
    async def main() -> None:
        note = Recorder()
        contexts = contexts_of(note.generator("a", "leave"), note.manager("b", "leave"))
        await contexts.enter("app")
        with pytest.raises(CleanupError) as caught:
            await contexts.leave()
        assert [str(error) for error in caught.value.exceptions] == ["leave b", "leave a"]

    run(main())


async def no_yield(app: object) -> None:
    """Set up, and forget to clean up."""


async def good(app: object) -> AsyncIterator[None]:
    yield


def not_async(app: object) -> Iterator[None]:
    yield


@contextlib.asynccontextmanager
async def manager(app: object) -> AsyncIterator[None]:
    yield


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (5, "with one `yield`, not 5"),
        (None, "not None"),
        (no_yield, "not no_yield: it has no `yield`; functions without one belong to on_startup"),
        (not_async, "not not_async: define it with `async def`"),
        (good(None), "pass the function, do not call it"),
        (manager(None), "pass the function, do not call it"),
    ],
)
def test_what_no_context_can_be(item: object, words: str) -> None:
    contexts: CleanupContext[str] = CleanupContext()
    with pytest.raises(TypeError, match=re.escape(words)) as caught:
        contexts.append(item)  # type: ignore[arg-type]  # the mistake under test
    assert "cleanup_ctx" in str(caught.value)
    assert contexts == []


@pytest.mark.parametrize("result", [None, 5])
def test_a_function_that_returns_something_else(result: object) -> None:
    async def main() -> None:
        contexts = contexts_of(good, lambda app: result)
        with pytest.raises(TypeError, match=f"of cleanup_ctx returned {result}: it must be"):
            await contexts.enter("app")
        await contexts.leave()

    run(main())
