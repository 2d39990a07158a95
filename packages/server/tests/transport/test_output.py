"""Bytes that are held back: in which writes they leave."""

import pytest

from testkit import FakeTransport
from treadle_server._transport.flow import FlowControl
from treadle_server._transport.output import OutputBuffer


def output_of(transport: FakeTransport) -> OutputBuffer:
    return OutputBuffer(FlowControl(transport), transport)


def test_bytes_leave_at_once_unless_they_are_held() -> None:
    transport = FakeTransport()
    output = output_of(transport)
    output.write(b"a")
    output.write(b"")
    output.hold()
    output.write(b"b")
    output.write(b"")
    output.write(b"c")
    assert (transport.writes, output.is_empty) == ([b"a"], False)
    output.release()
    output.write(b"d")
    assert (transport.writes, output.is_empty, output.holding) == ([b"a", b"bc", b"d"], True, False)


def test_one_piece_is_not_copied() -> None:
    transport, piece = FakeTransport(), bytes(100)
    output = output_of(transport)
    output.hold()
    output.write(piece)
    output.flush()
    assert transport.writes[0] is piece
    assert output.holding


def test_holding_has_a_bound() -> None:
    transport = FakeTransport()
    output = output_of(transport)
    output.hold()
    for _ in range(64):
        output.write(bytes(1024))
    assert transport.writes == []
    output.write(b"x")
    assert [len(data) for data in transport.writes] == [64 * 1024 + 1]
    output.write(b"y")
    output.release()
    assert transport.writes[1:] == [b"y"]


@pytest.mark.parametrize("held", [False, True])
def test_bytes_for_a_closing_connection_are_dropped(held: bool) -> None:
    transport = FakeTransport()
    output = output_of(transport)
    if held:
        output.hold()
        output.write(b"a")
    transport.close()
    output.write(b"b")
    output.release()
    assert (transport.writes, output.is_empty) == ([], True)


def test_dropping() -> None:
    transport = FakeTransport()
    output = output_of(transport)
    output.hold()
    output.write(b"a")
    output.drop()
    output.release()
    assert transport.writes == []
