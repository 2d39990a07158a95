"""The protocol of one WebSocket on a transport that only records: bounds, batches, timers."""

import asyncio
import zlib
from typing import Any, cast

import pytest

from testkit import FakeClock, Run, each_loop, frame
from treadle_server import ClientConnectionResetError
from treadle_server._transport.flow import FlowControl
from treadle_server._websocket.connection import WebSocketConnection
from treadle_websocket import PerMessageDeflate, SessionSettings, WebSocketSession, WSMsgType

MIB = 1 << 20


class Transport:
    """Keeps what is written, and what it is told."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.reading = True
        self.aborted = False
        self.limit: int | None = None
        self.unsent = 0

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def set_write_buffer_limits(self, high: int) -> None:
        self.limit = high

    def get_extra_info(self, name: str, default: object = None) -> object:
        return default

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True


class Host:
    """What is left of the HTTP connection."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def connection_lost(self, exc: Exception | None) -> None:
        self.calls.append(("lost", exc))

    def watch_writing(self, paused: bool) -> None:
        self.calls.append(("watch", paused))

    def end_upgrade(self, *, linger: bool) -> None:
        self.calls.append(("end", linger))


class Setup:
    """A WebSocket with its surroundings; make it where an event loop runs."""

    def __init__(
        self, settings: SessionSettings | None = None, deflate: PerMessageDeflate | None = None
    ) -> None:
        loop = asyncio.get_running_loop()
        session = WebSocketSession(
            settings or SessionSettings(autoclose=False), deflate=deflate, now=loop.time()
        )
        self.transport = Transport()
        self.host = Host()
        transport = cast("asyncio.Transport", self.transport)
        self.flow = FlowControl(transport)
        self.ws = WebSocketConnection(cast("Any", session), loop, 1000)
        self.ws.take_over(self.host, transport, self.flow)

    async def read_on(self) -> int:
        """Let turns of the loop pass until the transport reads; return their number."""
        for turn in range(1000):
            if self.transport.reading:
                return turn
            await asyncio.sleep(0)
        raise AssertionError("It does not read on")

    async def receive(self) -> Any:
        return await self.ws.receive(None, autoclose=True, iterating=False)


def test_the_limit_is_the_transports(run: Run) -> None:
    async def main() -> None:
        assert Setup().transport.limit == 1000

    run(main())


def bombs(count: int) -> bytes:
    """Return messages of a MiB that take a KiB on the wire."""
    context = zlib.compressobj(9, wbits=-15)
    wire = []
    for _ in range(count):
        data = context.compress(bytes(MIB)) + context.flush(zlib.Z_SYNC_FLUSH)
        wire.append(frame(2, data[:-4], rsv=4))
    return b"".join(wire)


def test_what_comes_at_once_is_not_inflated_at_once(run: Run) -> None:
    """Advisory of undici, CVE-2026-1526: the sum of small bombs is one, too."""

    async def main() -> None:
        setup = Setup(deflate=PerMessageDeflate())
        wire = bombs(200)
        assert len(wire) < 256 * 1024
        setup.ws.data_received(wire)
        assert not setup.transport.reading
        assert setup.ws._queue.size < 8 * MIB
        # Bytes that the transport had read already wait as well.
        setup.ws.data_received(frame(1, b"behind"))
        for _ in range(200):
            assert setup.ws._queue.size < 8 * MIB
            assert (await setup.receive()).data == bytes(MIB)
        assert (await setup.receive()).data == "behind"
        assert setup.transport.reading

    run(main())


@each_loop
def test_reading_pauses_and_goes_on(run: Run) -> None:
    async def main() -> None:
        setup = Setup()
        count = 0
        while setup.transport.reading:
            setup.ws.data_received(frame(2, bytes([count]) * 50_000))
            count += 1
        paused: list[bool] = [setup.transport.reading]
        for number in range(count):
            assert (await setup.receive()).data == bytes([number]) * 50_000
            paused.append(setup.transport.reading)
        assert paused == sorted(paused)
        assert count == 6
        assert paused.index(True) == 5, "goes on when a quarter is left"

    run(main())


@each_loop
def test_many_small_messages_count_as_well(run: Run) -> None:
    async def main() -> None:
        setup = Setup()
        setup.ws.data_received(frame(2) * 2049)
        assert not setup.transport.reading

    run(main())


@each_loop
def test_answers_to_a_burst_leave_together(run: Run) -> None:
    async def main() -> None:
        setup = Setup()
        setup.ws.data_received(frame(1, b"a") + frame(1, b"b") + frame(1, b"c"))
        for _ in range(3):
            message = await setup.receive()
            setup.ws.write(setup.ws.session.send_text(message.data))
        assert setup.transport.writes == [b"\x81\x01a\x81\x01b\x81\x01c"]

    run(main())


