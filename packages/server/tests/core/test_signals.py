"""Frozen lists and signals."""

from collections.abc import Callable

import pytest

from treadle_server import FrozenList, Signal


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
