"""A WebSocket as a subscriber, over a connection whose peer reads when the test says so."""

import asyncio
from typing import Any

import pytest

from testkit import Run
from treadle_channels import Gap, Message, Overflow
from treadle_channels._web.encoder import Encoder
from treadle_channels._web.member import GapMessage, Member
from treadle_server import ClientConnectionResetError
from treadle_server.interfaces import WebSocketChannel
from treadle_websocket import PreparedMessage, State


class Session:
    state = State.OPEN


class Peer:
    """Enough of a ``WebSocketChannel``: ``behind`` is what the test makes of it."""

    def __init__(self) -> None:
        self.session = Session()
        self.behind = False
        #: What was sent: payloads, and the code and reason of a close.
        self.sent: list[object] = []
        #: The peer is behind again after so many messages more.
        self.room = 1_000_000
        self.callbacks: list[Any] = []
        self.reads: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def put(self, message: PreparedMessage, compress: bool | None) -> None:
        assert self.session.state is State.OPEN
        self.sent.append(message.payload)
        self.room -= 1
        self.behind = self.behind or self.room <= 0

    async def drain(self) -> None:
        while self.behind:
            if self.reads.done():
                self.reads = asyncio.get_running_loop().create_future()
            await self.reads
        if self.session.state is State.CLOSED:
            raise ClientConnectionResetError("gone")

    def read(self, room: int = 1_000_000) -> None:
        self.behind, self.room = False, room
        if not self.reads.done():
            self.reads.set_result(None)

    def close(self, code: int | None, reason: str = "") -> bool:
        if self.session.state is not State.OPEN:
            return False
        self.session.state = State.CLOSE_SENT
        self.sent.append((code, reason))
        return True

    def add_close_callback(self, callback: Any) -> None:
        self.callbacks.append(callback)

    def remove_close_callback(self, callback: Any) -> None:
        if callback in self.callbacks:
            self.callbacks.remove(callback)

    def lose(self) -> None:
        self.session.state = State.CLOSED
        self.read()
        callbacks, self.callbacks = self.callbacks, []
        for callback in callbacks:
            callback()


left: list[Member] = []


def make(
    peer: Peer, queue: int = 2, overflow: Overflow = "close", gap: GapMessage | None = None
) -> Member:
    left.clear()
    ws: Any = peer
    return Member(ws, Encoder(None), queue=queue, overflow=overflow, gap=gap, left=left.append)


def tell(gap: Gap) -> str:
    return f"{sorted(gap.topics)} {gap.reason} {gap.missed}"


async def settle(member: Member) -> None:
    while member.task is not None:
        await asyncio.wait([member.task])
    # One that was cancelled has its turn.
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def test_a_peer_that_keeps_up_needs_no_task(run: Run) -> None:
    async def main() -> None:
        peer = Peer()
        member = make(peer)
        for number in range(10):
            member.deliver(Message("t", str(number)))
        assert peer.sent == [b"%d" % number for number in range(10)]
        assert member.task is None
        member.leave()
        member.leave()
        assert (left, peer.callbacks) == ([member], [])

    run(main())


def test_a_peer_that_is_behind_and_reads_again(run: Run) -> None:
    async def main() -> None:
        peer = Peer()
        member = make(peer, queue=10)
        peer.behind = True
        for number in range(6):
            member.deliver(Message("t", str(number)))
        assert peer.sent == []
        assert member.task is not None
        await asyncio.sleep(0)
        # It reads two, and is behind again.
        peer.read(2)
        for _ in range(5):
            await asyncio.sleep(0)
        assert peer.sent == [b"0", b"1"]
        member.deliver(Message("t", "6"))
        peer.read()
        await settle(member)
        member.deliver(Message("t", "7"))
        assert peer.sent == [b"%d" % number for number in range(8)]
        member.leave()

    run(main())


def test_close(run: Run) -> None:
    async def main() -> None:
        peer = Peer()
        member = make(peer)
        peer.behind = True
        for number in range(5):
            member.deliver(Message("t", str(number)))
        assert peer.sent == [(1013, "too slow")]
        assert left == [member]
        await settle(member)
        member.deliver(Message("t", "late"))
        member.lose(Gap(frozenset("t"), "link"))
        member.end()
        assert len(peer.sent) == 1

    run(main())


