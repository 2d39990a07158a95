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
        with pytest.raises(RuntimeError, match=r"Cannot modify frozen list\. These are numbers"):
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
    with pytest.raises(RuntimeError, match=r"Cannot send non-frozen signal\. on_number"):
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
    (context, "cannot be awaited: it has a `yield`, which functions of cleanup_ctx have"),
    (sync_context, "sync_context of name returned <generator"),
]
# Each way to add an item.
WAYS: list[Callable[[Any, Any], object]] = [
    lambda items, item: items.append(item),
    lambda items, item: items.insert(0, item),
    lambda items, item: items.extend([item]),
    lambda items, item: items.__setitem__(0, item),
    lambda items, item: items.__setitem__(slice(0, 1), [item]),
    lambda items, item: items.__iadd__([item]),
]


@pytest.mark.parametrize("send", ["send", "send_all"])
@pytest.mark.parametrize("add", WAYS)
@pytest.mark.parametrize(("item", "words"), NO_RECEIVERS)
def test_what_cannot_receive(
    item: object, words: str, add: Callable[[Any, Any], object], send: str
) -> None:
    """As with aiohttp, it can be added; the error comes when the signal is sent."""
    signal: Signal[[object]] = Signal([receiver], what="name")
    add(signal, item)
    assert item in signal
    signal.freeze()
    with pytest.raises(TypeError, match=re.escape(words)) as caught:
        getattr(signal, send)(None).send(None)
    assert "receiver" in str(caught.value)
    assert "of name" in str(caught.value)


def test_a_coroutine_is_no_receiver() -> None:
    coroutine = receiver()
    signal: Signal[[]] = Signal([coroutine], what="name")  # type: ignore[list-item]  # the mistake
    signal.freeze()
    with pytest.raises(TypeError, match="pass the function, do not call it"):
        signal.send().send(None)
    coroutine.close()


def test_equal_lists() -> None:
    assert FrozenList([1]) == FrozenList([1], what="others") == [1]
    assert FrozenList([1]) != FrozenList([2])
    assert FrozenList([1]) != (1,)


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


@pytest.mark.parametrize("add", WAYS)
@pytest.mark.parametrize("item", [5, None, "name"])
def test_what_no_middleware_can_be(item: object, add: Callable[[Any, Any], object]) -> None:
    app = Application(middlewares=[receiver])  # type: ignore[list-item]  # not called
    with pytest.raises(TypeError, match="A middleware of the application is"):
        add(app.middlewares, item)
    assert app.middlewares == [receiver]
