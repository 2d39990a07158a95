"""Flow control over a transport that notes its calls."""

import asyncio
import socket

import pytest

from testkit import FakeTransport, run_on
from treadle_server import ClientConnectionResetError
from treadle_server._transport.flow import FlowControl

run = run_on("asyncio")


def test_reading_is_paused_and_resumed_once() -> None:
    transport = FakeTransport()
    flow = FlowControl(transport)
    for _ in range(2):
        flow.pause_reading()
    assert flow.reading_paused
    for _ in range(2):
        flow.resume_reading()
    assert transport.calls == ["pause_reading", "resume_reading"]


@pytest.mark.parametrize("how", ["closing", "lost"])
def test_a_transport_that_ends_is_left_alone(how: str) -> None:
    transport = FakeTransport()
    flow = FlowControl(transport)
    flow.pause_reading()
    assert not flow.lost
    if how == "closing":
        transport.close()
    else:
        flow.connection_lost()
    assert flow.lost
    calls = list(transport.calls)
    flow.resume_reading()
    flow.pause_reading()
    flow.stop_sending()
    assert transport.calls == calls
    assert (flow.transport is None) == (how == "lost")


def test_writers_wait_until_the_peer_keeps_up() -> None:
    async def main() -> None:
        flow = FlowControl(FakeTransport())
        await flow.drain()
        flow.pause_writing()
        waiting = [asyncio.ensure_future(flow.drain()) for _ in range(3)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        flow.resume_writing()
        await asyncio.gather(*waiting)

    run(main())


def test_a_writer_that_is_woken_waits_again_if_writing_was_paused_meanwhile() -> None:
    async def main() -> None:
        flow = FlowControl(FakeTransport())
        flow.pause_writing()
        waiting = asyncio.ensure_future(flow.drain())
        await asyncio.sleep(0)
        flow.resume_writing()
        flow.pause_writing()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
        flow.resume_writing()
        await waiting

    run(main())


def test_a_lost_connection_wakes_the_writers_with_an_error() -> None:
    async def main() -> None:
        flow = FlowControl(FakeTransport())
        flow.pause_writing()
        waiting = asyncio.ensure_future(flow.drain())
        await asyncio.sleep(0)
        flow.connection_lost()
        with pytest.raises(ClientConnectionResetError):
            await waiting
        with pytest.raises(ClientConnectionResetError):
            await flow.drain()

    run(main())


def test_a_waiter_of_its_own() -> None:
    async def main() -> None:
        flow = FlowControl(FakeTransport())
        woken, forgotten = (asyncio.get_running_loop().create_future() for _ in range(2))
        flow.wake_with(woken)
        flow.wake_with(forgotten)
        flow.forget(forgotten)
        flow.forget(forgotten)
        flow.resume_writing()
        assert (woken.done(), forgotten.done()) == (True, False)

    run(main())


@pytest.mark.skipif(not hasattr(socket, "TCP_NOTSENT_LOWAT"), reason="a system without it")
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_a_large_response_bounds_what_the_kernel_takes(family: socket.AddressFamily) -> None:
    with socket.socket(family) as sock:
        flow = FlowControl(FakeTransport(socket=sock))
        flow.expect_much()
        flow.expect_much()
        if family is socket.AF_INET:
            option = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)
            assert option == 64 * 1024
        assert not flow.lost


def test_our_side_is_closed_where_that_can_be() -> None:
    transport = FakeTransport()
    FlowControl(transport).stop_sending()
    assert transport.calls == ["write_eof"]


def test_the_progress_of_a_peer_that_is_behind() -> None:
    transport = FakeTransport()
    flow = FlowControl(transport)
    transport.unsent = 100
    flow.watch_peer()
    assert not flow.has_progress
    flow.note_write(50)
    transport.unsent = 150
    assert not flow.has_progress
    transport.unsent = 149
    assert flow.has_progress
    flow.watch_peer()
    assert not flow.has_progress