@pytest.mark.parametrize(
    ("overflow", "expected"),
    [
        ("drop_oldest", [b"['t'] behind 3", b"3", b"4"]),
        ("drop_newest", [b"0", b"1", b"['t'] behind 3"]),
    ],
)
def test_drops_are_told(run: Run, overflow: Overflow, expected: list[object]) -> None:
    async def main() -> None:
        peer = Peer()
        member = make(peer, overflow=overflow, gap=tell)
        peer.behind = True
        for number in range(5):
            member.deliver(Message("t", str(number)))
        peer.read()
        await settle(member)
        assert peer.sent == expected
        member.leave()

    run(main())


@pytest.mark.parametrize("overflow", ["drop_oldest", "drop_newest"])
def test_drops_that_cannot_be_told_close(run: Run, overflow: Overflow) -> None:
    async def main() -> None:
        peer = Peer()
        member = make(peer, overflow=overflow)
        peer.behind = True
        for number in range(5):
            member.deliver(Message("t", str(number)))
        assert (left, peer.sent) == ([], [])
        peer.read()
        await settle(member)
        kept = [] if overflow == "drop_oldest" else [b"0", b"1"]
        assert peer.sent == [*kept, (1013, "messages were lost")]
        assert left == [member]

    run(main())


def test_gaps_of_the_engine(run: Run) -> None:
    async def main() -> None:
        peer = Peer()
        member = make(peer, gap=tell)
        member.lose(Gap(frozenset("t"), "link"))
        peer.behind = True
        member.deliver(Message("t", "1"))
        member.lose(Gap(frozenset("t"), "trimmed", 2))
        assert peer.sent == [b"['t'] link None"]
        peer.read()
        await settle(member)
        assert peer.sent == [b"['t'] link None", b"1", b"['t'] trimmed 2"]
        other = Peer()
        make(other).lose(Gap(frozenset("t"), "link"))
        assert other.sent == [(1013, "messages were lost")]

    run(main())


def test_a_gap_function_that_fails_closes(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    def fail(gap: Gap) -> str:
        raise ValueError("oops")

    async def main() -> None:
        peer = Peer()
        make(peer, gap=fail).lose(Gap(frozenset("t"), "link"))
        assert peer.sent == [(1013, "messages were lost")]

    run(main())


def test_a_message_that_cannot_be_encoded_is_a_loss(run: Run) -> None:
    async def main() -> None:
        peer = Peer()
        make(peer, gap=tell).deliver(Message("t", "\ud800"))
        assert peer.sent == [b"['t'] undecodable 1"]

    run(main())


def test_a_connection_that_fails_closes(run: Run) -> None:
    async def main() -> None:
        peer = Peer()
        member = make(peer)
        peer.put = None  # type: ignore[method-assign, assignment]  # any fault
        with pytest.raises(TypeError):
            member.deliver(Message("t", "1"))
        assert peer.sent == [(1013, "messages were lost")]
        assert left == [member]

    run(main())


@pytest.mark.parametrize("behind", [False, True])
def test_a_peer_that_is_lost_leaves(run: Run, behind: bool) -> None:
    async def main() -> None:
        peer = Peer()
        member = make(peer)
        peer.behind = behind
        member.deliver(Message("t", "1"))
        await asyncio.sleep(0)
        task = member.task
        assert (task is not None) is behind
        peer.lose()
        assert left == [member]
        if task is not None:
            await asyncio.wait([task])
        assert member.task is None
        member.deliver(Message("t", "2"))
        assert peer.sent == ([] if behind else [b"1"])

    run(main())


def test_the_end_of_the_channels(run: Run) -> None:
    async def main() -> None:
        peer = Peer()
        member = make(peer)
        member.end()
        assert (peer.sent, left) == ([(1001, "")], [member])

    run(main())


def test_the_peer_of_these_tests_is_like_a_websocket() -> None:
    names = [name for name in vars(Peer) if not name.startswith("_")]
    missing = [name for name in names if not hasattr(WebSocketChannel, name)]
    assert missing == ["read", "lose"]