@each_loop
def test_an_answer_waits_for_no_more_than_a_turn_of_the_loop(run: Run) -> None:
    async def main() -> None:
        setup = Setup()
        setup.ws.data_received(frame(1, b"a") + frame(1, b"b"))
        await setup.receive()
        setup.ws.write(b"first")
        setup.ws.write(b"second")
        assert setup.transport.writes == []
        await asyncio.sleep(0)
        assert setup.transport.writes == [b"firstsecond"]

    run(main())


@each_loop
def test_large_answers_do_not_wait(run: Run) -> None:
    async def main() -> None:
        setup = Setup()
        setup.ws.data_received(frame(1, b"a") + frame(1, b"b"))
        await setup.receive()
        for _ in range(10):
            setup.ws.write(bytes(20_000))
        assert sum(map(len, setup.transport.writes)) > 9 * 20_000 - 64 * 1024
        await asyncio.sleep(0)
        assert sum(map(len, setup.transport.writes)) == 10 * 20_000

    run(main())


@each_loop
def test_every_ping_of_a_peer_that_reads_is_answered(run: Run) -> None:
    async def main() -> None:
        setup = Setup()
        setup.ws.data_received(b"".join(frame(9, b"%04d" % number) for number in range(3000)))
        pongs = b"".join(b"\x8a\x04%04d" % number for number in range(3000))
        assert b"".join(setup.transport.writes) == pongs
        # Written as they arise: they never wait for each other for long.
        assert max(map(len, setup.transport.writes)) <= 64 * 1024

    run(main())


