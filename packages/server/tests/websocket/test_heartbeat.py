"""The silence of a WebSocket's peer that counts, without a loop."""

import pytest

from testkit import FakeTransport
from treadle_server._transport.flow import FlowControl
from treadle_server._websocket.heartbeat import Heartbeat
from treadle_server._websocket.queue import AnyMessage
from treadle_websocket import SessionSettings, WebSocketSession


class Setup:
    """A session that has pinged at 10 and gives up at 15."""

    def __init__(self) -> None:
        # Of either kind of text, as the server has it.
        self.session: WebSocketSession[AnyMessage] = WebSocketSession(
            SessionSettings(heartbeat=10), decode_text=bool(1)
        )
        self.transport = FakeTransport()
        self.flow = FlowControl(self.transport)
        self.heartbeat = Heartbeat(self.session, self.flow, self.transport)
        self.transport.unsent = 100
        self.heartbeat.before_tick(10, 10)
        assert self.session.tick(10) == []


# The time of the second tick, the bytes that wait for the peer then, and True if it lives on.
TICKS = [
    pytest.param(15, 100, False, id="on time, nothing was read"),
    pytest.param(15, 200, False, id="on time, more was written"),
    pytest.param(15, 99, True, id="the peer has read"),
    pytest.param(15.4, 100, False, id="a little late"),
    pytest.param(16, 100, True, id="late"),
]


@pytest.mark.parametrize(("now", "unsent", "lives"), TICKS)
def test_a_tick(now: float, unsent: int, lives: bool) -> None:
    setup = Setup()
    setup.transport.unsent = unsent
    setup.heartbeat.before_tick(now, 15)
    assert (setup.session.tick(now) == []) is lives
    if lives:
        # Once: the next tick judges.
        setup.heartbeat.before_tick(now + 5, now + 5)
        assert setup.session.tick(now + 5) != []


def test_each_way_suspends_by_itself() -> None:
    setup = Setup()
    changes = []
    for change in (
        setup.flow.pause_reading,
        setup.flow.pause_writing,
        setup.flow.resume_reading,
        setup.flow.resume_writing,
    ):
        change()
        changes.append(setup.heartbeat.flow_changed(20))
        setup.heartbeat.before_tick(20, 20)
        assert setup.session.tick(20) == [] or change == setup.flow.resume_writing
    assert changes == [False, False, False, True]
    assert setup.session.deadline == 25
