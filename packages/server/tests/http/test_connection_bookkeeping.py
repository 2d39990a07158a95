"""The connection over a transport without a socket: its waits, its deadlines and its last bytes."""

import asyncio
import logging

import pytest

from testkit import GET, Link, hello, run_link, turns
from treadle_responses import Response, StreamResponse
from treadle_server import BaseRequest, RawHandler

POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"


# A read of a busy pipeline rarely ends where a request ends.


@pytest.mark.parametrize(
    ("first", "again", "option"),
    [
        (GET[:-5], GET[-5:] + GET[:-5], "head_timeout"),
        (POST + b"01234", b"56789" + POST + b"01234", "lingering_time"),
    ],
)
def test_each_request_of_a_pipeline_has_deadlines_of_its_own(
    first: bytes, again: bytes, option: str
) -> None:
    async def play(link: Link) -> None:
        link.connection.data_received(first)
        await turns()
        for _ in range(10):
            link.tick(0.6)
            link.connection.data_received(again)
            await turns()
        assert not ended & set(link.transport.calls)
        assert link.transport.written.count(b"200 OK") >= 10
        # The last one takes too long.
        link.tick(1.1)
        assert ended & set(link.transport.calls)

    ended = {"close", "abort", "write_eof"}
    if option == "head_timeout":
        run_link(play, hello, head_timeout=1.0)
    else:
        run_link(play, hello, lingering_time=1.0)


def test_a_stop_does_not_wait_for_a_client_whose_response_is_out() -> None:
    """The task of the response still runs when the server stops; no request is behind it."""
    end = asyncio.Event()

    async def tail(request: BaseRequest) -> StreamResponse:
        response = StreamResponse(headers={"Content-Length": "2"})
        await response.prepare(request)
        await response.write_eof(b"ok")
        await end.wait()
        return response

    async def play(link: Link) -> None:
        link.connection.data_received(GET)
        await turns()
        link.state.drain()
        link.connection.shut_down()
        assert link.transport.calls == []
        end.set()
        await turns()
        assert link.transport.calls == ["close"]

    run_link(play, tail)


def test_a_stop_answers_the_request_behind_a_response_that_is_out() -> None:
    end = asyncio.Event()

    async def tail(request: BaseRequest) -> StreamResponse:
        response = StreamResponse(headers={"Content-Length": "2"})
        await response.prepare(request)
        await response.write_eof(b"ok")
        await end.wait()
        return response

    async def play(link: Link) -> None:
        link.connection.data_received(GET)
        await turns()
        link.connection.data_received(GET)
        link.state.drain()
        link.connection.shut_down()
        end.set()
        await turns()
        assert link.transport.written.count(b"200 OK") == 2
        assert link.transport.written.count(b"Connection: close") == 1
        assert link.transport.calls[-1] == "close"

    run_link(play, tail)


# The bytes of answers that are complete leave, whatever the next handler of the pipeline does.


async def aborts(request: BaseRequest) -> Response:
    assert request.transport is not None
    request.transport.abort()
    return Response()


async def closes(request: BaseRequest) -> Response:
    assert request.transport is not None
    request.transport.close()
    return Response()


async def breaks_off(request: BaseRequest) -> StreamResponse:
    response = StreamResponse()
    await response.prepare(request)
    raise ValueError("mine")


async def answers_twice(request: BaseRequest) -> StreamResponse:
    response = StreamResponse(headers={"Content-Length": "3"})
    await response.prepare(request)
    await response.write_eof(b"one")
    return Response(text="two")


@pytest.mark.parametrize("second", [aborts, closes, breaks_off, answers_twice])
def test_answers_in_front_of_a_broken_one_are_sent(
    second: RawHandler, caplog: pytest.LogCaptureFixture
) -> None:
    count = 0

    async def handler(request: BaseRequest) -> StreamResponse:
        nonlocal count
        count += 1
        return await (second(request) if count == 3 else hello(request))

    async def play(link: Link) -> None:
        link.connection.data_received(GET * 4)
        await turns()
        assert link.transport.written.count(b"\r\n\r\nhello") == 2
        assert link.transport.is_closing()
        assert count == 3
        if second is answers_twice:
            assert link.transport.written.endswith(b"\r\n\r\none")

    run_link(play, handler)


# Responses that send nothing, or no end.


class NoEnd(Response):
    async def write_eof(self, data: bytes = b"") -> None:
        """Forget the end."""


class NoHead(Response):
    async def prepare(self, request: object) -> None:
        """Forget the head."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Forget the rest."""


@pytest.mark.parametrize(("cls", "status"), [(NoEnd, b"500"), (NoHead, b"500")])
def test_a_response_class_that_sends_no_whole_response_is_a_bug(
    cls: type[Response], status: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def handler(request: BaseRequest) -> Response:
        return cls(text="lost")

    async def play(link: Link) -> None:
        link.connection.data_received(GET)
        await turns()
        assert link.transport.written[9:12] == status
        assert not link.connection.busy

    with caplog.at_level(logging.ERROR):
        run_link(play, handler)
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info is not None
    assert "has not sent" in str(caplog.records[0].exc_info[1])


@pytest.mark.parametrize("waits", [False, True])
def test_a_request_factory_may_fail(waits: bool, caplog: pytest.LogCaptureFixture) -> None:
    made = 0

    def factory(*args: object) -> BaseRequest:
        nonlocal made
        made += 1
        if made == 2:
            raise ValueError("mine")
        return BaseRequest.received(*args)  # type: ignore[arg-type]  # passed on as they came

    async def handler(request: BaseRequest) -> Response:
        if waits:
            await asyncio.sleep(0)
        return Response(text="hello")

    async def play(link: Link) -> None:
        link.connection.data_received(GET * 3)
        await turns()
        assert link.transport.written.count(b"\r\n\r\nhello") == 1
        assert link.transport.written.count(b"HTTP/1.1 500 ") == 1
        # The peer gets the time to read the answer, and no more than that.
        assert link.transport.calls[-1] == "write_eof"
        link.tick(6)
        assert link.transport.calls[-1] == "close"

    with caplog.at_level(logging.ERROR):
        run_link(play, handler, factory=factory)
    assert [record.getMessage() for record in caplog.records] == [
        "The request factory failed for GET /"
    ]


def test_the_end_of_input_with_cancellation_has_a_deadline() -> None:
    """Bytes wait for a peer that does not read; a request waits behind the one under way."""
    end = asyncio.Event()

    async def waits(request: BaseRequest) -> Response:
        await end.wait()
        return Response()

    async def play(link: Link) -> None:
        link.connection.data_received(GET * 2)
        link.transport.unsent = 1000
        assert link.connection.eof_received() is False
        assert link.transport.calls[-1] == "close"
        link.tick(31)
        assert link.transport.calls[-1] == "abort"

    run_link(play, waits, handler_cancellation=True)
