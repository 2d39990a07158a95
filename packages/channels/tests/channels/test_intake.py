"""From the engine to the subscribers: in steps, in order, with a gap for what is no message."""

import asyncio
import itertools
import logging

import pytest

from testkit import Run, until
from treadle_channels import Gap, Message
from treadle_channels._channels.intake import Intake


class Listener:
    def __init__(self) -> None:
        self.got: list[Message | Gap] = []

    def deliver(self, message: Message) -> None:
        self.got.append(message)

    def lose(self, gap: Gap) -> None:
        self.got.append(gap)

    def end(self) -> None:
        raise AssertionError("an intake does not end")


class Failing(Listener):
    def deliver(self, message: Message) -> None:
        raise ValueError("oops")


def test_what_is_no_message_is_a_gap(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        intake, listener = Intake(asyncio.get_running_loop()), Listener()
        intake.hub.add(listener, ["t"])
        with caplog.at_level(logging.ERROR, "treadle.channels"):
            for envelope in (b"tone", b"?", b"t\xff", b"", b"b\xff"):
                intake.deliver("t", envelope, "7")
            intake.deliver("u", b"?", None)
        gap = Gap(frozenset("t"), "undecodable", 1)
        assert listener.got == [Message("t", "one", "7"), gap, gap, gap, Message("t", b"\xff", "7")]
        assert len(caplog.records) == 1

    run(main())


def test_many_subscribers_leave_the_others_their_turn(run: Run) -> None:
    async def main() -> None:
        # Each look at the clock is a second later.
        clock = itertools.count().__next__
        intake = Intake(asyncio.get_running_loop(), clock)
        listeners = [Listener() for _ in range(1000)]
        for listener in listeners:
            intake.hub.add(listener, ["t"])
        intake.deliver("t", b"tone", None)
        intake.deliver("t", b"ttwo", None)
        intake.lost(None, "link")
        turns: list[int] = []

        def finished() -> bool:
            turns.append(intake.hub.waiting)
            return not intake.hub.waiting

        await until(finished)
        assert len(turns) >= 10
        expected = [Message("t", "one"), Message("t", "two"), Gap(frozenset("t"), "link")]
        assert all(listener.got == expected for listener in listeners)

    run(main())


def test_publishers_wait_for_room(run: Run) -> None:
    async def main() -> None:
        # Each look at the clock is a second later.
        clock = itertools.count().__next__
        intake = Intake(asyncio.get_running_loop(), clock)
        listeners = [Listener() for _ in range(2_000)]
        for listener in listeners:
            intake.hub.add(listener, ["t"])
        number = 0
        while not intake.is_full:
            intake.deliver("t", b"t%d" % number, None)
            number += 1
        await intake.wait_room()
        assert not intake.is_full
        while not intake.is_full:
            intake.deliver("t", b"t%d" % number, None)
            number += 1
        waiting = asyncio.ensure_future(intake.wait_room())
        await asyncio.sleep(0)
        assert not waiting.done()
        intake.finish()
        await waiting
        assert all(len(listener.got) == number for listener in listeners)
        assert intake._handle is None

    run(main())


def test_subscribers_that_fail_are_logged_and_do_not_stop_others(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        intake, listener = Intake(asyncio.get_running_loop()), Listener()
        for each in (Failing(), listener, Failing()):
            intake.hub.add(each, ["t"])
        intake.deliver("t", b"tone", None)
        assert listener.got == [Message("t", "one")]
        assert len(caplog.records) == 1
        assert "ValueError: oops" in caplog.text

    run(main())
