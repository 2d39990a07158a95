"""Frozen lists and signals."""

import functools
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from treadle_server import Application, FrozenList, Signal


def test_a_list_until_it_is_frozen() -> None:
    items: FrozenList[int] = FrozenList([1, 2], what="numbers")
    items.append(3)
    items[0] = 0
    items[1:2] = [5, 6]
    del items[-1]
    assert list(items) == [0, 5, 6]
    assert items == [0, 5, 6]
    assert items[1:] == [5, 6]
    assert "numbers" in repr(items)
    items.freeze()
    assert items.frozen
    changes: list[Callable[[], object]] = [
        lambda: items.append(1),
        items.pop,
        lambda: items.__setitem__(0, 1),
        lambda: items.__delitem__(0),
        lambda: items.insert(0, 1),
    ]
    for change in changes:
        with pytest.raises(RuntimeError, match="Cannot change numbers"):
            change()
    assert list(items) == [0, 5, 6]


def test_a_signal_awaits_its_receivers_in_order() -> None:
    seen: list[tuple[str, int]] = []

    async def first(number: int) -> None:
        seen.append(("first", number))

    async def second(number: int) -> None:
        seen.append(("second", number))

    signal: Signal[[int]] = Signal([first, second], what="on_number")
    sending = signal.send(1)
    with pytest.raises(RuntimeError, match="Cannot send on_number"):
        sending.send(None)
    signal.freeze()
    with pytest.raises(StopIteration):
        signal.send(2).send(None)
    assert seen == [("first", 2), ("second", 2)]


async def receiver(*args: object) -> None:
    """Receive anything."""


async def context(app: object) -> AsyncIterator[None]:
    yield


def sync_context(app: object) -> Iterator[None]:
    yield


class Receiver:
    async def __call__(self, *args: object) -> None:
        """Receive anything."""


# What no receiver can be, and the words of the error.
NO_RECEIVERS: list[tuple[object, str]] = [
    (5, "not 5"),
    (None, "not None"),
    ("name", "not name"),
    ([receiver], "not [<function"),
    (context, "not context: it has a `yield`, which functions of cleanup_ctx have"),
    (sync_context, "not sync_context: define it with `async def`, without `yield`"),
]
SIGNALS = ("on_response_prepare", "on_startup", "on_shutdown", "on_cleanup")
# Each way to add an item.
WAYS: list[Callable[[Any, Any], object]] = [
    lambda items, item: items.append(item),
    lambda items, item: items.insert(0, item),
    lambda items, item: items.extend([item]),
    lambda items, item: items.__setitem__(0, item),
    lambda items, item: items.__setitem__(slice(0, 1), [item]),
    lambda items, item: items.__iadd__([item]),
]


@pytest.mark.parametrize("add", WAYS)
@pytest.mark.parametrize(("item", "words"), NO_RECEIVERS)
@pytest.mark.parametrize("name", SIGNALS)
def test_what_no_receiver_can_be(
    name: str, item: object, words: str, add: Callable[[Any, Any], object]
) -> None:
    signal = getattr(Application(), name)
    signal.append(receiver)
    with pytest.raises(TypeError, match=re.escape(words)) as caught:
        add(signal, item)
    assert f"A receiver of {name} is an async function" in str(caught.value)
    assert signal == [receiver]


def test_a_coroutine_is_no_receiver() -> None:
    coroutine = receiver()
    with pytest.raises(TypeError, match="pass the function, do not call it"):
        Application().on_startup.append(coroutine)  # type: ignore[arg-type]  # the mistake
    coroutine.close()


@pytest.mark.parametrize(
    "good",
    [
        receiver,
        Receiver(),
        functools.partial(receiver, 1),
        lambda number: receiver(number),  # noqa: PLW0108  # as it is written in applications
        Receiver().__call__,
    ],
)
def test_what_a_receiver_can_be(good: Callable[..., Any]) -> None:
    signal: Signal[[int]] = Signal(what="on_number")
    signal.append(good)
    signal.freeze()
    with pytest.raises(StopIteration):
        signal.send(1).send(None)


def test_a_receiver_that_returns_nothing_to_await() -> None:
    def forgets_async(number: int) -> Any:
        """Return None."""

    signal: Signal[[int]] = Signal([forgets_async], what="on_number")
    signal.freeze()
    with pytest.raises(TypeError, match=r"forgets_async of on_number returned None, which cannot"):
        signal.send(1).send(None)


def test_the_first_receivers_are_checked_too() -> None:
    with pytest.raises(TypeError, match="A receiver of on_number is an async function, not 5"):
        Signal([5], what="on_number")  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize("add", WAYS)
@pytest.mark.parametrize("item", [5, None, "name"])
def test_what_no_middleware_can_be(item: object, add: Callable[[Any, Any], object]) -> None:
    app = Application(middlewares=[receiver])  # type: ignore[list-item]  # not called
    with pytest.raises(TypeError, match="A middleware of the application is"):
        add(app.middlewares, item)
    assert app.middlewares == [receiver]
