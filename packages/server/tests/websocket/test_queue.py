"""The queue of messages between a WebSocket and its reader."""

import asyncio
from collections.abc import Callable

import pytest

from treadle_server._websocket.queue import AnyMessage, MessageQueue, Waiter, expire
from treadle_websocket import WSMessageBinary, WSMsgType


def message(size: int) -> AnyMessage:
    return WSMessageBinary(WSMsgType.BINARY, b"x" * size, None)


# Sizes of the messages, the number that is enough to fill the queue, and the number that must be
# taken before it is no longer full.
BOUNDS = [
    pytest.param([0] * 2048, None, 0, id="exactly the bound"),
    pytest.param([0] * 2049, 2049, 1537, id="many of no size"),
    pytest.param([256 * 1024], 1, 1, id="one large"),
    pytest.param([100_000] * 5, 3, 5, id="a few"),
]


@pytest.mark.parametrize(("sizes", "filled_by", "emptied_by"), BOUNDS)
def test_the_bounds(sizes: list[int], filled_by: int | None, emptied_by: int) -> None:
    queue = MessageQueue()
    messages = [message(size) for size in sizes]
    full_after = None
    for number, item in enumerate(messages, 1):
        queue.add([item])
        if queue.full and full_after is None:
            full_after = number
    assert full_after == filled_by
    taken = 0
    while queue.full:
        assert queue.take() is messages[taken]
        taken += 1
    assert taken == emptied_by


def test_a_queue_that_is_cleared_starts_anew() -> None:
    queue = MessageQueue()
    queue.add([message(300_000)])
    assert queue.full
    queue.clear()
    assert not queue.full
    queue.add([message(1), message(2)])
    assert not queue.full
    assert [len(queue.take()[1]), len(queue.take()[1])] == [1, 2]
    assert not queue.messages


def _pending(_waiter: Waiter) -> None:
    """Leave it as it is."""


def _cancel(waiter: Waiter) -> None:
    waiter.cancel()


def _end(waiter: Waiter) -> None:
    waiter.set_result(None)


def _give(waiter: Waiter) -> None:
    waiter.set_result(message(3))


@pytest.mark.parametrize(
    ("act", "sizes", "raised"),
    [
        (_pending, [1], None),
        (_cancel, [1], None),
        (_end, [1], None),
        (_give, [3, 1], None),
        (expire, [1], TimeoutError),
    ],
    ids=["waits", "cancelled", "the end", "a message", "time is over"],
)
def test_only_a_message_is_put_back(
    act: Callable[[Waiter], None], sizes: list[int], raised: type[Exception] | None
) -> None:
    async def main() -> None:
        queue = MessageQueue()
        queue.add([message(1)])
        waiter: Waiter = asyncio.get_running_loop().create_future()
        act(waiter)
        queue.put_back(waiter)
        # Its time may be over when it has ended: that changes nothing.
        if waiter.done():
            expire(waiter)
            error = None if waiter.cancelled() else waiter.exception()
            assert type(error) is (raised or type(None))
        assert queue.size == sum(sizes) + 128 * len(sizes)
        assert [len(queue.take()[1]) for _ in sizes] == sizes
        assert queue.size == 0

    asyncio.run(main())