@each_loop
@pytest.mark.parametrize(
    ("wire", "deflate"),
    [(frame(9), None), (frame(0, b"a", fin=False), None), (frame(9), PerMessageDeflate())],
    ids=["pings", "fragments", "pings with compression"],
)
def test_a_read_is_decoded_in_turns_of_the_loop(
    run: Run, wire: bytes, deflate: PerMessageDeflate | None
) -> None:
    """Others have their turn: 43,000 frames take a tenth of a second."""

    async def main() -> None:
        setup = Setup(deflate=deflate)
        fragments = wire[0] == 0
        if fragments:
            setup.ws.data_received(frame(2, b"a", fin=False))
        data = wire * (256 * 1024 // len(wire))
        setup.ws.data_received(data)
        turns = await setup.read_on()
        # Besides the one that it came in.
        assert turns == (3 if deflate is None else 15)
        setup.ws.data_received(frame(0 if fragments else 2, b"end"))
        assert (await setup.receive()).data.endswith(b"end")
        if not fragments:
            assert len(b"".join(setup.transport.writes)) == 2 * len(data) // len(wire)

    run(main())


@each_loop
def test_a_close_drops_messages_and_reads_on_to_the_close_of_the_peer(run: Run) -> None:
    """The bytes that wait for their turn end inside a frame: they cannot be dropped."""

    async def main() -> None:
        for deflate in (None, PerMessageDeflate()):
            setup = Setup(deflate=deflate)
            setup.ws.data_received(frame(2, bytes(11)) * 20_000)
            assert not setup.transport.reading
            setup.ws.close(1000)
            await setup.read_on()
            assert len(setup.transport.writes) == 1
            setup.ws.data_received(frame(8, b"\x0f\xa0"))
            assert setup.host.calls == [("end", False)]
            assert setup.ws.session.close_code == 4000
            assert (await setup.receive()).type is WSMsgType.CLOSED

    run(main())


@each_loop
def test_a_read_of_small_messages_fills_the_queue_and_not_the_memory(run: Run) -> None:
    async def main() -> None:
        setup = Setup()
        wire = frame(2) * 43_000
        setup.ws.data_received(wire)
        assert not setup.transport.reading
        assert len(setup.ws._queue.messages) < 2049 + 64 * 1024 // 6
        for _ in range(43_000):
            assert (await setup.receive()).data == b""
        assert setup.transport.reading

    run(main())


@each_loop
def test_pongs_wait_for_a_peer_that_reads(run: Run) -> None:
    async def main() -> None:
        setup = Setup()
        setup.ws.pause_writing()
        setup.ws.data_received(frame(9, b"x" * 125) * 10_000 + frame(9, b"last"))
        await setup.read_on()
        assert setup.transport.writes == []
        setup.ws.resume_writing()
        (pongs,) = setup.transport.writes
        assert len(pongs) < 128 * 127
        assert pongs.endswith(b"\x8a\x04last")
        assert setup.host.calls == [("watch", True), ("watch", False)]

    run(main())


@each_loop
def test_senders_wait_for_a_peer_that_does_not_read(run: Run) -> None:
    async def main() -> None:
        setup = Setup()
        setup.ws.pause_writing()
        waiting = asyncio.ensure_future(setup.flow.drain())
        await asyncio.sleep(0)
        assert not waiting.done()
        setup.flow.connection_lost()
        setup.ws.connection_lost(None)
        with pytest.raises(ClientConnectionResetError):
            await waiting
        assert setup.host.calls[-1] == ("lost", None)
        assert setup.ws.session.close_code == 1006

    run(main())


@each_loop
def test_a_fault_lingers_and_a_good_bye_does_not(run: Run) -> None:
    async def main() -> None:
        for wire, linger in ((frame(8), False), (frame(3), True)):
            setup = Setup()
            setup.ws.data_received(wire)
            assert setup.host.calls == []
            await setup.receive()
            assert setup.host.calls == [("end", linger)]
            # Nothing is left that could call it again.
            assert setup.ws._timer is None
            assert setup.ws._owner is None

    run(main())


@pytest.mark.parametrize("wire", [frame(8), frame(3)], ids=["close", "fault"])
def test_a_close_that_is_not_received_is_answered_after_the_close_timeout(
    clock: FakeClock, wire: bytes
) -> None:
    async def main() -> None:
        setup = Setup(SessionSettings(autoclose=False, close_timeout=10))
        setup.ws.data_received(frame(1, b"unread") + wire)
        await clock.advance(9.9)
        assert setup.transport.writes == []
        await clock.advance(0.2)
        assert setup.transport.writes[-1][0] == 0x88
        # The reader finds it all the same.
        assert (await setup.receive()).type is WSMsgType.TEXT
        assert (await setup.receive()).type in (WSMsgType.CLOSE, WSMsgType.ERROR)
        assert (await setup.receive()).type is WSMsgType.CLOSED

    clock.run(main())


def test_bytes_move_the_heartbeat(clock: FakeClock) -> None:
    async def main() -> None:
        setup = Setup(SessionSettings(autoclose=False, heartbeat=10))
        for _ in range(5):
            await clock.advance(9)
            setup.ws.data_received(frame(10))
        await clock.advance(9)
        assert setup.transport.writes == []
        await clock.advance(1)
        assert setup.transport.writes == [b"\x89\x00"]
        # The peer has half of the interval to answer.
        await clock.advance(4.5)
        assert not setup.transport.aborted
        await clock.advance(1)
        assert setup.transport.aborted
        assert (await setup.receive()).type is WSMsgType.ERROR

    clock.run(main())


HEARTBEAT = SessionSettings(autoclose=False, heartbeat=10)


def test_a_peer_that_is_not_read_is_not_given_up(clock: FakeClock) -> None:
    """The handler does not receive, the queue is full: the silence is our own doing."""

    async def main() -> None:
        setup = Setup(HEARTBEAT)
        setup.ws.data_received(frame(2, bytes(300_000)))
        assert not setup.transport.reading
        await clock.advance(100)
        assert not setup.transport.aborted
        assert setup.transport.writes == [b"\x89\x00"] * 10
        await setup.receive()
        assert setup.transport.reading
        # Now it is read, and has half of the interval.
        await clock.advance(4.5)
        assert not setup.transport.aborted
        await clock.advance(1)
        assert setup.transport.aborted

    clock.run(main())


def test_a_peer_that_was_not_read_lives_on_with_its_next_byte(clock: FakeClock) -> None:
    async def main() -> None:
        setup = Setup(HEARTBEAT)
        # The ping is out when reading is paused.
        await clock.advance(10)
        for _ in range(3):
            setup.ws.data_received(frame(2, bytes(300_000)))
            await clock.advance(40)
            await setup.receive()
        await clock.advance(4)
        setup.ws.data_received(frame(10))
        await clock.advance(9.5)
        assert not setup.transport.aborted
        await clock.advance(6)
        assert setup.transport.aborted

    clock.run(main())


def test_a_ping_that_cannot_be_sent_is_not_awaited(clock: FakeClock) -> None:
    """The server's write timeout bounds the time of a peer that reads nothing at all."""

    async def main() -> None:
        setup = Setup(HEARTBEAT)
        setup.ws.pause_writing()
        await clock.advance(100)
        assert not setup.transport.aborted
        assert setup.transport.writes == []
        setup.ws.resume_writing()
        assert set(setup.transport.writes) == {b"\x89\x00" * 10}
        await clock.advance(4.5)
        assert not setup.transport.aborted
        await clock.advance(1)
        assert setup.transport.aborted

    clock.run(main())


def test_a_ping_behind_bytes_that_the_peer_reads_is_not_late(clock: FakeClock) -> None:
    async def main() -> None:
        setup = Setup(HEARTBEAT)
        setup.transport.unsent = 900
        await clock.advance(10)
        for unsent in (600, 300, 0):
            await clock.advance(4)
            setup.transport.unsent = unsent
            await clock.advance(1)
        assert not setup.transport.aborted
        await clock.advance(5)
        assert setup.transport.aborted

    clock.run(main())


def test_a_loop_that_was_held_up_reads_before_it_judges(clock: FakeClock) -> None:
    """uvloop runs timers before it reads."""

    async def main() -> None:
        setup = Setup(HEARTBEAT)
        await clock.advance(10)
        clock.loop.now += 60
        for _ in range(5):
            await asyncio.sleep(0)
        assert not setup.transport.aborted
        setup.ws.data_received(frame(10))
        await clock.advance(9)
        assert not setup.transport.aborted

    clock.run(main())


@each_loop
def test_a_deadline_that_is_due_at_once(run: Run) -> None:
    """uvloop returns a handle without a time for a timer of less than half a millisecond."""

    async def main() -> None:
        setup = Setup(SessionSettings(autoclose=False, heartbeat=0.0002))
        message = await setup.receive()
        assert message.type is WSMsgType.ERROR
        assert setup.transport.writes == [b"\x89\x00"]

    run(main())


# What keeps a peer alive: each is received every 9 seconds.
SIGNS_OF_LIFE = {
    "a long message in pieces": lambda size: b"\x82\xff" + size.to_bytes(8, "big") + b"mask",
    "fragments": lambda size: frame(2, b"x", fin=False),
}


@pytest.mark.parametrize("autoping", [True, False])
@pytest.mark.parametrize("first", SIGNS_OF_LIFE.values(), ids=SIGNS_OF_LIFE)
def test_bytes_are_a_sign_of_life(clock: FakeClock, first: Any, autoping: bool) -> None:
    async def main() -> None:
        settings = SessionSettings(autoclose=False, heartbeat=10, autoping=autoping, max_msg_size=0)
        setup = Setup(settings)
        setup.ws.data_received(first(100 * MIB))
        more = b"x" if first(1)[1] == 0xFF else frame(0, b"x", fin=False)
        for _ in range(50):
            await clock.advance(9)
            setup.ws.data_received(more)
        assert setup.transport.writes == []
        await clock.advance(15)
        assert setup.transport.writes == [b"\x89\x00"]
        assert setup.transport.aborted

    clock.run(main())


def test_a_pong_to_a_heartbeat_is_seen_without_autoping(clock: FakeClock) -> None:
    async def main() -> None:
        setup = Setup(SessionSettings(autoclose=False, heartbeat=10, autoping=False))
        for _ in range(20):
            await clock.advance(10)
            setup.ws.data_received(frame(10))
            assert (await setup.receive()).type is WSMsgType.PONG
        assert not setup.transport.aborted

    clock.run(main())


def test_a_close_while_reading_is_paused_has_its_deadline(clock: FakeClock) -> None:
    async def main() -> None:
        setup = Setup(HEARTBEAT)
        setup.ws.data_received(frame(2, bytes(300_000)))
        await clock.advance(1)
        assert setup.ws._queue.full
        assert not setup.transport.reading
        assert setup.ws.close(1000)
        assert setup.transport.reading
        await clock.advance(9.5)
        assert not setup.transport.aborted
        await clock.advance(1)
        assert setup.transport.aborted

    clock.run(main())


@each_loop
def test_bytes_that_are_sent_to_a_peer_that_is_behind_do_not_hide_its_progress(run: Run) -> None:
    async def main() -> None:
        setup = Setup()
        setup.transport.unsent = 1000
        setup.ws.pause_writing()
        setup.flow.watch_peer()
        assert not setup.flow.has_progress
        setup.ws.write(bytes(500))
        setup.transport.unsent += 500
        assert not setup.flow.has_progress
        setup.transport.unsent -= 1
        assert setup.flow.has_progress

    run(main())


@pytest.mark.parametrize(
    ("error", "code"), [(ValueError(), 1011), (None, 1001)], ids=["raised", "cancelled"]
)
def test_a_handler_that_failed(run: Run, error: BaseException | None, code: int) -> None:
    async def main() -> None:
        setup = Setup()
        setup.ws.handler_failed(error)
        assert setup.transport.writes == [b"\x88\x02" + code.to_bytes(2, "big")]
        setup.ws.handler_failed(ValueError())
        assert not setup.transport.aborted
        setup.ws.handler_failed(None)
        assert setup.transport.aborted
        setup.ws.connection_lost(None)

    run(main())


@each_loop
def test_a_handler_that_failed_owes_the_peer_an_answer(run: Run) -> None:
    async def main() -> None:
        for wire, code in ((frame(8, b"\x0f\xa0"), 1011), (frame(3), 1002)):
            setup = Setup()
            setup.ws.data_received(wire)
            setup.ws.handler_failed(ValueError())
            assert setup.transport.writes[0][2:4] == code.to_bytes(2, "big")

    run(main())
